import type { Direction } from '../../lib/testing/faults.js';

/** Where the line of an exchange is cut. */
export interface Cut {
  readonly direction: Direction;
  /** How many bytes arrive before. */
  readonly offset: number;
}

/** What became of an exchange that was cut at many places. */
export interface ExchangeReport {
  readonly transport: string;
  /** How many bytes go in each direction where nothing is cut. */
  readonly bytes: Readonly<Record<Direction, number>>;
  readonly cuts: number;
  /** In words, each with its place. */
  readonly wrongs: readonly string[];
  readonly ms: number;
}

/** Every place of both directions, from before the first byte to after the last one, or each n-th of them. */
export function placesOf(bytes: Readonly<Record<Direction, number>>, step = 1): Cut[] {
  return (['toServer', 'toClient'] as const).flatMap((direction) =>
    Array.from({ length: Math.floor(bytes[direction] / step) + 1 }, (_, index) => ({
      direction,
      offset: index * step,
    })),
  );
}

/** Says what is wrong with a place. */
export const wrongAt = (transport: string, { direction, offset }: Cut, what: string): string =>
  `${transport}, cut ${direction} after ${offset} bytes: ${what}`;
