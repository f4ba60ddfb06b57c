import { callTimeout, cancelledBy, type TimeoutInfo } from '../../protocol/call-ends.js';
import type { RemoteError } from '../../protocol/remote-error.js';
import { nextTick, now, type AbortSignalLike } from '../../util/host.js';
import { nearDeadlines, type Expirable } from '../../util/shared-deadlines.js';

/** How long a call may take, and who may cancel it. */
export interface CallTerms {
  /** Milliseconds until the answer; undefined: any time. */
  readonly timeout?: number | undefined;
  /** Cancels the call when it fires. */
  readonly signal?: AbortSignalLike | undefined;
  /** Whose time it is. @default 'ERR_CALLER_TIMEOUT' */
  readonly whose?: TimeoutInfo | undefined;
}

/** Ends a call before its answer: when its time is over, or its signal fires. */
export class CallLimit implements Expirable {
  private readonly endsAt: number | undefined;
  private isOver = false;

  /**
   * Begins to watch.
   * @param terms when it ends
   * @param onOver called once when it is over, never before this returns; not after {@link stop}
   */
  constructor(
    private readonly terms: CallTerms,
    private readonly onOver: (error: RemoteError) => void,
  ) {
    const { timeout, signal } = terms;
    if (signal?.aborted) {
      nextTick(this.cancel);
      return;
    }
    signal?.addEventListener('abort', this.cancel, { once: true });
    if (timeout === undefined) return;
    this.endsAt = now() + timeout;
    if (timeout > 0) nearDeadlines(timeout).add(this);
    else
      nextTick(() => {
        this.expire();
      });
  }

  /** What is left, in milliseconds, never below 0; undefined: any time. */
  get remainingMs(): number | undefined {
    return this.endsAt === undefined ? undefined : Math.max(0, this.endsAt - now());
  }

  /** Whether the call was over before it began. */
  get isOverAtOnce(): boolean {
    return this.terms.signal?.aborted === true || this.terms.timeout === 0;
  }

  /** The call has its answer, or is cancelled in another way. */
  stop(): void {
    this.isOver = true;
    const { timeout, signal } = this.terms;
    if (timeout !== undefined) nearDeadlines(timeout).delete(this);
    signal?.removeEventListener('abort', this.cancel);
  }

  expire(): void {
    this.end(callTimeout(this.terms.whose ?? 'ERR_CALLER_TIMEOUT', this.terms.timeout));
  }

  private readonly cancel = (): void => {
    this.end(cancelledBy(this.terms.signal?.reason));
  };

  private end(error: RemoteError): void {
    if (this.isOver) return;
    this.stop();
    this.onOver(error);
  }
}
