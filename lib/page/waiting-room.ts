import type { Connection } from '../connection/connection.js';
import { stringify } from '../mdsf/index.js';
import { ERR_JOURNAL_FULL, ERR_NOT_CONNECTED } from '../protocol/error-codes.js';
import type { Limits } from '../protocol/limits.js';
import { RemoteError } from '../protocol/remote-error.js';
import { DeadlineQueue } from '../util/deadline-queue.js';
import { isStreamInput } from '../util/stream-input.js';

/** A call or an event that waits for a connection. */
export interface Waiting {
  readonly args: unknown[];
  /** There is a connection. */
  send(connection: Connection): void;
  /** There is none in time, or none that would take it. */
  fail(error: unknown): void;
}

/**
 * What is called and emitted while there is no session that could keep it: before the first login, and after the session
 * was lost. It is bounded as the journal of a session is, and by time.
 */
export class WaitingRoom {
  /** How many bytes the texts of the arguments have. */
  private bytes = 0;
  private readonly sizes = new Map<Waiting, number>();
  private readonly deadlines: DeadlineQueue<Waiting> | undefined;

  /** @param timeoutMs how long something waits at most; Infinity: any time */
  constructor(
    private readonly limits: Limits,
    timeoutMs: number,
  ) {
    if (timeoutMs === Infinity) return;
    this.deadlines = new DeadlineQueue(timeoutMs, (waiting) => {
      this.remove(waiting);
      const text = `There was no connection within ${timeoutMs} ms (resumeTimeoutMs)`;
      waiting.fail(new RemoteError(ERR_NOT_CONNECTED, text));
    });
  }

  /**
   * Waits.
   * @throws RemoteError ERR_JOURNAL_FULL where as much waits as may; what `stringify` throws for arguments that cannot be
   * sent
   */
  add(waiting: Waiting): void {
    const { journalMaxEntries, journalMaxBytes, maxDepth } = this.limits;
    const plain = waiting.args.map((argument) => (isStreamInput(argument) ? null : argument));
    const size = stringify(plain, { maxDepth }).length;
    if (this.sizes.size >= journalMaxEntries || this.bytes >= journalMaxBytes)
      throw new RemoteError(ERR_JOURNAL_FULL);
    this.sizes.set(waiting, size);
    this.bytes += size;
    this.deadlines?.add(waiting);
  }

  /** Does not wait any longer. */
  remove(waiting: Waiting): void {
    this.bytes -= this.sizes.get(waiting) ?? 0;
    this.sizes.delete(waiting);
    this.deadlines?.delete(waiting);
  }

  /** Sends all, in order. */
  send(connection: Connection): void {
    for (const waiting of this.takeAll()) waiting.send(connection);
  }

  /** Fails all. */
  fail(error: unknown): void {
    for (const waiting of this.takeAll()) waiting.fail(error);
  }

  private takeAll(): Waiting[] {
    const all = [...this.sizes.keys()];
    for (const waiting of all) this.remove(waiting);
    return all;
  }
}
