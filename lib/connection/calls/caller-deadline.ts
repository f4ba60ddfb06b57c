import { MAX_TIMER_MS } from '../../protocol/option-checks.js';
import { now } from '../../util/host.js';
import { nearDeadlines, type Expirable } from '../../util/shared-deadlines.js';

/** The end of the time that the caller of a received call waits. */
export class CallerDeadline implements Expirable {
  private readonly endsAt: number;

  private constructor(
    private readonly timeoutMs: number,
    private readonly call: { callerGone(): void },
  ) {
    this.endsAt = now() + timeoutMs;
    nearDeadlines(timeoutMs).add(this);
  }

  /** Starts with what a caller has said; undefined where that is no time. */
  static of(timeout: unknown, call: { callerGone(): void }): CallerDeadline | undefined {
    const isTime = typeof timeout === 'number' && timeout >= 0 && timeout <= MAX_TIMER_MS;
    return isTime ? new CallerDeadline(timeout, call) : undefined;
  }

  /** What is left, in milliseconds, never below 0. */
  get remainingMs(): number {
    return Math.max(0, this.endsAt - now());
  }

  /** The call is over. */
  stop(): void {
    nearDeadlines(this.timeoutMs).delete(this);
  }

  expire(): void {
    this.call.callerGone();
  }
}
