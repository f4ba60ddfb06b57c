/**
 * Makes a text of any value. Never throws, unlike `String`: a `toString` may be missing (no prototype), be no function
 * (data from the wire) or throw.
 */
export function toSafeString(value: unknown): string {
  if (typeof value === 'string') return value;
  // Why: a peer must not see the source of a function.
  if (typeof value === 'function') return '[object Function]';
  try {
    return String(value);
  } catch {
    return value instanceof Error ? 'Error' : '[object Object]';
  }
}
