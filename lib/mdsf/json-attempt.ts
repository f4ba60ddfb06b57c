/** How much of a value is looked at before `JSON.parse` is tried. */
const LOOK_AHEAD_BYTES = 64;

/**
 * Whether the beginning of a value looks like JSON text: quotes are double, keys are quoted. Wrong
 * guesses cost time only.
 */
export function looksLikeJson(data: Uint8Array, start: number): boolean {
  const first = data[start];
  if (first !== 91 && first !== 123) return false;
  const end = Math.min(start + LOOK_AHEAD_BYTES, data.length);
  for (let i = start; i < end; i++) {
    const c = data[i];
    if (c === 34) return true;
    if (c === 123) {
      // An object whose first key is bare, or the apostrophe of MDSF.
      const next = data[i + 1];
      if (next !== 34 && next !== 125 && next > 32) return false;
    } else if (c === 39 || c === 47 || c === 117) {
      return false;
    }
  }
  return true;
}

/** Whether a value that `JSON.parse` made is nested deeper than so many levels. */
export function exceedsDepth(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const element: unknown = value[i];
      if (typeof element === 'object' && exceedsDepth(element, levels - 1)) return true;
    }
    return false;
  }
  const members = value as Record<string, unknown>;
  for (const key in members) {
    const member = members[key];
    if (typeof member === 'object' && exceedsDepth(member, levels - 1)) return true;
  }
  return false;
}
