import { afterContinuations, host, now } from './host.js';
import { WaitingLine, type TimeAccount } from './waiting-line.js';

/** After so many bytes of work the clock is read. */
const CLOCK_EVERY_BYTES = 16 * 1024;
/** What a message counts as besides its bytes. Why: the work of a small call is that of some hundred bytes. */
const MESSAGE_BYTES = 256;
/** Who has done less in a turn, in bytes, since its slice began, need not wait. Why: small calls of others go on. */
const ALWAYS_DONE_BYTES = 8 * 1024;
/** How long work may go on in a turn of the event loop before the rest of the program gets one, in milliseconds. */
const SLICE_MS = 5;
/** How long one of those who wait goes on before it is the turn of another one, in milliseconds. */
const SHARE_MS = 1;

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
 * Those who wait go on one after another, the first the one that has had the least time, until the slice is over again.
 */
export class TimeSlice {
  /** When it is over; undefined: nothing has been done in this turn. */
  private end: number | undefined;
  /** When the one that goes on has had its share. */
  private shareEnd = Infinity;
  private readonly line = new WaitingLine();
  /** How many bytes were read and written since the clock was read. */
  private uncheckedBytes = 0;
  /** Whether the slice was over when the clock was read. */
  private wasOver = false;
  /** Another number for each slice, and for the time between two of them. */
  private turn = 0;

  /** @param clock tells the time in milliseconds */
  constructor(private readonly clock: () => number = now) {}

  /** Whether more has to wait for a later turn. Begins the slice with the first work of a turn. */
  isOver(): boolean {
    if (this.end === undefined) this.begin();
    else this.wasOver = this.clock() >= Math.min(this.end, this.shareEnd);
    return this.wasOver;
  }

  /**
   * The same for a message of so many bytes. When the slice is over, those wait who have done much in it. Why by bytes: the
   * clock is read once for many small messages.
   */
  isOverFor(bytes: number, user: SliceUser): boolean {
    this.did(bytes + MESSAGE_BYTES, user);
    if (this.uncheckedBytes >= CLOCK_EVERY_BYTES) {
      this.uncheckedBytes = 0;
      this.isOver();
    }
    return this.wasOver && user.sliceBytes >= ALWAYS_DONE_BYTES;
  }

  /** Counts work of so many bytes that does not wait, such as an answer. */
  did(bytes: number, user: SliceUser): void {
    this.uncheckedBytes += bytes;
    user.sliceBytes = bytes + (user.sliceTurn === this.turn ? user.sliceBytes : 0);
    user.sliceTurn = this.turn;
  }

  /**
   * Calls back in a later turn. Only where {@link isOver} has said so.
   * @param account whose time it takes; undefined: of one that has just had its share
   */
  wait(run: () => void, account?: TimeAccount): void {
    if (account) this.line.add(run, account);
    else this.line.addAlone(run, SHARE_MS);
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
    this.line.end(this.clock());
    this.shareEnd = Infinity;
    this.wasOver = false;
    if (this.line.isEmpty || this.isOver()) return;
    // Before the call, which may throw. Why later: what awaits a Promise does its work by then.
    afterContinuations(() => {
      this.goOn();
    });
    const time = this.clock();
    this.shareEnd = time + SHARE_MS;
    this.line.begin(time)?.();
  }
}

/** The slice of all connections: messages that they read, and values of streams that they send. */
export const sharedSlice = new TimeSlice();

function afterRealPoll(callback: () => void): void {
  if (setImmediate) setImmediate(callback);
  else setTimeout(callback, 0);
}
