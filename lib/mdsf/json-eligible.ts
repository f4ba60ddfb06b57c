import { isBytes } from './base64.js';

/**
 * Decides which values are written by `JSON.stringify`: large ones, as it is faster for them, where its text means the
 * same in MDSF. That needs a value without undefined in an array, without `toMDSF` or `toJSON` (but for dates), without
 * a bigint and without bytes. Long strings are written faster by this package.
 */

/** From this many elements or keys on, an array or object counts as large. */
export const LARGE = 16;
/** From this many objects on, an array of them counts as large. */
const MANY_OBJECTS = 6;
/** How many levels are searched for a large array or object: arguments -> object -> its list. */
const PROBE_LEVELS = 3;
/** From this length on a string is written faster by this package. */
const LONG_STRING = 1024;

/** A value nested deeper is written by this package, which finds cycles at once. */
const MAX_LEVELS = 32;

/** An object that determines what is written in its place. */
interface Convertible {
  readonly toMDSF?: unknown;
  readonly toJSON?: unknown;
}

const datePrototype: unknown = Date.prototype;
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
  const keys = Object.keys(object);
  if (keys.length >= LARGE || levels === 1) return keys.length >= LARGE;
  return keys.some((key) => isLarge(object[key], levels - 1));
}

function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === objectPrototype || prototype === null;
}

/**
 * Whether `JSON.stringify` writes a value as MDSF would, and can be called: the value has no cycle and is not too deep.
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
  const members = object as Record<string, unknown>;
  if (!isPlain(object)) {
    // Bytes are not JSON's everywhere.
    if (object instanceof BigInt || isBytes(object)) return false;
    return Object.keys(members).every((key) => isMemberEligible(members[key], levels));
  }
  // Reads members that somebody added to Object.prototype, too. At worst the value is written by this package.
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
