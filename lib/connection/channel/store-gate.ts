import { runInRootContext } from '../../util/async-context.js';
import { nextTick } from '../../util/host.js';
import { startTimer, stopTimer } from '../../util/timer.js';

/** What waits to be stored. */
interface Waiting {
  readonly act: () => void;
  /** The number of the peer's message that it acts on; undefined where it acts on none. */
  readonly received: number | undefined;
}

/**
 * Holds back what a connection does until its session is stored as it was when that was decided. Handlers run and texts
 * go out in their order, each after a save that includes it. One save serves all that has come during the save before.
 */
export class StoreGate {
  private waiting: Waiting[] = [];
  /** What the save under way includes, or what the last one included and is being done. */
  private batch: Waiting[] = [];
  /** How many of the batch are done. */
  private done = 0;
  private onIdle: (() => void)[] = [];
  private isSaving = false;
  private isClosed = false;

  /**
   * @param save stores the session as it is at the time of the call; a failure means that it never will be
   * @param cap how many may wait before reading from the peer stops
   * @param onFullness called when so many wait, and when that may be over
   * @param report gets what an action throws; the others run nevertheless
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

  /**
   * The number of the last received message that was acted on: what comes after it the peer must keep.
   * @param receivedCount the number of the last one that was received
   */
  actedCount(receivedCount: number): number {
    const isReceived = ({ received }: Waiting): boolean => received !== undefined;
    const first = this.batch.slice(this.done).find(isReceived) ?? this.waiting.find(isReceived);
    return first?.received === undefined ? receivedCount : Math.abs(first.received) - 1;
  }

  /**
   * Runs something after a save.
   * @param received the number of the peer's message that it acts on
   */
  run(act: () => void, received?: number): void {
    if (this.isClosed) return;
    this.waiting.push({ act, received });
    if (this.waiting.length === this.cap) this.onFullness();
    if (this.isSaving) return;
    this.isSaving = true;
    // Later. Why: one save then includes what the rest of this tick brings.
    nextTick(() => {
      void this.commit();
    });
  }

  /** Drops what waits: the session goes elsewhere. @returns see {@link actedCount} */
  close(receivedCount: number): number {
    const actedCount = this.actedCount(receivedCount);
    this.drop();
    return actedCount;
  }

  private drop(): void {
    this.isClosed = true;
    this.waiting = [];
    this.batch = [];
    this.tellIdle();
  }

  /** Waits until nothing waits, or the time (in milliseconds) is over. @returns whether nothing waits */
  async idle(timeoutMs: number): Promise<boolean> {
    if (!this.isSaving || this.isClosed) return true;
    return new Promise((resolve) => {
      const timer = startTimer(timeoutMs, () => {
        resolve(false);
      });
      this.onIdle.push(() => {
        stopTimer(timer);
        resolve(true);
      });
    });
  }

  /** Ends the waits of {@link idle}. */
  tellIdle(): void {
    for (const tell of this.onIdle.splice(0)) tell();
  }

  private perform({ act }: Waiting): void {
    try {
      runInRootContext(act);
    } catch (error) {
      this.report(error);
    }
  }

  private async commit(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.batch = batch;
      this.done = 0;
      this.waiting = [];
      try {
        await this.save();
      } catch {
        // `save` has reported it, and ends the connection.
        this.drop();
        return;
      }
      for (const waiting of batch) {
        if (this.isClosed) return;
        this.done += 1;
        this.perform(waiting);
      }
      this.batch = [];
      if (batch.length >= this.cap) this.onFullness();
    }
    this.isSaving = false;
    this.tellIdle();
  }
}
