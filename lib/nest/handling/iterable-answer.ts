import { sharedSlice } from '../../util/time-slice.js';
import type { Answering, NestCall } from './answering.js';

/** Whether a handler's result is an async iterable: an async generator, a Node stream... */
export function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
}

/**
 * Answers a call with the values of an async iterable. The iterable is asked for a value only when there is credit
 * for it. Its `return` runs when the caller no longer waits.
 *
 * @returns a Promise that is settled when the iterable has ended
 * @param errorOf makes Nest's error of what the iterable throws. Why: no filter of the handler gets it
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
  let ended: Promise<unknown> | undefined;
  const endIterator = (): void => {
    // What a generator throws while it is ended cannot be an answer, and is reported.
    ended ??= Promise.resolve(iterator.return?.()).catch(errorOf);
  };
  const abort = (): void => {
    // The call's time ran out. The caller is told, in case it still waits.
    if (call.isOpen) call.fail(signal.reason);
    endIterator();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (await pump(iterator, stream)) stream.end();
    else endIterator();
  } catch (error) {
    stream.fail(errorOf(error));
    endIterator();
  } finally {
    signal.removeEventListener('abort', abort);
    await ended;
  }
}

/** Takes the values of an iterator. */
export interface IterableSink {
  /** Resolves with true when a value may be made, with false when no values are wanted any more. */
  ready(): Promise<boolean>;
  /** Takes a value. */
  write(value: unknown): unknown;
}

/**
 * Moves the values of an iterator to a sink, as fast as the sink takes them, and leaves turns of the event loop to
 * the rest of the program.
 * @returns true where the iterator has ended, false where the sink wants no more values
 */
export async function pump(iterator: AsyncIterator<unknown>, sink: IterableSink): Promise<boolean> {
  while (await sink.ready()) {
    await sharedSlice.pause();
    const step = await iterator.next();
    if (step.done) return true;
    sink.write(step.value);
  }
  return false;
}
