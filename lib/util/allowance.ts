import { now } from './host.js';

/** So many may be had at once, and as many again within a time, evenly spread: a token bucket. */
export class Allowance {
  private left: number;
  private filledAt = now();

  /**
   * @param most how many may be had at once; Infinity: any number
   * @param refillMs how long it takes until as many may be had again, in milliseconds
   */
  constructor(
    private readonly most: number,
    private readonly refillMs: number,
  ) {
    this.left = most;
  }

  /** Takes one. @returns false: there is none left */
  take(): boolean {
    if (this.left < 1) this.refill();
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }

  private refill(): void {
    const time = now();
    this.left = Math.min(this.most, this.left + ((time - this.filledAt) / this.refillMs) * this.most);
    this.filledAt = time;
  }
}
