import { runInRootContext } from './async-context.js';
import { now } from './host.js';
import { startPatientTimer, stopTimer, type Timer } from './timer.js';

/**
 * Many waits of the same length on one timer. Entries expire in the order in which they were added, and never before
 * what had arrived in time was read (see {@link startPatientTimer}).
 *
 * Why not a timer for each: a server with 10,000 connections has 10,000 handshakes to wait for. Node keeps timers of one
 * length in one list, too, but a timer is larger than an entry of a Map.
 */
export class DeadlineQueue<T> {
  // Invariant: the order of insertion is the order of expiry, because all entries wait for the same time.
  private readonly deadlines = new Map<T, number>();
  private timer: Timer | undefined;

  /**
   * @param durationMs how long an entry waits, in milliseconds
   * @param onExpire called with an entry whose time is over, after the entry was removed, and with the milliseconds since
   */
  constructor(
    private readonly durationMs: number,
    private readonly onExpire: (entry: T, lateMs: number) => void,
  ) {}

  /** How many entries wait. */
  get size(): number {
    return this.deadlines.size;
  }

  /** Iterates over the entries in the order of their expiry. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.deadlines.keys();
  }

  /** Adds an entry. The wait of an entry that is there already starts again. */
  add(entry: T): void {
    this.deadlines.delete(entry);
    this.deadlines.set(entry, now() + this.durationMs);
    if (this.timer === undefined) this.arm(this.durationMs);
  }

  /** Removes an entry, which does not expire then. */
  delete(entry: T): void {
    this.deadlines.delete(entry);
    if (this.deadlines.size > 0) return;
    stopTimer(this.timer);
    this.timer = undefined;
  }

  private arm(delayMs: number): void {
    // Else all that expire would run in the async context of the one that came first.
    this.timer = runInRootContext(startPatientTimer, delayMs, () => {
      this.timer = undefined;
      this.expire();
    });
  }

  private expire(): void {
    const time = now();
    for (const [entry, deadline] of this.deadlines) {
      if (deadline > time) break;
      this.deadlines.delete(entry);
      this.onExpire(entry, time - deadline);
    }
    const next = this.deadlines.values().next();
    if (!next.done && this.timer === undefined) this.arm(Math.max(1, next.value - time));
  }
}
