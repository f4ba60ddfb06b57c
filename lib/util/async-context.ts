import { host, type AsyncHooks } from './host.js';

/** An asynchronous context: the one in which `AsyncLocalStorage` finds its values. */
export interface AsyncContext {
  /** Runs a function in this context. */
  runInAsyncScope<Args extends unknown[], T>(run: (...args: Args) => T, thisArg: unknown, ...args: Args): T;
}

// Undefined in a browser, which has no such contexts.
const hooks = host.process?.getBuiltinModule?.('node:async_hooks');
const AsyncResource = hooks?.AsyncResource;
const outside = AsyncResource && new AsyncResource('JSTP');
const isSoiled = hooks !== undefined && keepsWhatIsEntered(hooks);

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
  return isSoiled
    ? (outside.runInAsyncScope(runApart, undefined, run as never, args) as T)
    : outside.runInAsyncScope(run, undefined, ...args);
}

/** Runs a function in a context of its own that begins as the present one is. */
function runApart(run: (...args: unknown[]) => unknown, args: unknown[]): unknown {
  return AsyncResource ? new AsyncResource('JSTP').runInAsyncScope(run, undefined, ...args) : run(...args);
}

/** Returns a function that runs in the present context, wherever it is called. */
export function bindContext<Args extends unknown[], T>(run: (...args: Args) => T): (...args: Args) => T {
  const context = captureContext();
  return context ? (...args) => context.runInAsyncScope(run, undefined, ...args) : run;
}

/** Whether what a function enters stays with the AsyncResource that it runs in, as it does on Node before 24. */
function keepsWhatIsEntered(hooks: AsyncHooks): boolean {
  const storage = new hooks.AsyncLocalStorage();
  const resource = new hooks.AsyncResource('JSTP');
  resource.runInAsyncScope(() => {
    storage.enterWith(true);
  }, undefined);
  const stays = resource.runInAsyncScope(() => storage.getStore() !== undefined, undefined);
  storage.disable();
  return stays;
}
