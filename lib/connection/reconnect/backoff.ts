import { randomUpTo } from '../../util/random.js';

const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 32_000;
const MAX_RANDOM_MS = 1000;

/**
 * How long a client that brings no reconnector waits before its next attempt, in milliseconds: 1 s at first, twice as
 * long after each failure, up to 32 s. Up to 1 s is added at random, so that the clients of a restarted server do not
 * come all at once. A client whose session is lost, at a server that is there, logs in at once.
 * @param failures how many attempts have failed since the last transport that lasted
 * @param isSessionLost whether the server has refused the session as lost
 */
export function backoffMs(failures: number, isSessionLost: boolean): number {
  if (isSessionLost && failures === 0) return 0;
  return Math.min(FIRST_DELAY_MS * 2 ** failures, MAX_DELAY_MS) + randomUpTo(MAX_RANDOM_MS);
}
