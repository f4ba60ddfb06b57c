import { ATTACHED_HEADER_BYTES, attachedSize } from './attached-message.js';

/** The smallest memory, in bytes. */
const MIN_BYTES = 512;
/** How many times what has arrived the memory may be. Why not all at once: a peer that sends nine bytes must not get 8 MiB. */
const GROWTH = 32;

/** A message that begins with its lengths, while it arrives. */
export class CountedMessage {
  private memory: Uint8Array;
  private used = 0;
  /** How many bytes it has; undefined: too few have arrived to know. */
  private size: number | undefined;

  /** @param allocate - makes memory, which need not be cleared */
  constructor(private readonly allocate: (size: number) => Uint8Array) {
    this.memory = allocate(MIN_BYTES);
  }

  /** How many bytes it takes of memory. */
  get held(): number {
    return this.memory.length;
  }

  /**
   * Adds what has arrived.
   * @param start - where it begins, or goes on, in a chunk
   * @param maxBytes - the largest message
   * @returns how many bytes of the chunk belong to it; undefined: it is larger than `maxBytes`
   */
  add(chunk: Uint8Array, start: number, maxBytes: number): number | undefined {
    const header = Math.min(ATTACHED_HEADER_BYTES - this.used, chunk.length - start);
    let taken = 0;
    if (header > 0) {
      this.copy(chunk, start, header);
      taken = header;
    }
    if (this.used < ATTACHED_HEADER_BYTES) return taken;
    this.size ??= attachedSize(this.memory);
    if (this.size > maxBytes) return undefined;
    const rest = Math.min(this.size - this.used, chunk.length - start - taken);
    this.makeRoom(this.size, rest);
    this.copy(chunk, start + taken, rest);
    return taken + rest;
  }

  /**
   * Memory for what comes next, up to the end of the message at most. {@link add} takes it without a copy.
   * @returns undefined where less than so many bytes are awaited, or that is not known yet
   */
  roomFor(least: number): Uint8Array | undefined {
    const { size, used } = this;
    if (size === undefined || size - used < least) return undefined;
    this.makeRoom(size, 1);
    return this.memory.subarray(used, size);
  }

  /** The whole message; undefined: its end has not arrived. */
  get whole(): Uint8Array | undefined {
    return this.used === this.size ? this.memory.subarray(0, this.size) : undefined;
  }

  private makeRoom(size: number, more: number): void {
    const needed = this.used + more;
    if (needed <= this.memory.length) return;
    const grown = this.allocate(Math.min(size, needed * GROWTH));
    grown.set(this.memory.subarray(0, this.used));
    this.memory = grown;
  }

  private copy(chunk: Uint8Array, start: number, size: number): void {
    if (!this.isInPlace(chunk, start)) this.memory.set(chunk.subarray(start, start + size), this.used);
    this.used += size;
  }

  /** Whether that has been read into the memory that {@link roomFor} has given. */
  private isInPlace(chunk: Uint8Array, start: number): boolean {
    const { memory } = this;
    return chunk.buffer === memory.buffer && chunk.byteOffset + start === memory.byteOffset + this.used;
  }
}
