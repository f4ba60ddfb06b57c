import { afterContinuations, host, now } from './host.js';

/** From this size on, in bytes, work is long. Short work counts together. */
const LONG_WORK_BYTES = 16 * 1024;
/** Who has done less in a turn, in bytes, since its slice began, need not wait. Why: small calls of others go on. */
const ALWAYS_DONE_BYTES = 4 * 1024;
/** How long work may go on in a turn of the event loop before the rest of the program gets one, in milliseconds. */
const SLICE_MS = 10;

// The real one. Why: a test that replaces it, and never runs it, would leave all later work waiting.
const setImmediate = host.setImmediate?.bind(host);
const setTimeout = host.setTimeout.bind(host);

/** One of those who share a slice, with what it has done in the present turn. */
export interface SliceUser {
  /** The turn that {@link sliceBytes} is of. */
  sliceTurn: number;
  /** How many bytes it has read and written since the slice of that turn began. */
  sliceBytes: number;
}

/**
 * The time that long work may take in one turn of the event loop: one for all who share it, as they share the loop.
 * Those who wait go on one after another, each until the time is over again.
 */
export class TimeSlice {
  /** When it is over; undefined: nothing has been done in this turn. */
  private end: number | undefined;
  private waiting: (() => void)[] = [];
  /** How many bytes short work has read and written since the clock was read. */
  private shortBytes = 0;
  /** Whether the slice was over when the clock was read. */
  private wasOver = false;
  /** Another number for each slice, and for the time between two of them. */
  private turn = 0;

  /** @param clock tells the time in milliseconds */
  constructor(private readonly clock: () => number = now) {}

  /** Whether more has to wait for a later turn. Begins the slice with the first work of a turn. */
  isOver(): boolean {
    if (this.end === undefined) this.begin();
    else this.wasOver = this.clock() >= this.end;
    return this.wasOver;
  }

  /**
   * The same for work of so many bytes. When the slice is over, those wait who have done much in it. Why by bytes: the clock
   * is read once for many small messages.
   */
  isOverFor(bytes: number, user: SliceUser): boolean {
    this.did(bytes, user);
    if (this.shortBytes >= LONG_WORK_BYTES) {
      this.shortBytes = 0;
      this.isOver();
    }
    return this.wasOver && user.sliceBytes >= ALWAYS_DONE_BYTES;
  }

  /** Counts work of so many bytes that does not wait, such as an answer. */
  did(bytes: number, user: SliceUser): void {
    this.shortBytes += bytes;
    user.sliceBytes = bytes + (user.sliceTurn === this.turn ? user.sliceBytes : 0);
    user.sliceTurn = this.turn;
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

  private begin(): void {
    this.end = this.clock() + SLICE_MS;
    this.turn += 1;
    afterRealPoll(() => {
      this.end = undefined;
      this.wasOver = false;
      this.turn += 1;
      this.goOn();
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
