import { Observable, type Subscriber } from 'rxjs';
import type { JstpStream } from '../connection/calls/jstp-stream.js';

// Why no property of the source: pipes that walk through an argument, such as ValidationPipe, would walk through all of the
// connection.
const streams = new WeakMap<object, JstpStream>();

/**
 * What a handler gets where its caller gives a stream: an Observable and an async iterable in one. It is read once, from the
 * first subscription or the first value on, and as fast as it is worked on where it is iterated over; `Readable.from(source)`
 * and `pipeline(source, ...)` do that, too. It fails with -8 (`ERR_CANCELLED`) when its call is over.
 * @example
 * &#64;MessagePattern('files.upload')
 * async upload(&#64;Payload() chunks: JstpSource<Buffer>) {
 *   await pipeline(chunks, createWriteStream('upload'));
 * }
 */
export class JstpSource<T = unknown> extends Observable<T> implements AsyncIterable<T> {
  /** @internal */
  constructor(stream: JstpStream<T>) {
    super((subscriber) => subscribe(stream, subscriber));
    streams.set(this, stream);
  }

  /** The values, one by one. The peer sends no more than is read. */
  [Symbol.asyncIterator](): JstpStream<T> {
    return streams.get(this) as JstpStream<T>;
  }
}

/** Reads a stream for a subscriber. */
function subscribe<T>(stream: JstpStream<T>, subscriber: Subscriber<T>): () => void {
  const read = (): void => {
    stream.next().then(
      ({ done, value }) => {
        if (done) {
          subscriber.complete();
          return;
        }
        subscriber.next(value);
        if (!subscriber.closed) read();
      },
      (error: unknown) => {
        subscriber.error(error);
      },
    );
  };
  read();
  return () => {
    void stream.return();
  };
}
