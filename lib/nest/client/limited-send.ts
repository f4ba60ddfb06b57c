import type { Observable, Subscriber, Subscription } from 'rxjs';
import { CallLimit } from '../../connection/calls/call-limit.js';
import type { RemoteError } from '../../protocol/remote-error.js';
import { bindContext } from '../../util/async-context.js';
import { startKeepAliveTimer, stopTimer, type Timer } from '../../util/timer.js';
import type { Attempt } from '../jstp-record.js';
import type { CallRule } from './call-rules.js';

/**
 * One call of `send`, with all of its attempts, from the subscription to its end: what it waits for a connection counts
 * as well.
 */
export class LimitedSend<T> implements Attempt {
  reason: RemoteError | undefined;
  private readonly limit: CallLimit;
  private attempts = 0;
  private hasValue = false;
  private inner: Subscription | undefined;
  /** Until the next attempt. */
  private timer: Timer | undefined;

  /**
   * Begins.
   * @param attempt makes an attempt when it is subscribed to
   */
  constructor(
    private readonly rule: CallRule,
    private readonly subscriber: Subscriber<T>,
    private readonly attempt: (attempt: Attempt) => Observable<T>,
  ) {
    const end = (error: RemoteError): void => {
      this.reason = error;
      this.giveUp();
      subscriber.error(error);
    };
    this.limit = new CallLimit(rule, bindContext(end));
    if (!this.limit.isOverAtOnce) this.begin();
  }

  get remainingMs(): number | undefined {
    return this.limit.remainingMs;
  }

  /** The subscriber has left, or the call is over. */
  stop(): void {
    this.limit.stop();
    this.giveUp();
  }

  private giveUp(): void {
    stopTimer(this.timer);
    this.inner?.unsubscribe();
  }

  private begin(): void {
    this.attempts += 1;
    this.inner = this.attempt(this).subscribe({
      next: (value) => {
        this.hasValue = true;
        this.subscriber.next(value);
      },
      error: (error: unknown) => {
        this.failed(error);
      },
      complete: () => {
        this.rule.retries?.succeeded();
        this.limit.stop();
        this.subscriber.complete();
      },
    });
  }

  private failed(error: unknown): void {
    // What has values already would bring them twice.
    const delayMs = this.hasValue ? undefined : this.rule.retries?.delayAfter(error, this.attempts);
    const { remainingMs = Infinity } = this;
    if (delayMs !== undefined && delayMs < remainingMs) {
      this.timer = startKeepAliveTimer(delayMs, () => {
        this.begin();
      });
      return;
    }
    this.limit.stop();
    this.subscriber.error(error);
  }
}
