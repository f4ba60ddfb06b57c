import { host } from './host.js';

/** An asynchronous context: what `AsyncLocalStorage` keeps for a chain of calls. */
export interface AsyncContext {
  /** Runs a function in this context. */
  runInAsyncScope<Args extends unknown[], T>(run: (...args: Args) => T, thisArg: unknown, ...args: Args): T;
}

// Node, and what has Node's modules. A browser has no such contexts.
const AsyncResource = host.process?.getBuiltinModule?.('node:async_hooks')?.AsyncResource;
const outside = AsyncResource && new AsyncResource('JSTP');

/** The context of whoever calls this, for what is called back later; undefined where the platform has none. */
export function captureContext(): AsyncContext | undefined {
  return AsyncResource && new AsyncResource('JSTP');
}

/**
 * Runs a function in the context in which this package was loaded, which is nobody's: a socket is in that of whoever
 * made it, and what a peer starts must not run there.
 */
export function runInRootContext<Args extends unknown[], T>(run: (...args: Args) => T, ...args: Args): T {
  return outside ? outside.runInAsyncScope(run, undefined, ...args) : run(...args);
}

/** A function that runs in the context of now, whoever calls it. */
export function bindContext<Args extends unknown[], T>(run: (...args: Args) => T): (...args: Args) => T {
  const context = captureContext();
  return context ? (...args) => context.runInAsyncScope(run, undefined, ...args) : run;
}
