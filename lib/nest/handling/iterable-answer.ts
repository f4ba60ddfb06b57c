import { TimeSlice } from '../../util/time-slice.js';
import type { Answering, NestCall } from './answering.js';

/** Whether a handler's result is an async generator, a Node stream, or the like. */
export function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
}

/**
 * Answers a call with the values of an async iterable. It is asked for a value only when the caller has
 * credit for it, and its `return` runs when nobody waits any more.
 *
 * @param errorOf makes Nest's error of what the iterable throws: no filter of the handler sees that
 */
export async function answerIterable(
  call: NestCall,
  iterable: AsyncIterable<unknown>,
  answering: Answering,
  errorOf: (error: unknown) => unknown,
): Promise<void> {
  const { signal } = call;
  const iterator = iterable[Symbol.asyncIterator]();
  const stream = answering.stream(call);
  let isLeft = false;
  const leave = (): void => {
    if (isLeft) return;
    isLeft = true;
    // What a generator throws on its way out is nobody's answer.
    Promise.resolve(iterator.return?.()).catch(errorOf);
  };
  const abort = (): void => {
    // The caller's time is over: it is told, in case it still listens.
    if (call.isOpen) call.fail(signal.reason);
    leave();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (await pump(iterator, stream)) stream.end();
    else leave();
  } catch (error) {
    stream.fail(errorOf(error));
    leave();
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Where the values of an iterator go. */
export interface IterableSink {
  /** Resolves when a value may be made; false when nobody waits for one. */
  ready(): Promise<boolean>;
  write(value: unknown): unknown;
}

/**
 * Asks an iterator for its values as fast as they are taken; the rest of the program has its turns all the same.
 * @returns whether the iterator has come to its end, rather than whoever takes its values
 */
export async function pump(iterator: AsyncIterator<unknown>, sink: IterableSink): Promise<boolean> {
  const slice = new TimeSlice();
  while (await sink.ready()) {
    await slice.pause();
    const step = await iterator.next();
    if (step.done) return true;
    sink.write(step.value);
  }
  return false;
}
