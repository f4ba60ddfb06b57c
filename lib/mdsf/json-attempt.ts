import { BYTES_QUOTE_CODE } from './base64.js';

// Why JSON.parse: it is faster for decimals of more than 15 digits and for strings beyond ASCII. For everything else the
// reader of this room is as fast.

/** How many bytes of a value are looked at before `JSON.parse` is tried. */
const LOOK_AHEAD_BYTES = 64;

/** What a value looks like: no JSON, JSON, or JSON without strings. */
export type JsonLook = 'none' | 'json' | 'numbers';

/**
 * Guesses by the first bytes whether a value is JSON, where quotes are double and keys are quoted. A wrong guess costs
 * time only.
 */
export function lookAtJson(data: Uint8Array, start: number, length: number): JsonLook {
  const first = data[start];
  if (first !== 91 && first !== 123) return 'none';
  const end = Math.min(start + LOOK_AHEAD_BYTES, length);
  for (let i = start; i < end; i++) {
    const c = data[i];
    if (c === 34) return 'json';
    // An apostrophe, a comment, `undefined`, bytes; then an object that does not begin with a quoted key.
    if (c === 39 || c === 47 || c === 117 || c === BYTES_QUOTE_CODE) return 'none';
    if (c === 123 && data[i + 1] !== 34 && data[i + 1] > 32) return 'none';
  }
  return 'numbers';
}

/**
 * Whether a text may have more than `most` values. It has fewer than it has commas and opening brackets, of which those
 * within strings are counted, too. So a yes is a guess, and a no is none.
 */
export function mayExceedValues(data: Uint8Array, start: number, end: number, most: number): boolean {
  let left = most - 1;
  for (let i = start; i < end && left >= 0; i++) {
    const c = data[i];
    if (c === 44 || c === 91 || c === 123) left--;
  }
  return left < 0;
}

/**
 * Counts the values within a value that `JSON.parse` made: all elements and members, on all levels.
 * @returns Infinity where it is nested deeper than `levels`
 */
export function countValues(value: unknown, levels: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (levels === 0) return Infinity;
  if (Array.isArray(value)) {
    let count = value.length;
    for (let i = 0; i < value.length; i++) {
      const element: unknown = value[i];
      if (typeof element === 'object') count += countValues(element, levels - 1);
    }
    return count;
  }
  let count = 0;
  const members = value as Record<string, unknown>;
  for (const key in members) {
    const member = members[key];
    count += typeof member === 'object' ? 1 + countValues(member, levels - 1) : 1;
  }
  return count;
}
