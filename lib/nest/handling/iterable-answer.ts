import { endIterable, isNodeStream, pump } from '../../util/pump.js';
import type { Answering, NestCall } from './answering.js';

/**
 * Answers a call with the values of an async iterable. The iterable is asked for a value only when there is credit
 * for it. Its `return` runs when the caller no longer waits; a Node stream is destroyed.
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
    ended ??= endIterable(iterable, iterator).catch(errorOf);
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
    // A Node stream that was destroyed tells it by an error.
    if (ended && isNodeStream(iterable)) stream.fail(signal.reason);
    else stream.fail(errorOf(error));
    endIterator();
  } finally {
    signal.removeEventListener('abort', abort);
    await ended;
  }
}
