import { randomUpTo } from '../../util/random.js';
import type { ReconnectDelays } from './client-options.js';

/**
 * Milliseconds before the next attempt to connect: none before the first, then `minDelayMs` doubled with each
 * failure up to `maxDelayMs`. A random half of it is taken off, so that the clients of a restarted server do
 * not come all at once.
 *
 * @param failures how many attempts have failed in a row
 */
export function reconnectDelay(failures: number, { minDelayMs, maxDelayMs }: ReconnectDelays): number {
  if (failures <= 0) return 0;
  const delayMs = Math.min(maxDelayMs, minDelayMs * 2 ** (failures - 1));
  return delayMs - randomUpTo(Math.floor(delayMs / 2));
}
