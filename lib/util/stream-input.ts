import { isAsyncIterable, isNodeStream } from './pump.js';

/** What takes the values of an Observable. */
interface ObserverLike<T> {
  next(value: T): void;
  error(error: unknown): void;
  complete(): void;
}

/** An Observable, as rxjs has it. */
export interface ObservableInput<T> {
  subscribe(observer: ObserverLike<T>): { unsubscribe(): void };
}

/** A ReadableStream of the platform: the body of a `fetch`, `file.stream()`... */
export interface WebStreamInput<T> {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: T | undefined }>;
    cancel(reason?: unknown): Promise<unknown>;
  };
}

/** What may be an argument that streams: an async iterable (a Node stream is one), an Observable, a ReadableStream. */
export type StreamInput<T = unknown> = AsyncIterable<T> | ObservableInput<T> | WebStreamInput<T>;

/** Whether a value streams. */
export function isStreamInput(value: unknown): value is StreamInput {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return false;
  if (isAsyncIterable(value)) return true;
  // Plain data is the rule.
  return prototype !== Object.prototype && (isObservable(value) || isWebStream(value));
}

/** Whether a value is an Observable: of any copy of rxjs. */
export function isObservable(value: object): value is ObservableInput<unknown> {
  const { subscribe, lift } = value as { subscribe?: unknown; lift?: unknown };
  return typeof subscribe === 'function' && typeof lift === 'function';
}

/** Whether a value is a ReadableStream. */
export function isWebStream(value: object): value is WebStreamInput<unknown> {
  return typeof (value as { getReader?: unknown }).getReader === 'function';
}

/** The values of a ReadableStream. Why not its own iterator: not all browsers have that. */
export function iteratorOf(input: AsyncIterable<unknown> | WebStreamInput<unknown>): AsyncIterator<unknown> {
  if (isAsyncIterable(input)) return input[Symbol.asyncIterator]();
  const reader = input.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done: false, value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/** Whether a source can be read once only: a Node stream, a ReadableStream, a generator that was called. */
export function isReadOnce(input: StreamInput, iterator: AsyncIterator<unknown>): boolean {
  return (input as object) === iterator || isWebStream(input) || isNodeStream(input);
}
