/**
 * Large values go through `JSON.stringify`, which is faster there, wherever it says the same as MDSF:
 * no undefined in an array, no `toMDSF`, no buffer, no bigint, nothing but plain objects and dates.
 * Long strings are faster by hand.
 */

/** An array of so many elements, or an object of so many keys, is worth a look. */
const LARGE = 16;
/** How deep a large array or object is looked for: arguments -> object -> its list. */
const PROBE_LEVELS = 3;
/** A string of this length is written faster by hand. */
const LONG_STRING = 1024;

const objectPrototype: unknown = Object.prototype;
const datePrototype: unknown = Date.prototype;

/** Whether there is a large array or object near the top. Cheap: it looks at few members. */
export function isLarge(value: unknown, levels = PROBE_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) {
    if (value.length >= LARGE) return true;
    if (levels === 1) return false;
    for (const element of value) {
      if (isLarge(element, levels - 1)) return true;
    }
    return false;
  }
  let count = 0;
  for (const key in value) {
    if (++count >= LARGE) return true;
    if (levels > 1 && isLarge((value as Record<string, unknown>)[key], levels - 1)) return true;
  }
  return false;
}

/**
 * Whether `JSON.stringify` says the same of this value as MDSF would, and is safe to call: neither a
 * cycle nor too deep.
 */
export function isJsonEligible(value: unknown, maxDepth: number, ancestors: object[]): boolean {
  switch (typeof value) {
    case 'string':
      return value.length < LONG_STRING;
    case 'undefined':
    case 'bigint':
      return false;
    case 'object':
      break;
    default:
      return true;
  }
  if (value === null) return true;
  if (ancestors.length >= maxDepth || ancestors.includes(value)) return false;
  ancestors.push(value);
  const eligible = Array.isArray(value)
    ? isArrayEligible(value, maxDepth, ancestors)
    : isObjectEligible(value as Record<string, unknown>, maxDepth, ancestors);
  ancestors.pop();
  return eligible;
}

function isArrayEligible(array: readonly unknown[], maxDepth: number, ancestors: object[]): boolean {
  if ('toJSON' in array || 'toMDSF' in array) return false;
  for (let i = 0; i < array.length; i++) {
    const element = array[i];
    if (typeof element !== 'number' && !isJsonEligible(element, maxDepth, ancestors)) return false;
  }
  return true;
}

function isObjectEligible(object: Record<string, unknown>, maxDepth: number, ancestors: object[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== objectPrototype && prototype !== null) {
    return prototype === datePrototype && !('toMDSF' in object);
  }
  if (typeof object['toJSON'] === 'function' || typeof object['toMDSF'] === 'function') return false;
  // What an application adds to Object.prototype is looked at too: at worst the value is written by hand.
  for (const key in object) {
    const member = object[key];
    if (typeof member === 'number' || member === undefined) continue;
    if (!isJsonEligible(member, maxDepth, ancestors)) return false;
  }
  return true;
}
