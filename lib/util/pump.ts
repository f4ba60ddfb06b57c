import { sharedSlice } from './time-slice.js';

/** Whether a value is an async iterable: an async generator, a Node stream... */
export function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
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

/**
 * Ends an iterable that was asked for its iterator. A Node stream is destroyed. Why: its iterator ends no earlier than its
 * next value comes.
 */
export async function endIterable(
  iterable: object,
  iterator: AsyncIterator<unknown> | undefined,
): Promise<void> {
  if (isNodeStream(iterable)) iterable.destroy();
  else await iterator?.return?.();
}

/**
 * Calls back when a stream of Node fails. Why: until somebody reads it, nobody listens, and its error would end the process.
 * @returns what it has failed with already
 */
export function onStreamError(value: object, failed: (error: unknown) => void): unknown {
  const { on, errored } = value as { on?: unknown; errored?: unknown };
  if (isNodeStream(value) && typeof on === 'function') Reflect.apply(on, value, ['error', failed]);
  return errored;
}

/** Whether a value is a stream of Node, or another one that is ended as these are. */
export function isNodeStream(value: object): value is { destroy(): unknown } {
  return typeof (value as { destroy?: unknown }).destroy === 'function';
}
