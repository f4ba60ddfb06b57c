/** The key of the method that Node's `console.log` and `util.inspect` call. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/** Node's `util.inspect`, which that method gets as an argument. */
export type Inspect = (value: unknown, options?: object) => string;

/** An object whose `toJSON` returns what logs may show of it: no session id, no password, no options. */
export interface Inspectable {
  toJSON(): object;
}

/** The text that Node prints of such an object: its name and what `toJSON` returns. */
export function inspectAsJson(name: string, object: Inspectable, options: object, inspect: Inspect): string {
  return `${name} ${inspect(object.toJSON(), options)}`;
}
