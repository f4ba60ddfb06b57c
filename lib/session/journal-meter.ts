import { nextTick } from '../util/host.js';

/** Counts what the journals of all sessions of a server hold. */
export class JournalMeter {
  /** What they hold, as {@link Journal.bytes} counts it. */
  bytes = 0;
  private isTelling = false;

  /**
   * @param maxBytes how much they may hold
   * @param onOver called after the present work when they hold more
   */
  constructor(
    private readonly maxBytes: number,
    private readonly onOver: () => void,
  ) {}

  /** Whether they hold more than they may. */
  get isOver(): boolean {
    return this.bytes > this.maxBytes;
  }

  /** Counts more, or less. */
  add(bytes: number): void {
    this.bytes += bytes;
    if (bytes <= 0 || !this.isOver || this.isTelling) return;
    this.isTelling = true;
    // Sessions that end while one of them is in the middle of a step would be a surprise to it.
    nextTick(() => {
      this.isTelling = false;
      if (this.isOver) this.onOver();
    });
  }
}
