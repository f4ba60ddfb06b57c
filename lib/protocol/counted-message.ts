import { ATTACHED_HEADER_BYTES, attachedSize } from './attached-message.js';
import { GrowingMemory } from './growing-memory.js';

/** A message that begins with its lengths, while it arrives. */
export class CountedMessage {
  private readonly memory: GrowingMemory;
  /** How many bytes it has; undefined: too few have arrived to know. */
  private size: number | undefined;

  /** @param allocate - makes memory, which need not be cleared */
  constructor(allocate: (size: number) => Uint8Array) {
    this.memory = new GrowingMemory(allocate);
  }

  /** How many bytes it takes of memory. */
  get held(): number {
    return this.memory.held;
  }

  /**
   * Adds what has arrived.
   * @param start - where it begins, or goes on, in a chunk
   * @param maxBytes - the largest message
   * @returns how many bytes of the chunk belong to it; undefined: it is larger than `maxBytes`
   */
  add(chunk: Uint8Array, start: number, maxBytes: number): number | undefined {
    const { memory } = this;
    const header = Math.min(ATTACHED_HEADER_BYTES - memory.used, chunk.length - start);
    let end = start;
    if (header > 0) {
      end += header;
      memory.add(chunk.subarray(start, end), ATTACHED_HEADER_BYTES);
    }
    if (memory.used < ATTACHED_HEADER_BYTES) return end - start;
    this.size ??= attachedSize(memory.bytes);
    if (this.size > maxBytes) return undefined;
    const rest = chunk.subarray(end, end + this.size - memory.used);
    memory.add(rest, this.size);
    return end - start + rest.length;
  }

  /**
   * Memory for what comes next, up to the end of the message at most. {@link add} takes it without a copy.
   * @returns undefined where less than so many bytes are awaited, or that is not known yet
   */
  roomFor(least: number): Uint8Array | undefined {
    const { size, memory } = this;
    return size === undefined || size - memory.used < least ? undefined : memory.roomFor(size);
  }

  /** The whole message; undefined: its end has not arrived. */
  get whole(): Uint8Array | undefined {
    return this.memory.used === this.size ? this.memory.bytes : undefined;
  }
}
