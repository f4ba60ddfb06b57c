import { ATTACHED, ATTACHED_HEADER_BYTES, attachedSize, isMostly } from './attached-message.js';
import { CountedMessage } from './counted-message.js';
import { OversizeError } from './oversize-error.js';
import { ProtocolError } from './protocol-error.js';
import type { SizeLimit } from './size-limit.js';

/** Options of a {@link MessageSplitter}. */
export interface SplitterOptions {
  /** The largest message, in bytes. For a larger one {@link MessageSplitter.push} throws. */
  readonly maxMessageBytes: number;
  /**
   * Makes an array, which need not be cleared.
   * @default `(size) => new Uint8Array(size)`
   */
  readonly allocate?: (size: number) => Uint8Array;
}

/**
 * Gets one message, whose bytes are only valid until the function returns. It returns false to stop: no further message
 * is delivered until {@link MessageSplitter.resume}.
 */
export type MessageSink = (message: Uint8Array) => boolean;

const NOTHING = new Uint8Array(0);
/** From this size on a piece of a message is kept as it is. Smaller pieces are copied together. */
const ZERO_COPY_BYTES = 4096;
/** The smallest and the largest array in which small pieces are collected. */
const MIN_BLOCK_BYTES = 512;
const MAX_BLOCK_BYTES = 64 * 1024;
/** Messages up to this size are joined in memory that is used again. Why: it is no garbage, and the system need not clear it. */
const MAX_SCRATCH_BYTES = 16 * 1024 * 1024;
const MIN_SCRATCH_BYTES = 128 * 1024;
/** How much of that memory is kept for good. A larger array is kept until the next full collection. */
const KEPT_SCRATCH_BYTES = 2 * 1024 * 1024;

/** Counts the messages that did not arrive whole. */
let begun = 0;

// One for all splitters.
let scratch: Uint8Array = NOTHING;
let largeScratch: WeakRef<Uint8Array> | undefined;
/** Whether a sink reads from that memory now. It may make another splitter deliver meanwhile. */
let isScratchInUse = false;

function newBytes(size: number): Uint8Array {
  return new Uint8Array(size);
}

/**
 * Cuts the bytes of a stream into messages: at each NUL, or where a message ends that begins with its lengths. Every byte is
 * searched once at most, and copied at most twice: a message within one chunk is a view of the chunk, the pieces of other
 * messages are joined when the end arrives; those of one whose size is known, as they arrive.
 */
export class MessageSplitter {
  private maxBytes: number;
  /** What `maxBytes` is, for the error. */
  private limit: SizeLimit = 'maxMessageBytes';
  private readonly allocate: (size: number) => Uint8Array;
  /** The beginning of a message whose end has not arrived. */
  private pieces: Uint8Array[] | undefined;
  private heldBytes = 0;
  /** The beginning of a message that begins with its lengths; undefined: of none. */
  private counted: CountedMessage | undefined;
  /** The number of that message, among all splitters. */
  private heldNumber = 0;
  /** The array in which small pieces are collected. It is added to `pieces` when it is full. */
  private block: Uint8Array = NOTHING;
  private blockUsed = 0;
  /** The chunks that arrived while the sink had stopped. */
  private waiting: Uint8Array[] | undefined;
  private waitingBytes = 0;
  private stopped = false;
  /** Whether what is split now must be copied where it is kept. */
  private isReused = false;

  /** @param options - the largest message, and how to make arrays */
  constructor(options: SplitterOptions) {
    this.maxBytes = options.maxMessageBytes;
    this.allocate = options.allocate ?? newBytes;
  }

  /**
   * Takes no larger message from now on. The sink may call it: it holds for the rest of the chunk then.
   * @param limit - which limit that is, for the error
   */
  limitTo(maxBytes: number, limit: SizeLimit): void {
    this.maxBytes = maxBytes;
    this.limit = limit;
  }

  /** A number of the message whose beginning is held, another one for each; undefined: none is. */
  get unfinished(): number | undefined {
    return this.heldBytes === 0 && !this.counted ? undefined : this.heldNumber;
  }

