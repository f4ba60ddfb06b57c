import { STABLE_AFTER_MS, type DelayPolicy } from '../reconnect/schedule.js';
import { now } from '../../util/host.js';
import { randomUpTo } from '../../util/random.js';
import type { ReconnectDelays } from './keeper-options.js';

/** While an outage may be a short one, attempts are no further apart. */
const QUICK_DELAY_MS = 400;
/** An outage may be a short one for as long as calls wait for its end, within these bounds. */
const QUICK_AT_LEAST_MS = 3000;
const QUICK_AT_MOST_MS = 30_000;

/**
 * So many short connections in a row bring the client back soon, as something came over them. Why not more: a server that sends
 * a word and cuts the connection must not be dialled many times a second for ever.
 */
const MAX_SHORT_LIVES = 30;

/**
 * When a client dials in the background: at once at first, then after `minDelayMs`, then after twice the time of the
 * attempt before. While the outage may be a short one the delay stops at 400 ms, afterwards at `maxDelayMs`. A random
 * half of it is taken off, so that the clients of a restarted server do not come all at once.
 *
 * Only attempts in the background count: what callers attempt meanwhile says nothing about how long to wait.
 */
export class OutageDelay implements DelayPolicy {
  private readonly quickForMs: number;
  private nextMs = 0;
  private connectedAt = 0;
  /** How many connections in a row were short. */
  private shortLives = 0;
  /** When the outage began; undefined before the first. */
  private lostAt: number | undefined;

  /**
   * @param delays the bounds of the delay
   * @param resumeTimeoutMs how long calls wait for the end of an outage
   */
  constructor(
    private readonly delays: ReconnectDelays,
    resumeTimeoutMs: number,
  ) {
    this.quickForMs = Math.min(QUICK_AT_MOST_MS, Math.max(QUICK_AT_LEAST_MS, resumeTimeoutMs));
  }

  /** The client is connected. */
  connected(): void {
    this.connectedAt = now();
  }

  /**
   * The connection is lost. After a stable one a new outage begins. Where something came over it, the server is worth
   * dialling soon again, though not at once again and again. A server that lets the client in and cuts the connection
   * has not ended the outage, and neither has one that does so again and again, whatever comes before the cut.
   *
   * @param wasUseful whether something came over the connection
   * @param isUnwelcome whether the server has ended it on purpose, and is not to be dialled at once
   */
  lost(wasUseful: boolean, isUnwelcome: boolean): void {
    const time = now();
    const wasStable = time - this.connectedAt >= STABLE_AFTER_MS;
    this.shortLives = wasStable ? 0 : this.shortLives + 1;
    const isWorthIt = wasUseful && this.shortLives <= MAX_SHORT_LIVES;
    const { minDelayMs } = this.delays;
    if (wasStable || isWorthIt) this.lostAt = time;
    if (wasStable) this.nextMs = 0;
    else if (isWorthIt) this.nextMs = Math.min(this.nextMs, minDelayMs);
    if (isUnwelcome) this.nextMs = Math.max(this.nextMs, minDelayMs);
  }

  /** Nothing is dialled any more: what comes next is another outage. */
  reset(): void {
    this.nextMs = 0;
    this.shortLives = 0;
    this.lostAt = undefined;
  }

  nextDelayMs(): number {
    const time = now();
    this.lostAt ??= time;
    const { minDelayMs, maxDelayMs } = this.delays;
    const isQuick = time - this.lostAt < this.quickForMs;
    const mostMs = isQuick ? Math.min(maxDelayMs, Math.max(minDelayMs, QUICK_DELAY_MS)) : maxDelayMs;
    const delayMs = Math.min(this.nextMs, mostMs);
    this.nextMs = Math.max(minDelayMs, delayMs * 2);
    return delayMs - randomUpTo(Math.floor(delayMs / 2));
  }
}
