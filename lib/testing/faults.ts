import type { SeededRandom } from './seeded-random.js';

/** A direction in which bytes travel between a client and a server. */
export type Direction = 'toServer' | 'toClient';

/** One of the two sides of a connection. */
export type Side = 'client' | 'server';

/** A number, or a range from which numbers are picked by the seed, both ends included. */
export type Amount = number | readonly [from: number, to: number];

/** Both directions. */
export const DIRECTIONS: readonly Direction[] = ['toServer', 'toClient'];

/**
 * Picks the number of an amount.
 * @param fallback the number where the amount is undefined
 */
export function pickAmount(amount: Amount | undefined, random: SeededRandom, fallback: number): number {
  if (amount === undefined) return fallback;
  return typeof amount === 'number' ? amount : random.between(amount[0], amount[1]);
}

/** Makes the error of a socket whose network connection was reset. */
export function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
}
