import { randomUpTo } from '../util/random.js';
import type { Reconnector } from './client-options.js';

const FIRST_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 32_000;
const MAX_RANDOM_MS = 1000;

/**
 * The reconnector of a client that brings none: waits 1 s before the first attempt, twice as long before
 * each further one up to 32 s, and up to 1 s at random each time, so that the clients of a restarted
 * server do not come all at once.
 */
export function createDefaultReconnector(): Reconnector {
  let backoffMs = FIRST_BACKOFF_MS;
  return (connection, reconnectFn) => {
    connection.redialer?.later(backoffMs + randomUpTo(MAX_RANDOM_MS), () => {
      reconnectFn((error: unknown) => {
        backoffMs = error ? Math.min(backoffMs * 2, MAX_BACKOFF_MS) : FIRST_BACKOFF_MS;
      });
    });
  };
}
