import { ignore } from '../util/callback.js';

/** From how many bytes on too much waits on a connection of a server for whose clients much waits. */
export const CROWDED_MARK = 64 * 1024;
/** What part of the limit may be left when it was exceeded. Why less than all: the next message exceeds it no more. */
const LEFT_PART = 7 / 8;

/** What waits to be sent on one connection, as the meter sees it. */
export interface MeteredBacklog {
  /** How many bytes have waited when that was told last. */
  readonly bytes: number;
  /** Counts again what waits: some may have left. */
  recount(): void;
  /** Gives the peer up. */
  giveUp(): void;
}

/** Counts the bytes that wait to be sent on all connections of a server. */
export class SendMeter {
  /** How many bytes wait, or have left only lately. */
  bytes = 0;
  private readonly backlogs = new Set<MeteredBacklog>();
  private isShedding = false;

  /**
   * @param maxBytes how many may wait. Over that, those for whom the most waits are given up
   * @param onHeld called when a client is not served on because so much waits for all, or when clients are given up
   */
  constructor(
    private readonly maxBytes: number,
    readonly onHeld: () => void = ignore,
  ) {}

  /** Whether so much waits that no connection should keep much waiting. */
  get isCrowded(): boolean {
    return this.bytes > this.maxBytes / 2;
  }

  /** Counts a backlog that has changed. @param before how many bytes were counted of it */
  count(backlog: MeteredBacklog, before: number): void {
    const { bytes } = backlog;
    this.bytes += bytes - before;
    if (bytes === 0) this.backlogs.delete(backlog);
    else if (before === 0) this.backlogs.add(backlog);
    if (this.bytes > this.maxBytes && !this.isShedding) this.shed();
  }

  private shed(): void {
    this.isShedding = true;
    const left = this.maxBytes * LEFT_PART;
    for (const backlog of this.backlogs) backlog.recount();
    if (this.bytes > left) {
      this.onHeld();
      const largestFirst = [...this.backlogs].sort((a, b) => b.bytes - a.bytes);
      for (const backlog of largestFirst) {
        if (this.bytes <= left) break;
        backlog.giveUp();
      }
    }
    this.isShedding = false;
  }
}
