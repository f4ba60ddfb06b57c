import { intern } from '../util/intern.js';
import { CHAR_CLASS, IDENTIFIER_PART, IDENTIFIER_START } from './chars.js';

/** Entries, a power of two. A peer that sends ever new keys only replaces entries. */
const SLOTS = 1024;
/** Longest key that is cached, in bytes. */
const MAX_KEY_BYTES = 32;
/** So many keys of one text are remembered: a dictionary of thousands would only push others out. */
const ADDITIONS = 256;
/** A known key gives way to one of so many unknown ones: where there are more keys than places, most stay. */
const MISSES_A_CHANGE = 8;
const GOLDEN_RATIO = 0x9e3779b1;

const APOSTROPHE = 39;
const QUOTE = 34;

/**
 * Keys that were seen, as the engine's one internal copy: making the string and finding that copy is most
 * of the cost of a key. After each key the one that followed it last time is expected: the same
 * objects come again and again, and comparing is faster than hashing. Bounded, one for all readers.
 */
export class KeyCache {
  private readonly keys = new Array<string>(SLOTS).fill('');
  private readonly lengths = new Uint8Array(SLOTS);
  private readonly contents = new Uint8Array(SLOTS * MAX_KEY_BYTES);
  /** Whether the key may stand without quotes. */
  private readonly bare = new Uint8Array(SLOTS);
  /** What followed each key. */
  private readonly next = new Uint16Array(SLOTS);
  private last = 0;
  private expected = 0;
  private toggle = false;
  private misses = 0;
  private additionsLeft = 0;

  /** Begins with a text. */
  start(): void {
    this.additionsLeft = ADDITIONS;
  }

  /**
   * The length of the key that is expected, if these bytes are it; 0 otherwise. {@link expectedKey} is
   * the key then.
   * @param quote - the quote that begins and ends the key, 0 for a bare one
   */
  matchExpected(data: Uint8Array, start: number, quote: number): number {
    const slot = this.expected;
    const length = this.lengths[slot];
    const { contents } = this;
    const offset = slot * MAX_KEY_BYTES - start;
    const end = start + length;
    for (let i = start; i < end; i++) {
      if (contents[offset + i] !== data[i]) return 0;
    }
    const after = data[end];
    if (quote === 0 ? this.bare[slot] === 0 || (CHAR_CLASS[after] & IDENTIFIER_PART) !== 0 : after !== quote)
      return 0;
    return length;
  }

  /** The key that {@link matchExpected} has found. */
  expectedKey(): string {
    const slot = this.expected;
    this.last = slot;
    this.expected = this.next[slot];
    return this.keys[slot];
  }

  /**
   * The key of these ASCII bytes, if it is known.
   * @param hash - see {@link hashByte}
   */
  find(data: Uint8Array, start: number, end: number, hash: number): string | undefined {
    const first = Math.imul(hash, GOLDEN_RATIO) >>> 22;
    const slot = this.isAt(first, data, start, end) ? first : first ^ 1;
    if (slot !== first && !this.isAt(slot, data, start, end)) return undefined;
    this.follow(slot);
    return this.keys[slot];
  }

  /** Remembers a key of ASCII, if there is place; gives it back, as the engine's internal copy then. */
  add(data: Uint8Array, start: number, end: number, hash: number, key: string): string {
    const length = end - start;
    if (length === 0 || length > MAX_KEY_BYTES || this.additionsLeft === 0) return key;
    const first = Math.imul(hash, GOLDEN_RATIO) >>> 22;
    const isFree = this.lengths[first] === 0;
    if (!isFree && ++this.misses % MISSES_A_CHANGE !== 0) return key;
    this.additionsLeft--;
    let bare = (CHAR_CLASS[data[start]] & IDENTIFIER_START) !== 0;
    for (let i = start; i < end; i++) {
      const c = data[i];
      // With a quote within it, the end of the expected key would not be certain.
      if (c === APOSTROPHE || c === QUOTE) return key;
      bare &&= (CHAR_CLASS[c] & IDENTIFIER_PART) !== 0;
    }
    const internal = intern(key);
    // Each key has two places, so that two keys of one hash do not push each other out all the time.
    const slot = isFree || (this.toggle = !this.toggle) ? first : first ^ 1;
    this.keys[slot] = internal;
    this.lengths[slot] = length;
    this.bare[slot] = bare ? 1 : 0;
    this.contents.set(data.subarray(start, end), slot * MAX_KEY_BYTES);
    this.follow(slot);
    return internal;
  }

  private isAt(slot: number, data: Uint8Array, start: number, end: number): boolean {
    if (this.lengths[slot] !== end - start) return false;
    const { contents } = this;
    const offset = slot * MAX_KEY_BYTES - start;
    for (let i = start; i < end; i++) {
      if (contents[offset + i] !== data[i]) return false;
    }
    return true;
  }

  private follow(slot: number): void {
    this.next[this.last] = slot;
    this.last = slot;
    this.expected = this.next[slot];
  }
}

/** The hash of a key's bytes, one by one, beginning with 0. */
export function hashByte(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}
