import { intern } from '../util/intern.js';
import { MISSES_PER_CHANGE } from '../util/text-cache.js';
import { CHAR_CLASS, IDENTIFIER_PART, IDENTIFIER_START } from './chars.js';

/** How many keys are kept. A power of two. A peer that sends ever new keys only replaces older ones. */
const SLOTS = 1024;
/** The longest key that is kept, in bytes. */
const MAX_KEY_BYTES = 32;
/** How many new keys of one text are kept. Why not all: a dictionary of thousands would push all others out. */
const ADDITIONS_PER_TEXT = 256;
const GOLDEN_RATIO = 0x9e3779b1;
/** Leaves the highest bits of a 32-bit hash, as many as a slot's number has. */
const SLOT_SHIFT = Math.clz32(SLOTS) + 1;

const APOSTROPHE = 39;
const QUOTE = 34;

/**
 * Finds the string of a key by its bytes. Bounded, one for all readers.
 *
 * Why: making a string, and the engine's copy of it that objects need, is most of the cost of reading a key.
 *
 * The same objects come again and again, so that after each key the one that followed it last time is expected:
 * comparing bytes is faster than hashing them. Else the key is looked up by its hash, in one of two slots.
 */
export class KeyCache {
  private readonly keys = new Array<string>(SLOTS).fill('');
  private readonly lengths = new Uint8Array(SLOTS);
  private readonly contents = new Uint8Array(SLOTS * MAX_KEY_BYTES);
  /** 1 where the key may stand without quotes. */
  private readonly bare = new Uint8Array(SLOTS);
  /** The slot of the key that followed each key last time. */
  private readonly next = new Uint16Array(SLOTS);
  private last = 0;
  private expected = 0;
  private toggle = false;
  private misses = 0;
  private additionsLeft = 0;

  /** Starts with a new text. */
  start(): void {
    this.additionsLeft = ADDITIONS_PER_TEXT;
  }

  /**
   * Compares the bytes at `start` with the expected key. Returns its length if they are the same, and 0 otherwise.
   * Call {@link expectedKey} only then.
   * @param quote - the quote before and behind the key, 0 for a bare key
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

  /** Returns the key that {@link matchExpected} found, and expects the next one. */
  expectedKey(): string {
    const slot = this.expected;
    this.last = slot;
    this.expected = this.next[slot];
    return this.keys[slot];
  }

  /**
   * Returns the key of these ASCII bytes; undefined where it is not kept.
   * @param hash - their hash, see {@link hashByte}
   */
  find(data: Uint8Array, start: number, end: number, hash: number): string | undefined {
    const first = slotOf(hash);
    const slot = this.isAt(first, data, start, end) ? first : first ^ 1;
    if (slot !== first && !this.isAt(slot, data, start, end)) return undefined;
    this.follow(slot);
    return this.keys[slot];
  }

  /** Keeps a key of ASCII bytes, if there is place. Returns the key: the engine's own copy, if it is kept. */
  add(data: Uint8Array, start: number, end: number, hash: number, key: string): string {
    const length = end - start;
    if (length === 0 || length > MAX_KEY_BYTES || this.additionsLeft === 0) return key;
    const first = slotOf(hash);
    const isFree = this.lengths[first] === 0;
    if (!isFree && ++this.misses % MISSES_PER_CHANGE !== 0) return key;
    this.additionsLeft--;
    let bare = (CHAR_CLASS[data[start]] & IDENTIFIER_START) !== 0;
    for (let i = start; i < end; i++) {
      const c = data[i];
      // Why: matchExpected would take a quote within a key for the key's end.
      if (c === APOSTROPHE || c === QUOTE) return key;
      bare &&= (CHAR_CLASS[c] & IDENTIFIER_PART) !== 0;
    }
    const internal = intern(key);
    // Why two slots: two keys of one hash would push each other out all the time.
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

/** Adds a byte to the hash of a key. The hash of no byte is 0. */
export function hashByte(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

function slotOf(hash: number): number {
  return Math.imul(hash, GOLDEN_RATIO) >>> SLOT_SHIFT;
}
