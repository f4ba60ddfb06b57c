import type { SeededRandom } from './seeded-random.js';

/** One way of a link. */
export type Direction = 'toServer' | 'toClient';

/** One end of a link. */
export type Side = 'client' | 'server';

/** A number, or a range that numbers are picked from by the seed, both ends included. */
export type Amount = number | readonly [from: number, to: number];

/** Both ways of a link. */
export const DIRECTIONS: readonly Direction[] = ['toServer', 'toClient'];

/**
 * The number of an amount.
 * @param fallback where nothing is said
 */
export function pickAmount(amount: Amount | undefined, random: SeededRandom, fallback: number): number {
  if (amount === undefined) return fallback;
  return typeof amount === 'number' ? amount : random.between(amount[0], amount[1]);
}

/** What a peer sees of a line that breaks. */
export function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
}