  /** How many bytes are held: of a message whose end has not arrived, and what has arrived while the sink had stopped. */
  get held(): number {
    return this.heldBytes + this.waitingBytes + (this.counted?.held ?? 0);
  }

  /** Whether the splitter holds no bytes and is not stopped, and so can be replaced by a new one. */
  get isIdle(): boolean {
    return this.heldBytes === 0 && !this.counted && !this.waiting && !this.stopped;
  }

  /**
   * Adds bytes, and delivers each message that is complete, without its NUL. One that begins with its lengths (a byte
   * {@link ATTACHED}) is delivered with these, and is good for ever: where a view of it may be kept ({@link isMostly}),
   * nothing else is read from its memory any more.
   * @param chunk - the bytes, which must not change until all messages that begin in them were delivered
   * @param sink - gets the messages in order
   * @param isReused - whether they may change when this returns. Not for what was read into {@link roomFor}
   * @throws {ProtocolError} for an empty message or one over the limit. The messages before it were delivered, no bytes
   *   are held any more, and the splitter must not be used again
   */
  push(chunk: Uint8Array, sink: MessageSink, isReused = false): void {
    if (chunk.length === 0) return;
    this.isReused = isReused;
    if (this.stopped) this.keep(chunk);
    else this.split(chunk, sink);
    this.isReused = false;
  }

  /**
   * Memory for the bytes that come next, where a message has begun that has its lengths: they are read into it, and what was
   * read is given to {@link push}, which need not copy it.
   * @returns undefined where less than so many bytes of the message are awaited
   */
  roomFor(least: number): Uint8Array | undefined {
    return this.stopped ? undefined : this.counted?.roomFor(least);
  }

  /**
   * Goes on after the sink had stopped, with the bytes that wait.
   * @param sink - gets the messages in order; it may stop again
   * @throws {ProtocolError} as {@link push} does
   */
  resume(sink: MessageSink): void {
    this.stopped = false;
    const chunks = this.waiting ?? [];
    this.waiting = undefined;
    this.waitingBytes = 0;
    for (const [index, chunk] of chunks.entries()) {
      this.split(chunk, sink);
      if (this.isStopped()) {
        for (const rest of chunks.slice(index + 1)) this.keep(rest);
        return;
      }
    }
  }

  /** Drops all bytes that are held. */
  clear(): void {
    this.pieces = undefined;
    this.heldBytes = 0;
    this.counted = undefined;
    this.block = NOTHING;
    this.blockUsed = 0;
    this.waiting = undefined;
    this.waitingBytes = 0;
  }

  private keep(chunk: Uint8Array): void {
    (this.waiting ??= []).push(this.isReused ? this.copyOf(chunk) : chunk);
    this.waitingBytes += chunk.length;
  }

  private split(arrived: Uint8Array, sink: MessageSink): void {
    let chunk = arrived;
    let start = 0;
    while (start < chunk.length) {
      const isCounted = this.counted !== undefined || (chunk[start] === ATTACHED && this.heldBytes === 0);
      const end = isCounted ? this.endOfCounted(chunk, start) : chunk.indexOf(0, start);
      if (end === -1) {
        if (!isCounted) this.hold(start === 0 ? chunk : chunk.subarray(start));
        return;
      }
      const isCopied = isCounted && !this.counted && this.isReused;
      const piece = isCopied ? this.copyOf(chunk.subarray(start, end)) : chunk.subarray(start, end);
      start = isCounted ? end : end + 1;
      if (isCounted && !isCopied && !this.counted && start < chunk.length && isMostly(piece)) {
        chunk = this.copyOf(chunk.subarray(start));
        start = 0;
      }
      if (!(isCounted ? this.deliverCounted(piece, sink) : this.deliver(piece, sink))) {
        this.stopped = true;
        if (start < chunk.length) this.keep(chunk.subarray(start));
        return;
      }
    }
  }

  /**
   * Where a message ends that begins with its lengths; -1: not in this chunk, which is added to what is held.
   * @param start - where it begins, or goes on
   */
  private endOfCounted(chunk: Uint8Array, start: number): number {
    if (!this.counted) {
      if (chunk.length - start >= ATTACHED_HEADER_BYTES) {
        const size = attachedSize(chunk, start);
        if (size > this.maxBytes) this.failTooLarge();
        if (start + size <= chunk.length) return start + size;
      }
      this.heldNumber = ++begun;
      this.counted = new CountedMessage(this.allocate);
    }
    const added = this.counted.add(chunk, start, this.maxBytes);
    if (added === undefined) this.failTooLarge();
    return this.counted.whole ? start + added : -1;
  }

