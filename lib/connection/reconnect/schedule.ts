import { now } from '../../util/host.js';
import { startKeepAliveTimer, stopTimer, type Timer } from '../../util/timer.js';

/** A transport that is lost sooner than this after its handshake, in milliseconds, has ended no outage. */
export const STABLE_AFTER_MS = 1000;

/** Says how long a client waits before it dials again. */
export interface DelayPolicy {
  /** Milliseconds before the next attempt. */
  nextDelayMs(): number;
}

/** When a client dials in the background: after the delays of a policy, one attempt at a time. */
export class ReconnectSchedule {
  private timer: Timer | undefined;
  private dueAt = 0;

  /**
   * @param policy says how long to wait
   * @param dial called when an attempt is due; the schedule waits for the next one when it is told to
   */
  constructor(
    private readonly policy: DelayPolicy,
    private readonly dial: () => void,
  ) {}

  /** Whether an attempt is to come. */
  get isWaiting(): boolean {
    return this.timer !== undefined;
  }

  /** Milliseconds until the next attempt; undefined: none is to come. */
  get remainingMs(): number | undefined {
    return this.timer && Math.max(0, this.dueAt - now());
  }

  /** Waits for the next attempt. An attempt that is to come already stays where it is. */
  start(): void {
    if (this.timer) return;
    const delayMs = this.policy.nextDelayMs();
    this.dueAt = now() + delayMs;
    this.timer = startKeepAliveTimer(delayMs, () => {
      this.timer = undefined;
      this.dial();
    });
  }

  /** Calls the attempt off that is to come. */
  stop(): void {
    stopTimer(this.timer);
    this.timer = undefined;
  }
}
