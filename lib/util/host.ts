import { toLogValue } from './log-text.js';

/**
 * What the core takes from the platform that runs it, Node or a browser. Looked up at each use, so that
 * a test's fake timers are seen.
 */
interface Host {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Only Node has it. */
  setImmediate?(callback: () => void): unknown;
  queueMicrotask(callback: () => void): void;
  readonly performance: { now(): number };
  readonly crypto: { getRandomValues<T extends Uint8Array | Uint32Array>(array: T): T };
  readonly console: { error(...data: unknown[]): void };
  readonly AbortController: new () => AbortControllerLike;
  readonly process?: {
    readonly env?: Record<string, string | undefined>;
    readonly getBuiltinModule?: <Name extends keyof BuiltinModules>(
      name: Name,
    ) => BuiltinModules[Name] | undefined;
  };
}

/** Modules of Node that the core uses where they exist. */
interface BuiltinModules {
  'node:async_hooks': AsyncHooks;
  'node:v8': HeapModule;
}

/** The part of Node's module of that name that the core uses. */
interface AsyncHooks {
  readonly AsyncResource: new (type: string) => {
    runInAsyncScope<Args extends unknown[], T>(run: (...args: Args) => T, thisArg: unknown, ...args: Args): T;
  };
}

/** The part of the platform's AbortSignal that the core passes on. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The part of the platform's AbortController that the core uses. */
export interface AbortControllerLike {
  readonly signal: AbortSignalLike;
  abort(reason?: unknown): void;
}

/** The platform's globals, typed without Node's or the DOM's types. */
export const host = globalThis as unknown as Host;

const resolved = Promise.resolve();

/**
 * Runs a callback after the current work, before timers and I/O. By a promise: fake timers replace
 * `queueMicrotask`, and under them nothing would go on by itself.
 */
export function nextTick(callback: () => void): void {
  resolved.then(callback).catch((error: unknown) => {
    // What a callback throws is an uncaught exception, as everywhere, and no rejection.
    host.queueMicrotask(() => {
      throw error;
    });
  });
}

// Of the code around an `await`, each async function that hands a Promise on costs three turns, a race or a `then` one.
const CONTINUATION_TURNS = 32;

/**
 * Runs a callback when whoever awaits a Promise that is resolved now has gone on, through the functions that hand it on.
 * By turns of promises: a timer would not run under fake timers.
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
 * Runs a callback after what has arrived by now was read: a timer that fires late, because the program was busy, would
 * else come before it.
 */
export function afterPoll(callback: () => void): void {
  if (host.setImmediate) host.setImmediate(callback);
  else host.setTimeout(callback, 0);
}

/** Milliseconds on a clock that only goes forward. */
export function now(): number {
  return host.performance.now();
}

/** What the memory of a program's values may grow to, in bytes; undefined where the platform does not tell (a browser). */
export function heapLimitBytes(): number | undefined {
  return host.process?.getBuiltinModule?.('node:v8')?.getHeapStatistics().heap_size_limit;
}

/** The part of Node's module `v8` that is used. */
interface HeapModule {
  getHeapStatistics(): { readonly heap_size_limit: number };
}

/** Whether the program runs with NODE_ENV=production (never in a browser without a `process`). */
export function isProduction(): boolean {
  return host.process?.env?.NODE_ENV === 'production';
}

/**
 * The last resort for an error of the application that nobody listens for: it must not end the process,
 * and it must not vanish.
 */
export function reportUnhandledError(what: string, error: unknown): void {
  host.console.error(`[jstp] ${what}:`, toLogValue(error));
}
