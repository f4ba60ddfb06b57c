import { now } from './host.js';
import { startPatientTimer, stopTimer, type Timer } from './timer.js';

/**
 * Many waits of the same length on one timer: a server with 10,000 connections has one timer for all
 * their handshakes, not one each. Entries expire in the order of their adding, and never before what had arrived in
 * time was read (see {@link startPatientTimer}).
 */
export class DeadlineQueue<T> {
  // Insertion order is expiry order, because every entry waits for the same time.
  private readonly deadlines = new Map<T, number>();
  private timer: Timer | undefined;

  /**
   * @param durationMs how long an entry waits
   * @param onExpire called with an entry whose time is over; the entry has left the queue by then
   */
  constructor(
    private readonly durationMs: number,
    private readonly onExpire: (entry: T) => void,
  ) {}

  /** How many entries wait. */
  get size(): number {
    return this.deadlines.size;
  }

  /** The entry that expires first. */
  get oldest(): T | undefined {
    return this.deadlines.keys().next().value;
  }

  /** The entries, the first to expire first. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.deadlines.keys();
  }

  /** Starts an entry's wait, or starts it again. */
  add(entry: T): void {
    this.deadlines.delete(entry);
    this.deadlines.set(entry, now() + this.durationMs);
    if (this.timer === undefined) this.arm(this.durationMs);
  }

  /** Ends an entry's wait without its expiry. */
  delete(entry: T): void {
    this.deadlines.delete(entry);
    if (this.deadlines.size === 0) this.disarm();
  }

  /** Ends all waits. */
  clear(): void {
    this.deadlines.clear();
    this.disarm();
  }

  private arm(delayMs: number): void {
    this.timer = startPatientTimer(delayMs, () => {
      this.timer = undefined;
      this.expire();
    });
  }

  private disarm(): void {
    stopTimer(this.timer);
    this.timer = undefined;
  }

  private expire(): void {
    const time = now();
    for (const [entry, deadline] of this.deadlines) {
      if (deadline > time) break;
      this.deadlines.delete(entry);
      this.onExpire(entry);
    }
    const next = this.deadlines.values().next();
    if (!next.done && this.timer === undefined) this.arm(Math.max(1, next.value - time));
  }
}
