/** The key of the method that Node's `console.log` and `util.inspect` ask. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/** Node's `util.inspect`, which hands itself to that method. */
export type Inspect = (value: unknown, options?: object) => string;

/** An object that says itself what logs may show of it: no id of a session, no password, no options. */
export interface Inspectable {
  toJSON(): object;
}

/** What Node prints of such an object. */
export function inspectAsJson(name: string, object: Inspectable, options: object, inspect: Inspect): string {
  return `${name} ${inspect(object.toJSON(), options)}`;
}
