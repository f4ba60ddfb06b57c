import { nextTick } from '../util/host.js';

/** Counts what journals hold, and says whether they may hold more. */
export interface JournalCounter {
  /** Whether nothing new may be journaled. Answers of calls under way still may. */
  readonly isFull: boolean;
  /** Whether not even answers may be journaled. */
  readonly isOverflowing: boolean;
  /** Adds to the count; a negative number takes off it. */
  add(bytes: number): void;
}

/** Makes room where journals hold more than they may. */
export interface JournalMeterOwner {
  /**
   * Ends sessions until the journals hold no more than they may. Called in the tick after they do.
   * @returns whether that was not enough: nothing new may be journaled then
   */
  makeRoom(meter: JournalMeter): boolean;
}

/** Answers of calls under way may make this many times what a journal may hold, or several. */
export const ANSWERS_OVER = 2;

/** Counts the bytes of the journals that one limit counts together. */
export class JournalMeter implements JournalCounter {
  /** What the journals hold together, as {@link Journal.bytes} counts it. */
  bytes = 0;
  isFull = false;
  private isScheduled = false;

  /** @param maxBytes how much the journals may hold together */
  constructor(
    private readonly maxBytes: number,
    private readonly owner: JournalMeterOwner,
  ) {}

  /** Whether the journals hold more than they may. */
  get isOver(): boolean {
    return this.bytes > this.maxBytes;
  }

  get isOverflowing(): boolean {
    return this.isFull && this.bytes > this.maxBytes * ANSWERS_OVER;
  }

  add(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes <= this.maxBytes) this.isFull = false;
    else if (bytes > 0) this.schedule();
  }

  /** Looks again whether room can be made, as a client has gone away. */
  retry(): void {
    if (this.isFull) this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    // Why not at once: sessions end, and one of them is in the middle of writing a message here.
    nextTick(() => {
      this.isScheduled = false;
      this.isFull = this.isOver && this.owner.makeRoom(this);
    });
  }
}
