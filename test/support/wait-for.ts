import { setTimeout as delay } from 'node:timers/promises';

const POLL_INTERVAL_MS = 2;

/** Bound of every wait in the tests: far beyond what a loaded machine needs, so that only a real failure reaches it. */
export const WAIT_LIMIT_MS = Number(process.env['JSTP_WAIT_LIMIT_MS'] ?? 20_000);

/** Resolves once `predicate` holds; fails at the deadline, naming what did not come. */
export async function waitFor(
  predicate: () => boolean,
  what: string,
  limitMs = WAIT_LIMIT_MS,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!predicate()) {
    if (Date.now() > deadline) throw new Error(`Waited ${String(limitMs)} ms in vain for ${what}`);
    await delay(POLL_INTERVAL_MS);
  }
}

/** The outcome of `promise`, or a failure at the deadline: a call that is never answered must not cost the whole test run. */
export async function within<T>(promise: PromiseLike<T>, what: string, limitMs = WAIT_LIMIT_MS): Promise<T> {
  const cancelled = new AbortController();
  const deadline = delay(limitMs, undefined, { signal: cancelled.signal }).then(() => {
    throw new Error(`Waited ${String(limitMs)} ms in vain for ${what}`);
  });
  // Lost races end with an AbortError that concerns nobody.
  deadline.catch(() => undefined);
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    cancelled.abort();
  }
}

/** Lets everything run that is already under way on this machine's loopback: for asserting that something does not come. */
export async function settle(): Promise<void> {
  await delay(30);
}
