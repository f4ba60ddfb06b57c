/** Entries, a power of two. A peer that sends ever new keys only replaces entries. */
const SLOTS = 1024;
/** Longest key that is cached, in bytes. */
const MAX_KEY_BYTES = 32;

const keys: string[] = new Array<string>(SLOTS).fill('');
const lengths = new Uint8Array(SLOTS);
const contents = new Uint8Array(SLOTS * MAX_KEY_BYTES);

/**
 * The key of these ASCII bytes, if it has been seen: it saves making a string and finding its one
 * internal copy, which is most of the cost of a key.
 * @param hash - any hash of the bytes, such as {@link scanKeyHash} makes while scanning
 */
export function cachedKey(data: Uint8Array, start: number, end: number, hash: number): string | undefined {
  const slot = slotOf(hash);
  const length = end - start;
  if (lengths[slot] !== length) return undefined;
  const offset = slot * MAX_KEY_BYTES - start;
  for (let i = start; i < end; i++) {
    if (contents[offset + i] !== data[i]) return undefined;
  }
  return keys[slot];
}

/** Remembers a key; gives it back as the engine's one internal copy. */
export function rememberKey(data: Uint8Array, start: number, end: number, hash: number, key: string): string {
  const length = end - start;
  // __proto__ is never taken from here, so that the caller's check sees every one.
  if (length === 0 || length > MAX_KEY_BYTES) return key;
  const slot = slotOf(hash);
  const internal = Object.keys({ [key]: 0 })[0] ?? key;
  keys[slot] = internal;
  lengths[slot] = length;
  contents.set(data.subarray(start, end), slot * MAX_KEY_BYTES);
  return internal;
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
