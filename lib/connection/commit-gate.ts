import { runOutside } from '../util/context.js';
import { nextTick } from '../util/host.js';

/**
 * Holds back what a connection does until its session is stored as it was when that was decided: handlers run
 * and texts go out in the order of their coming, each after a save that knows of it. One save serves all that
 * has come while the one before it was under way.
 */
export class CommitGate {
  private waiting: (() => void)[] = [];
  private isSaving = false;
  private isClosed = false;

  /**
   * @param save stores the session as it is at the time of the call; a failure means that it never will be
   * @param cap how many may wait before the peer is not read any more
   * @param onFullness called when so many wait, and when that may be over
   * @param report takes what an action throws; the others run nevertheless
   */
  constructor(
    private readonly save: () => Promise<void>,
    private readonly cap: number,
    private readonly onFullness: () => void,
    private readonly report: (error: unknown) => void,
  ) {}

  /** Whether too many wait. */
  get isFull(): boolean {
    return this.waiting.length >= this.cap;
  }

  /** Runs something after a save. */
  run(action: () => void): void {
    if (this.isClosed) return;
    this.waiting.push(action);
    if (this.waiting.length === this.cap) this.onFullness();
    if (this.isSaving) return;
    this.isSaving = true;
    // What the rest of this tick brings is stored with it.
    nextTick(() => {
      void this.commit();
    });
  }

  /** Drops what waits: another owns the session. */
  close(): void {
    this.isClosed = true;
    this.waiting = [];
  }

  private perform(action: () => void): void {
    try {
      runOutside(action);
    } catch (error) {
      this.report(error);
    }
  }

  private async commit(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.save();
      } catch {
        // Whoever saves has reported it, and ends the connection.
        this.close();
        return;
      }
      if (this.isClosed) return;
      for (const action of batch) this.perform(action);
      if (batch.length >= this.cap) this.onFullness();
    }
    this.isSaving = false;
  }
}
