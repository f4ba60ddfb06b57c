/**
 * Large values go through `JSON.stringify`, which is faster there, wherever it says the same as MDSF:
 * no undefined in an array, no `toMDSF`, no `toJSON` but a date's (a buffer has one), no bigint.
 * Long strings are faster by hand.
 */

/** An array of so many elements, or an object of so many keys, is worth a look. */
export const LARGE = 16;
/** And so is an array of so many objects. */
const MANY_OBJECTS = 6;
/** How deep a large array or object is looked for: arguments -> object -> its list. */
const PROBE_LEVELS = 3;
/** A string of this length is written faster by hand. */
const LONG_STRING = 1024;

/** What is nested deeper is written by hand, where cycles are found at once. */
const MAX_LEVELS = 32;

/** Objects that say themselves what to write. */
interface Convertible {
  readonly toMDSF?: unknown;
  readonly toJSON?: unknown;
}

const datePrototype: unknown = Date.prototype;
const objectPrototype: unknown = Object.prototype;

/** Whether there is a large array or object near the top. Cheap: it looks at few members. */
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
  // To begin with the keys of a buffer or typed array takes the engine as long as to make a text of each index.
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

/** The same for an object that may inherit members, which are not written: there may be thousands. */
function isLargeInstance(object: Record<string, unknown>, levels: number): boolean {
  const keys = Object.keys(object);
  if (keys.length >= LARGE || levels === 1) return keys.length >= LARGE;
  return keys.some((key) => isLarge(object[key], levels - 1));
}

function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === objectPrototype || prototype === null;
}

/**
 * Whether `JSON.stringify` says the same of this value as MDSF would, and is safe to call: neither a
 * cycle nor too deep.
 */
export function isJsonEligible(value: unknown, maxDepth: number): boolean {
  return isEligible(value, Math.min(maxDepth, MAX_LEVELS));
}

function isEligible(value: unknown, levels: number): boolean {
  switch (typeof value) {
    case 'number':
    case 'boolean':
      return true;
    case 'string':
      return value.length < LONG_STRING;
    case 'object':
      if (value === null) return true;
      if (levels === 0) return false;
      return Array.isArray(value) ? isArrayEligible(value, levels - 1) : isObjectEligible(value, levels - 1);
    case 'function':
    case 'symbol':
      return true;
    default:
      return false;
  }
}

function isArrayEligible(array: readonly unknown[], levels: number): boolean {
  if (isConvertible(array)) return false;
  for (let i = 0; i < array.length; i++) {
    const element = array[i];
    if (typeof element !== 'number' && !isEligible(element, levels)) return false;
  }
  return true;
}

function isObjectEligible(object: object, levels: number): boolean {
  if (isConvertible(object)) return Object.getPrototypeOf(object) === datePrototype && isPlainDate(object);
  if (object instanceof BigInt) return false;
  const members = object as Record<string, unknown>;
  // Numbers, all of them, or bigints.
  if (ArrayBuffer.isView(object)) return typeof members[0] !== 'bigint';
  if (!isPlain(object)) return Object.keys(members).every((key) => isMemberEligible(members[key], levels));
  // What somebody has added to Object.prototype is looked at too: at worst the value is written by hand.
  for (const key in members) {
    if (!isMemberEligible(members[key], levels)) return false;
  }
  return true;
}

function isMemberEligible(member: unknown, levels: number): boolean {
  return typeof member === 'number' || member === undefined || isEligible(member, levels);
}

function isPlainDate(date: Convertible): boolean {
  return date.toMDSF === undefined && date.toJSON === Date.prototype.toJSON;
}

function isConvertible(object: object): boolean {
  const { toJSON, toMDSF } = object as Convertible;
  return toJSON !== undefined || toMDSF !== undefined;
}
