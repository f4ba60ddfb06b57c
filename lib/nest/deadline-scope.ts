import { AsyncLocalStorage } from 'node:async_hooks';
import { now } from '../util/host.js';

// Made when the first client asks for it. Why: a storage makes each async operation of the program a little dearer.
let storage: AsyncLocalStorage<number> | undefined;

/** From now on, handlers run with the deadline of their call. */
export function useDeadlineScope(): void {
  storage ??= new AsyncLocalStorage();
}

/** Runs the handler of a call. @param remainingMs what is left of the call's time, in milliseconds */
export function runInDeadlineScope<T>(remainingMs: number, run: () => T): T {
  return storage ? storage.run(now() + remainingMs, run) : run();
}

/** What is left of the call that is being handled, in milliseconds, never below 0; undefined: any time. */
export function inheritedMs(): number | undefined {
  const endsAt = storage?.getStore();
  return endsAt === undefined ? undefined : Math.max(0, endsAt - now());
}
