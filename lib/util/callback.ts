import { TooManyValuesError } from './too-many-values-error.js';

const MAX_ARGUMENTS = 32_768;

/** A callback as JSTP's API has it: the error first, then the results. */
export type Callback<Results extends unknown[] = unknown[]> = (error: unknown, ...results: Results) => void;

/** A callback whose author says what the results are: its parameters may have any types. */
export type TypedCallback = (error: never, ...results: never[]) => void;

/**
 * A Promise for a function that takes a callback. It is marked as handled, so that a caller who does
 * not look at it (fire and forget) does not end the process when the call fails.
 */
export function promisify<T>(run: (callback: (error: unknown, value: T) => void) => void): Promise<T> {
  const promise = new Promise<T>((resolve, reject) => {
    run((error, value) => {
      // JSTP's own errors may be plain numbers, as -1 for a lost callback.
      if (error) reject(error);
      else resolve(value);
    });
  });
  promise.catch(ignore);
  return promise;
}

/** Takes the callback off the end of an argument list, if there is one. */
export function popCallback(args: unknown[]): Callback | undefined {
  const last = args.at(-1);
  if (typeof last !== 'function') return undefined;
  args.pop();
  return last as Callback;
}

/** Whether so many values may be the arguments of a function. Each takes a place on the stack, of which there are some 120,000. */
export function canBeArguments(values: readonly unknown[]): boolean {
  return values.length <= MAX_ARGUMENTS;
}

/** Calls back with results of any number, which a peer may have chosen. */
export function callWith(callback: Callback, error: unknown, results: readonly unknown[]): void {
  if (results.length === 1) callback(error, results[0]);
  else if (canBeArguments(results)) callback(error, ...results);
  else callback(new TooManyValuesError(results.length));
}

/** Does nothing: for callbacks whose outcome nobody waits for. */
export function ignore(): void {
  // Nothing to do.
}

/** The one result of a call, the array of several, or undefined of none: what a Promise resolves to. */
export function unwrapResults(results: unknown[]): unknown {
  return results.length > 1 ? results : results[0];
}

/** Whether a value is a Promise, or is used as one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Whether a function is a class, which cannot be called. */
export function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}
