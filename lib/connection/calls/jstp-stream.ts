import type { ValueQueue } from './value-queue.js';

/**
 * The values that a peer sends, for one reader, who takes them at his own speed: the peer is told to send no more than
 * `limits.streamCredit` values beyond what was read. Leaving the loop by `break`, `return` or an error tells the peer to
 * stop.
 * @example for await (const value of stream) console.log(value);
 */
export class JstpStream<T = unknown> implements AsyncIterable<T>, AsyncIterator<T, undefined> {
  /** @internal */
  constructor(private readonly queue: ValueQueue<T>) {}

  /** The next value; rejects once with the error, where the stream has failed. */
  next(): Promise<IteratorResult<T, undefined>> {
    return this.queue.next();
  }

  /** Ends the reading: the peer is told to stop, and what has come is dropped. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.queue.leave();
    return this.queue.next();
  }

  /** Itself: a stream is read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}
