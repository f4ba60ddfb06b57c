import { setTimeout as delay } from 'node:timers/promises';

const POLL_INTERVAL_MS = 2;

/** Bound of every wait in the tests: far beyond what a loaded machine needs, so that only a real failure reaches it. */
export const WAIT_LIMIT_MS = Number(process.env['JSTP_WAIT_LIMIT_MS'] ?? 20_000);

/** Resolves once `predicate` holds, which may have to ask; fails at the deadline, naming what did not come. */
export async function waitFor(
  predicate: () => boolean | Promise<boolean>,
  what: string,
  limitMs = WAIT_LIMIT_MS,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await predicate())) {
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

/** Tries until it works: a port is not free, or a server not there, from one moment to the next. */
export async function retried<T>(attempt: () => Promise<T>, what: string): Promise<T> {
  let outcome: { readonly value: T } | undefined;
  await waitFor(async () => {
    outcome = await attempt().then(
      (value) => ({ value }),
      () => undefined,
    );
    return outcome !== undefined;
  }, what);
  if (!outcome) throw new Error(`Nothing came of ${what}`);
  return outcome.value;
}
