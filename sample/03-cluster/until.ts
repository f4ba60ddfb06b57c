import { setTimeout as delay } from 'node:timers/promises';

const LOOK_AGAIN_MS = 10;
const TIMEOUT_MS = 20_000;

/** Waits for something that is bound to come. */
export async function until(condition: () => boolean, what: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Waited ${TIMEOUT_MS} ms for ${what}`);
    await delay(LOOK_AGAIN_MS, undefined, { signal });
  }
}
