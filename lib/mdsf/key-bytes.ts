import { intern } from '../util/intern.js';
import { MISSES_PER_CHANGE } from '../util/text-cache.js';
import { quoteKey } from './quote.js';

/** How many keys are kept. A program that writes ever new keys only replaces older ones. */
const SLOTS = 1024;
/** The longest key that is kept, in UTF-16 units. */
const MAX_KEY_LENGTH = 64;

/**
 * Keys as the bytes that are written before their values: `,key:` or `,'the key':`.
 *
 * Why they are kept: see `member-prefix.ts`. The same objects are written again and again, so that after each key the one that
 * followed it last time is expected: comparing it is faster than looking it up.
 */
export class KeyBytes {
  private readonly slots = new Map<string, number>();
  private readonly keys: string[] = [''];
  private readonly bytes: Uint8Array[] = [new Uint8Array(0)];
  /** The slot of the key that followed each key last time. Slot 0 is before the first key of a value. */
  private readonly next = new Uint16Array(SLOTS);
  private last = 0;
  private misses = 0;

  /** @param encode - makes bytes of a text */
  constructor(private readonly encode: (text: string) => Uint8Array) {}

  /** Starts with a new value. */
  start(): void {
    this.last = 0;
  }

  /** The bytes of a key, with the comma before it. */
  find(key: string): Uint8Array {
    const expected = this.next[this.last];
    if (this.keys[expected] !== key || expected === 0) return this.look(key);
    this.last = expected;
    return this.bytes[expected];
  }

  private look(key: string): Uint8Array {
    const slot = this.slots.get(key) ?? this.add(key);
    if (typeof slot !== 'number') return slot;
    this.next[this.last] = slot;
    this.last = slot;
    return this.bytes[slot];
  }

  /** Keeps a key, if there is place. @returns its slot, or the bytes of a key that is not kept */
  private add(key: string): number | Uint8Array {
    const text = ',' + quoteKey(key) + ':';
    const bytes = this.encode(text);
    // The encoder has to see each time that there is more than ASCII.
    if (key.length > MAX_KEY_LENGTH || bytes.length !== text.length) return bytes;
    let slot = this.keys.length;
    if (slot === SLOTS) {
      this.misses += 1;
      if (this.misses % MISSES_PER_CHANGE !== 0) return bytes;
      // Each in turn, but for the first.
      slot = 1 + ((this.misses / MISSES_PER_CHANGE) % (SLOTS - 1));
      this.slots.delete(this.keys[slot]);
    }
    const kept = intern(key);
    this.slots.set(kept, slot);
    this.keys[slot] = kept;
    this.bytes[slot] = bytes;
    return slot;
  }
}
