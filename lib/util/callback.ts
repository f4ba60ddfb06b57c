import { TooManyValuesError } from './too-many-values-error.js';

/** How many arguments a function is called with at most. Why: each takes a place on the stack, which has some 120,000. */
const MAX_ARGUMENTS = 32_768;

/** A callback of JSTP's API: it gets the error first, then the results. */
export type Callback<Results extends unknown[] = unknown[]> = (error: unknown, ...results: Results) => void;

/** A callback with parameters of any types, for users who declare what the results are. */
export type TypedCallback = (error: never, ...results: never[]) => void;

/**
 * Returns a Promise of the outcome of a function that takes a callback.
 *
 * The Promise counts as handled. Why: a caller that ignores it (fire and forget) must not end the process when the call
 * fails.
 */
export function promisify<T>(run: (callback: (error: unknown, value: T) => void) => void): Promise<T> {
  const promise = new Promise<T>((resolve, reject) => {
    run((error, value) => {
      // Not `instanceof Error`: JSTP has errors that are plain numbers, such as -1 for a lost callback.
      if (error) reject(error);
      else resolve(value);
    });
  });
  promise.catch(ignore);
  return promise;
}

/** Removes the callback at the end of an argument list, and returns it; undefined where there is none. */
export function popCallback(args: unknown[]): Callback | undefined {
  const last = args.at(-1);
  if (typeof last !== 'function') return undefined;
  args.pop();
  return last as Callback;
}

/** Whether the values are few enough to be the arguments of a function. */
export function canBeArguments(values: readonly unknown[]): boolean {
  return values.length <= MAX_ARGUMENTS;
}

/** Calls back with results. Too many of them, as a peer may send, are a {@link TooManyValuesError}. */
export function callWith(callback: Callback, error: unknown, results: readonly unknown[]): void {
  if (results.length === 1) callback(error, results[0]);
  else if (canBeArguments(results)) callback(error, ...results);
  else callback(new TooManyValuesError(results.length));
}

/** Does nothing. */
export function ignore(): void {
  // Nothing to do.
}

/** What a Promise of results resolves to: the only result, the array of several, undefined of none. */
export function unwrapResults(results: unknown[]): unknown {
  return results.length > 1 ? results : results[0];
}

/** Whether a value is a Promise or has a `then` like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Whether a function is a class, which cannot be called without `new`. */
export function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

/** A callback for results as one array, that hands on what {@link unwrapResults} makes of them. */
export function unwrapping(done: Callback<[result?: unknown]>): Callback {
  return (error, results) => {
    done(error, unwrapResults(arrayOf(results)));
  };
}

/** The results that came as one array; none of an error. */
export function arrayOf(results: unknown): unknown[] {
  return Array.isArray(results) ? results : [];
}
