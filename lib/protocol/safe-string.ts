/**
 * A text for any value, without ever throwing: `toString` may be missing (no prototype), be no
 * function (data from the wire) or throw.
 */
export function toSafeString(value: unknown): string {
  if (typeof value === 'string') return value;
  // The source of a function is nobody's business at the other side of the wire.
  if (typeof value === 'function') return '[object Function]';
  try {
    return String(value);
  } catch {
    return value instanceof Error ? 'Error' : '[object Object]';
  }
}
