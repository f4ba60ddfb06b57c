import { nextTick } from '../util/host.js';

/** Counts the bytes of the journals of all sessions of a server. */
export class JournalMeter {
  /** What the journals hold together, as {@link Journal.bytes} counts it. */
  bytes = 0;
  private isOverScheduled = false;

  /**
   * @param maxBytes how much the journals may hold together
   * @param onOver called in the next tick when they hold more
   */
  constructor(
    private readonly maxBytes: number,
    private readonly onOver: () => void,
  ) {}

  /** Whether the journals hold more than they may. */
  get isOver(): boolean {
    return this.bytes > this.maxBytes;
  }

  /** Adds to the count; a negative number takes off it. */
  add(bytes: number): void {
    this.bytes += bytes;
    if (bytes <= 0 || !this.isOver || this.isOverScheduled) return;
    this.isOverScheduled = true;
    // Why not at once: `onOver` ends sessions, and one of them is in the middle of writing a message here.
    nextTick(() => {
      this.isOverScheduled = false;
      if (this.isOver) this.onOver();
    });
  }
}
