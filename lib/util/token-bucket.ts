import { now } from './host.js';

const SECOND_MS = 1000;

/** Bounds how often something happens: each time takes a token, and tokens come back with time. */
export class TokenBucket {
  private tokens: number;
  private filledAt = now();

  /**
   * @param capacity how many tokens there are at most, and at first
   * @param perSecond how many come back in a second
   */
  constructor(
    private readonly capacity: number,
    private readonly perSecond: number,
  ) {
    this.tokens = capacity;
  }

  /** How many tokens there are now; a fraction counts. */
  get level(): number {
    const time = now();
    this.tokens = Math.min(
      this.capacity,
      this.tokens + ((time - this.filledAt) * this.perSecond) / SECOND_MS,
    );
    this.filledAt = time;
    return this.tokens;
  }

  get isFull(): boolean {
    return this.level >= this.capacity;
  }

  /** Takes a token. @returns whether there was one */
  take(): boolean {
    if (this.level < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
