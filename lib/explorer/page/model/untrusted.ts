/** Reading of what a server has sent: nothing about its shape is taken for granted. */

/** An object whose members are not known. */
export type Unknowns = Readonly<Record<string, unknown>>;

const NOTHING: Unknowns = Object.freeze({});

/** Whether a value is an object, and neither an array nor bytes. */
export function isRecord(value: unknown): value is Unknowns {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** The value as an object; an empty one if it is none. */
export function recordOf(value: unknown): Unknowns {
  return isRecord(value) ? value : NOTHING;
}

/** The value as an array; an empty one if it is none. */
export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** A member of an object by its name, which is never looked up in a prototype. */
export function own(object: Unknowns, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The value as a text of a bounded length; undefined if it is none, or empty. */
export function textOf(value: unknown, maxLength = 4000): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.length > maxLength ? `${value.slice(0, maxLength)}…` : value;
}

/** The value as a finite number; undefined if it is none. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
