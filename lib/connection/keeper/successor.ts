import type { Connection } from '../connection.js';
import { startPatientKeepAliveTimer, stopTimer, type Timer } from '../../util/timer.js';

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
}

/** The connection that comes after one whose server has left, and what waits for it. */
export class Successor {
  /** Whether attempts may still fail. */
  isAwaited = false;
  private waiting: Waiter[] = [];
  private timer: Timer | undefined;

  /**
   * Waits for it from now on.
   * @param timeoutMs for how long attempts may fail; Infinity: for ever
   * @param onTimeout called when that is over: one more attempt decides
   */
  await(timeoutMs: number, onTimeout: () => void): void {
    stopTimer(this.timer);
    this.isAwaited = true;
    if (timeoutMs === Infinity) return;
    this.timer = startPatientKeepAliveTimer(timeoutMs, () => {
      this.isAwaited = false;
      onTimeout();
    });
  }

  /** Whether anything waits for it. */
  get isWaitedFor(): boolean {
    return this.waiting.length > 0;
  }

  /** A Promise of it. */
  wait(): Promise<Connection> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
  }

  /** It has come. */
  is(connection: Connection): void {
    for (const { resolve } of this.end()) resolve(connection);
  }

  /** It does not come. */
  fail(error: unknown): void {
    for (const { reject } of this.end()) reject(error);
  }

  private end(): readonly Waiter[] {
    const { waiting } = this;
    stopTimer(this.timer);
    this.isAwaited = false;
    this.waiting = [];
    return waiting;
  }
}
