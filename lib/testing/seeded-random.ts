/** Makes numbers that look random, and that follow from a seed alone: the same seed gives the same numbers. */
export class SeededRandom {
  private state: number;

  /** @param seed an integer; only its lowest 32 bits count */
  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** Makes a number from 0 up to, not including, 1. The algorithm is "mulberry32". */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Picks an integer of a range, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** Decides whether something happens that has this probability (0 to 1). */
  happens(probability: number): boolean {
    return this.next() < probability;
  }

  /** Picks one of several values. */
  pick<T>(values: readonly T[]): T {
    return values[this.between(0, values.length - 1)];
  }
}