  private copyOf(bytes: Uint8Array): Uint8Array {
    const copy = this.allocate(bytes.length);
    copy.set(bytes);
    return copy;
  }

  private deliverCounted(last: Uint8Array, sink: MessageSink): boolean {
    const message = this.counted?.whole ?? last;
    this.counted = undefined;
    return sink(message);
  }

  private deliver(last: Uint8Array, sink: MessageSink): boolean {
    const size = this.checkedSize(last.length);
    return this.heldBytes === 0 ? sink(last) : this.deliverJoined(last, size, sink);
  }

  /** The size of the message that ends with these bytes; throws where it is not allowed. */
  private checkedSize(lastBytes: number): number {
    const size = this.heldBytes + lastBytes;
    if (size === 0) this.fail(new ProtocolError('Empty message'));
    if (size > this.maxBytes) this.failTooLarge();
    return size;
  }

  private deliverJoined(last: Uint8Array, size: number, sink: MessageSink): boolean {
    if (size > MAX_SCRATCH_BYTES || isScratchInUse) return sink(this.join(last, this.allocate(size)));
    const bytes = this.scratchFor(size);
    isScratchInUse = true;
    try {
      return sink(this.join(last, bytes.subarray(0, size)));
    } finally {
      isScratchInUse = false;
    }
  }

  private scratchFor(size: number): Uint8Array {
    if (scratch.length >= size) return scratch;
    const large = largeScratch?.deref();
    if (large && large.length >= size) return large;
    // Twice what is needed. Why: the memory must not grow with each message.
    const bytes = this.allocate(Math.min(Math.max(2 * size, MIN_SCRATCH_BYTES), MAX_SCRATCH_BYTES));
    if (bytes.length <= KEPT_SCRATCH_BYTES) scratch = bytes;
    else largeScratch = new WeakRef(bytes);
    return bytes;
  }

  private join(last: Uint8Array, message: Uint8Array): Uint8Array {
    this.sealBlock();
    let offset = 0;
    for (const piece of this.pieces ?? []) {
      message.set(piece, offset);
      offset += piece.length;
    }
    message.set(last, offset);
    this.pieces = undefined;
    this.heldBytes = 0;
    return message;
  }

  private hold(rest: Uint8Array): void {
    if (this.heldBytes === 0) this.heldNumber = ++begun;
    if (this.heldBytes + rest.length > this.maxBytes) this.failTooLarge();
    if (this.blockUsed + rest.length <= this.block.length) {
      this.append(rest);
    } else {
      this.sealBlock();
      if (rest.length >= ZERO_COPY_BYTES) {
        (this.pieces ??= []).push(this.isReused ? this.copyOf(rest) : rest);
      } else {
        // As large as all bytes before it: so a short message takes little memory, and a long one few blocks.
        const size = Math.min(Math.max(this.heldBytes, MIN_BLOCK_BYTES), MAX_BLOCK_BYTES);
        this.block = this.allocate(Math.max(size, rest.length));
        this.append(rest);
      }
    }
    this.heldBytes += rest.length;
  }

  /**
   * Copies a small piece to the current block.
   * Why: for a peer that sends single bytes, an array object (or a whole read buffer) would be kept for each of them.
   */
  private append(rest: Uint8Array): void {
    this.block.set(rest, this.blockUsed);
    this.blockUsed += rest.length;
  }

  private sealBlock(): void {
    if (this.blockUsed > 0) (this.pieces ??= []).push(this.block.subarray(0, this.blockUsed));
    this.block = NOTHING;
    this.blockUsed = 0;
  }

  private isStopped(): boolean {
    return this.stopped;
  }

  private failTooLarge(): never {
    this.fail(new OversizeError(this.maxBytes, this.limit));
  }

  private fail(error: ProtocolError): never {
    this.clear();
    throw error;
  }
}
