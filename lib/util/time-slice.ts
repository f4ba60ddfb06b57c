import { afterContinuations, host, now } from './host.js';

/** From this size on, in bytes, work is long. Short work counts together. */
const LONG_WORK_BYTES = 16 * 1024;
/** How long work may go on in a turn of the event loop before the rest of the program gets one, in milliseconds. */
const SLICE_MS = 10;

// The real one. Why: a test that replaces it, and never runs it, would leave all later work waiting.
const setImmediate = host.setImmediate?.bind(host);
const setTimeout = host.setTimeout.bind(host);

/**
 * The time that long work may take in one turn of the event loop: one for all who share it, as they share the loop.
 * Those who wait go on one after another, each until the time is over again.
 */
export class TimeSlice {
  /** When it is over; undefined: nothing has been done in this turn. */
  private end: number | undefined;
  private waiting: (() => void)[] = [];
  /** How many bytes short work has read since it was asked about. */
  private shortBytes = 0;

  /** @param clock tells the time in milliseconds */
  constructor(private readonly clock: () => number = now) {}

  /** Whether more has to wait for a later turn. Begins the slice with the first work of a turn. */
  isOver(): boolean {
    if (this.end !== undefined) return this.clock() >= this.end;
    this.end = this.clock() + SLICE_MS;
    afterRealPoll(() => {
      this.end = undefined;
      this.goOn();
    });
    return false;
  }

  /**
   * The same for work of so many bytes. Why: the clock is read once for many small messages, and which of them has to wait
   * is a matter of chance, by their bytes.
   */
  isOverFor(bytes: number): boolean {
    this.shortBytes += bytes;
    if (this.shortBytes < LONG_WORK_BYTES) return false;
    this.shortBytes = 0;
    return this.isOver();
  }

  /** Calls back in a later turn, behind those who wait already. Only where {@link isOver} has said so. */
  wait(run: () => void): void {
    this.waiting.push(run);
  }

  /** Returns a Promise to await before a loop goes on; undefined while the slice is not over. */
  pause(): Promise<void> | undefined {
    if (!this.isOver()) return undefined;
    return new Promise<void>((resolve) => {
      this.wait(resolve);
    });
  }

  private goOn(): void {
    if (this.waiting.length === 0 || this.isOver()) return;
    // Before the call, which may throw. Why later: what awaits a Promise does its work by then.
    afterContinuations(() => {
      this.goOn();
    });
    this.waiting.shift()?.();
  }
}

/** The slice of all connections: messages that they read, and values of streams that they send. */
export const sharedSlice = new TimeSlice();

function afterRealPoll(callback: () => void): void {
  if (setImmediate) setImmediate(callback);
  else setTimeout(callback, 0);
}
