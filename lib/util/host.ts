import { toLogValue } from './log-text.js';

/**
 * The globals of the platform, Node or a browser, that the core uses.
 * Invariant: they are read at each use. Why: a test may have replaced the timers. What is optional here is missing where
 * a client may run: not all that has a WebSocket is a browser.
 */
interface Host {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Only Node has this one. */
  setImmediate?(callback: () => void): unknown;
  queueMicrotask?(callback: () => void): void;
  readonly performance?: { now(): number };
  readonly crypto: { getRandomValues<T extends Uint8Array | Uint32Array>(array: T): T };
  readonly console?: { error(...data: unknown[]): void };
  readonly AbortController: new () => AbortControllerLike;
  readonly process?: {
    readonly env?: Record<string, string | undefined>;
    readonly versions?: { readonly node?: string };
    readonly getBuiltinModule?: <Name extends keyof BuiltinModules>(
      name: Name,
    ) => BuiltinModules[Name] | undefined;
  };
}

/** Node's modules that the core uses where they exist. */
interface BuiltinModules {
  'node:async_hooks': AsyncHooks;
  'node:v8': HeapModule;
}

/** The part of `node:async_hooks` that the core uses. */
interface AsyncHooks {
  readonly AsyncResource: new (type: string) => {
    runInAsyncScope<Args extends unknown[], T>(run: (...args: Args) => T, thisArg: unknown, ...args: Args): T;
  };
}

/** The part of an AbortSignal that the core uses. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The part of an AbortController that the core uses. */
export interface AbortControllerLike {
  readonly signal: AbortSignalLike;
  abort(reason?: unknown): void;
}

/** The platform's globals, typed without Node's or the DOM's types. */
export const host = globalThis as unknown as Host;

const resolved = Promise.resolve();

/**
 * Runs a callback after the current work, before timers and I/O.
 * Why by a promise: fake timers replace `queueMicrotask`, and then nothing would run by itself.
 */
export function nextTick(callback: () => void): void {
  resolved.then(callback).catch((error: unknown) => {
    // An error of the callback has to be an uncaught exception, as for timers, and not a rejection.
    const uncaught = (): void => {
      throw error;
    };
    if (host.queueMicrotask) host.queueMicrotask(uncaught);
    else host.setTimeout(uncaught, 0);
  });
}

/** Does what {@link nextTick} does, for half the price. @param callback throws nothing */
export function soon(callback: () => void): void {
  void resolved.then(callback);
}

/**
 * How many turns of promises {@link afterContinuations} waits. An async function that returns a Promise takes three of
 * them, a `then` or a `Promise.race` one: so this passes about ten async functions.
 */
const CONTINUATION_TURNS = 32;

/**
 * Runs a callback after the code that awaits a Promise resolved now, also where a few async functions pass that Promise
 * on. Why by turns of promises: a timer would not fire under fake timers.
 */
export function afterContinuations(callback: () => void): void {
  let turns = 0;
  const next = (): void => {
    turns += 1;
    nextTick(turns < CONTINUATION_TURNS ? next : callback);
  };
  next();
}

/**
 * Runs a callback after everything was read that has arrived by now.
 * Why: a timer that fires late, because the program was busy, runs before what has arrived meanwhile.
 */
export function afterPoll(callback: () => void): void {
  if (host.setImmediate) host.setImmediate(callback);
  else host.setTimeout(callback, 0);
}

/** The time in milliseconds, by a clock that is never set back, where the platform has one. */
export function now(): number {
  // eslint-disable-next-line no-restricted-properties -- A bare host has no other clock.
  return host.performance ? host.performance.now() : Date.now();
}

/** How large the heap may become, in bytes; undefined where the platform does not tell (a browser). */
export function heapLimitBytes(): number | undefined {
  return host.process?.getBuiltinModule?.('node:v8')?.getHeapStatistics().heap_size_limit;
}

/** The part of `node:v8` that the core uses. */
interface HeapModule {
  getHeapStatistics(): {
    readonly heap_size_limit: number;
    readonly used_heap_size: number;
    readonly external_memory: number;
  };
}

/** Whether the program runs with NODE_ENV=production. False in a browser without a `process`. */
export function isProduction(): boolean {
  return host.process?.env?.NODE_ENV === 'production';
}

/**
 * Writes an error to the console that nobody listens for.
 * Why: an error of the application must neither end the process nor vanish.
 * @param what the kind of error, and the event to listen for
 */
export function reportUnhandledError(what: string, error: unknown): void {
  host.console?.error(`[jstp] ${what}:`, toLogValue(error));
}
