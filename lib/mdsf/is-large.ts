import { escapeLineSeparators } from './quote.js';

/** From this many elements or keys on, an array or object counts as large. */
export const LARGE = 16;
/** From this many objects on, an array of them counts as large. */
const MANY_OBJECTS = 6;
/** How many levels are searched for a large array or object: arguments -> object -> its list. */
const PROBE_LEVELS = 3;
const objectPrototype: unknown = Object.prototype;

/** Whether a value is or contains a large array or object near its top. Cheap: few members are read. */
export function isLarge(value: unknown, levels = PROBE_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) {
    const { length } = value;
    if (length >= LARGE || (length >= MANY_OBJECTS && typeof value[0] === 'object')) return true;
    if (levels === 1) return false;
    for (let i = 0; i < length; i++) {
      const element: unknown = value[i];
      if (typeof element === 'object' && isLarge(element, levels - 1)) return true;
    }
    return false;
  }
  return isLargeObject(value as Record<string, unknown>, levels);
}

function isLargeObject(object: Record<string, unknown>, levels: number): boolean {
  // Why not its keys: `for in` over a buffer or typed array makes a text of each index first.
  if (ArrayBuffer.isView(object)) return false;
  if (!isPlain(object)) return isLargeInstance(object, levels);
  let count = 0;
  for (const key in object) {
    if (++count >= LARGE) return true;
    const member = levels === 1 ? null : object[key];
    if (typeof member === 'object' && isLarge(member, levels - 1)) return true;
  }
  return false;
}

/** Does the same for an object that may inherit members: those are not written, and there may be thousands. */
function isLargeInstance(object: Record<string, unknown>, levels: number): boolean {
  // Its members are not written, and a getter among them may ask a database.
  if (typeof object['toMDSF'] === 'function' || typeof object['toJSON'] === 'function') return false;
  const keys = Object.keys(object);
  if (keys.length >= LARGE || levels === 1) return keys.length >= LARGE;
  return keys.some((key) => isLarge(object[key], levels - 1));
}

function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === objectPrototype || prototype === null;
}

/** From this length on a string counts as long. */
export const LONG_STRING = 1024;

/**
 * The text of a large array of nothing but numbers, or of strings that are not long; undefined for any other.
 * Why: `JSON.stringify` is faster for these, and its text means the same.
 */
export function uniformText(array: readonly unknown[]): string | undefined {
  if (!isUniform(array)) return undefined;
  try {
    return escapeLineSeparators(JSON.stringify(array));
  } catch {
    // A getter gives something else each time it is read, a bigint now: who reads once more says what cannot be written.
    return undefined;
  }
}

function isUniform(array: readonly unknown[]): boolean {
  const { length } = array;
  if (length < LARGE) return false;
  const type = typeof array[0];
  if (type !== 'number' && type !== 'string') return false;
  for (let i = 0; i < length; i++) {
    const element = array[i];
    if (typeof element !== type || (typeof element === 'string' && element.length >= LONG_STRING))
      return false;
  }
  return true;
}
