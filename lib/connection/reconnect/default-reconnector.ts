import { randomUpTo } from '../../util/random.js';
import type { Reconnector } from '../client-options.js';

const FIRST_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 32_000;
const MAX_RANDOM_MS = 1000;

/**
 * The reconnector of a client that brings none: waits 1 s before the first attempt, twice as long before
 * each further one up to 32 s, and up to 1 s at random each time, so that the clients of a restarted
 * server do not come all at once. A line that is lost within a second counts as an attempt that failed, but for
 * the first. Where the server has answered that the session is lost, it logs in at once.
 */
export const defaultReconnector: Reconnector = ({ redialer }, reconnectFn) => {
  if (!redialer) return;
  const { failures, isSessionLost } = redialer;
  const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS);
  const isAwaited = isSessionLost && failures === 0;
  redialer.later(isAwaited ? 0 : backoffMs + randomUpTo(MAX_RANDOM_MS), () => {
    reconnectFn();
  });
};
