import { host } from './host.js';

/** An asynchronous context: the one in which `AsyncLocalStorage` finds its values. */
export interface AsyncContext {
  /** Runs a function in this context. */
  runInAsyncScope<Args extends unknown[], T>(run: (...args: Args) => T, thisArg: unknown, ...args: Args): T;
}

// Undefined in a browser, which has no such contexts.
const AsyncResource = host.process?.getBuiltinModule?.('node:async_hooks')?.AsyncResource;
const outside = AsyncResource && new AsyncResource('JSTP');
// Before Node 24, what a function enters stays with the AsyncResource that it runs in. Why by version: to try it out
// starts the hooks of Node, and each Promise of the process costs more from then on.
const isSoiled = Number.parseInt(host.process?.versions?.node ?? '') < 24;

/**
 * A context that has what the one outside has; what is entered there does not come into that one.
 * Why not a new AsyncResource: it would have what the present context has. Why a constructor, and not `Object.create`: one
 * is made for each message.
 */
const Apart = function () {
  // All it has is inherited.
} as unknown as new () => AsyncContext;
Apart.prototype = outside;

/** Returns the caller's context, for callbacks that run later; undefined where the platform has no contexts. */
export function captureContext(): AsyncContext | undefined {
  return AsyncResource && new AsyncResource('JSTP');
}

/**
 * Runs a function in the context in which this package was loaded, which belongs to no request. What the function
 * enters (`AsyncLocalStorage.enterWith`) ends with it.
 * Why: a socket's events run in the context of the code that opened it, and what a peer starts must not run there.
 */
export function runInRootContext<Args extends unknown[], T>(run: (...args: Args) => T, ...args: Args): T {
  if (!outside) return run(...args);
  return (isSoiled ? new Apart() : outside).runInAsyncScope(run, undefined, ...args);
}

/** Returns a function that runs in the present context, wherever it is called. */
export function bindContext<Args extends unknown[], T>(run: (...args: Args) => T): (...args: Args) => T {
  const context = captureContext();
  return context ? (...args) => context.runInAsyncScope(run, undefined, ...args) : run;
}
