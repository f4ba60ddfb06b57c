import { newMemory } from '../mdsf/index.js';

/** Memory for less is left to the collector: it costs little. */
const LEAST_BYTES = 16 * 1024;
/** So much memory waits to be used again, at most. Where large bytes were sent, it is kept for good. */
const MOST_IDLE_BYTES = 4 * 1024 * 1024;
/** Memory is larger than what is in it by one part of so many, at most. Why: copies of about one size share it. */
const PARTS = 8;

// What is free, the one that was used last at the end. One for all senders.
const idle: Uint8Array[] = [];
let idleBytes = 0;

/** Lends memory for so many bytes, and some more; undefined where that is not worth it. */
export function takeMemory(size: number): Uint8Array | undefined {
  if (size < LEAST_BYTES || size > MOST_IDLE_BYTES / 2) return undefined;
  const step = 2 ** Math.floor(Math.log2(size)) / PARTS;
  const capacity = Math.ceil(size / step) * step;
  const index = idle.findLastIndex(({ length }) => length === capacity);
  if (index === -1) return newMemory(capacity);
  idleBytes -= capacity;
  return idle.splice(index, 1)[0];
}

/** Takes memory back that nobody reads any more, of {@link takeMemory}. */
export function giveMemory(memory: Uint8Array): void {
  idle.push(memory);
  idleBytes += memory.length;
  while (idleBytes > MOST_IDLE_BYTES) idleBytes -= idle.shift()?.length ?? 0;
}

/**
 * The memory of the copy that a sender keeps of large bytes. It is used again when a journal has held their message and seen it
 * acknowledged, and when no transport reads it any more that was given it. In all other cases it is left to the collector.
 *
 * Who else reads the copy later calls {@link keep}.
 *
 * Why: V8 begins to collect all of the heap for every few dozen MiB that were allocated outside of it.
 */
export class Lease {
  private memory: Uint8Array | undefined;
  private holders = 0;
  private writing = 0;
  private wasHeld = false;
  private wasWritten = false;
  private isGivenBack = false;

  private constructor(memory: Uint8Array) {
    this.memory = memory;
  }

  /** Lends memory for so many bytes; undefined where that is not worth it. */
  static of(size: number): Lease | undefined {
    const memory = takeMemory(size);
    return memory && new Lease(memory);
  }

  /** The first bytes of the memory; undefined: it is not lent any more. */
  view(size: number): Uint8Array | undefined {
    return this.memory?.subarray(0, size);
  }

  /** Whether the bytes may be others by now. */
  get isOver(): boolean {
    return this.isGivenBack;
  }

  /** Somebody reads the bytes for longer: their memory is not used again. */
  keep(): void {
    this.memory = undefined;
  }

  /** A journal holds the message. */
  hold(): void {
    this.wasHeld = true;
    this.holders += 1;
  }

  /** The peer has told a journal that holds the message that it has come. */
  release(): void {
    this.holders -= 1;
    this.giveBack();
  }

  /**
   * A transport gets the bytes.
   * @returns to be called when it does not read them any more; with an error where that is not sure
   */
  write(): (error?: Error | null) => void {
    this.writing += 1;
    return (error) => {
      if (error) return;
      this.writing -= 1;
      this.wasWritten = true;
      this.giveBack();
    };
  }

  private giveBack(): void {
    const { memory } = this;
    // Why written: a peer may say that it has what is not sent yet.
    if (!memory || !this.wasHeld || !this.wasWritten || this.holders > 0 || this.writing > 0) return;
    this.memory = undefined;
    this.isGivenBack = true;
    giveMemory(memory);
  }
}
