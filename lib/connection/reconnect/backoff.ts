import { now } from '../../util/host.js';
import { randomUpTo } from '../../util/random.js';
import { STABLE_AFTER_MS, type DelayPolicy } from './schedule.js';

const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 32_000;
const MAX_RANDOM_MS = 1000;

/**
 * The delays of a client that brings no reconnector: 1 s before the first attempt, twice as long after each failure, up
 * to 32 s. Up to 1 s is added at random, so that the clients of a restarted server do not come all at once. A transport
 * that is lost within a second counts as an attempt that failed, except for the first. A client that has just heard
 * that its session is lost logs in at once.
 */
export class Backoff implements DelayPolicy {
  /** How many attempts have failed, or led to a short life, since the last transport that lasted. */
  private failures = 0;
  private shortLives = 0;
  private connectedAt = 0;
  private isSessionLost = false;

  /** Whether nothing has failed since the last transport that lasted. */
  get isFresh(): boolean {
    return this.failures === 0;
  }

  /** The handshake on a transport is done. */
  connected(): void {
    this.connectedAt = now();
    this.isSessionLost = false;
  }

  /** The transport is lost. */
  lost(): void {
    this.shortLives = now() - this.connectedAt >= STABLE_AFTER_MS ? 0 : this.shortLives + 1;
    this.failures = Math.max(this.shortLives - 1, 0);
  }

  /** An attempt has failed. */
  failed(): void {
    this.failures += 1;
  }

  /** The server has answered that the session is lost: it is there, and the client need not wait for it. */
  sessionLost(): void {
    this.failures = 0;
    this.isSessionLost = true;
  }

  nextDelayMs(): number {
    if (this.isSessionLost && this.isFresh) return 0;
    return Math.min(FIRST_DELAY_MS * 2 ** this.failures, MAX_DELAY_MS) + randomUpTo(MAX_RANDOM_MS);
  }
}
