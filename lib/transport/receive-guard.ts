import type { Socket } from 'node:net';
import { LimitError } from '../protocol/limit-error.js';
import { RECEIVE_GRACE_MS, type Limits } from '../protocol/limits.js';
import type { DeadlineQueue } from '../util/deadline-queue.js';
import { now } from '../util/host.js';
import { sharedDeadlines, type Expirable } from '../util/shared-deadlines.js';

const SECOND_MS = 1000;
/** How many times within the shorter of its times the guard looks at an unfinished message. */
const CHECKS = 4;
/** No more time than this many checks counts between two of them. Why: a process that was stopped must not blame its peers. */
const MOST_CHECKS_AT_ONCE = 2;

type TimeLimits = Pick<Limits, 'messageTimeoutMs' | 'minReadRate'>;

/** What the guard asks of its transport. */
export interface ReceiveGuardOwner {
  /** A number of the message that has begun to arrive and is not complete; undefined: there is none. */
  readonly unfinished: number | undefined;
  /** Whether this side reads now. */
  readonly isReading: boolean;
  /** Gives the peer up, for that reason. */
  destroy(error: Error): void;
}

/**
 * Gives up a peer that takes too long over one message, or sends it too slowly. The transport makes a guard when a chunk
 * ends within a message; the guard looks at it from time to time, so that messages that arrive whole cost nothing.
 */
export class ReceiveGuard implements Expirable {
  private message: number | undefined;
  /** How long the message has been arriving while this side was reading, in milliseconds. */
  private age = 0;
  /** How long nothing more need arrive, in milliseconds. */
  private patience = RECEIVE_GRACE_MS;
  private checkedAt = now();
  private bytesBefore: number;
  private hasPaused = false;
  private readonly checkMs: number;
  private readonly queue: DeadlineQueue<Expirable>;

  /**
   * @param socket the socket whose bytes are counted, those of TLS and of frames among them
   * @param limits how long a message may take, and how slow it may be
   * @param owner the transport
   * @param onDone called when there is nothing to watch any more
   */
  constructor(
    private readonly socket: Socket,
    private readonly limits: TimeLimits,
    private readonly owner: ReceiveGuardOwner,
    private readonly onDone: () => void,
  ) {
    this.message = owner.unfinished;
    this.bytesBefore = socket.bytesRead;
    this.checkMs = checkInterval(limits);
    this.queue = sharedDeadlines(this.checkMs);
    this.queue.add(this);
  }

  /** Whether the limits ask for a guard. */
  static isNeeded({ messageTimeoutMs, minReadRate }: TimeLimits): boolean {
    return messageTimeoutMs > 0 || minReadRate > 0;
  }

  /** This side has stopped reading: the time until the next check is not the peer's. */
  paused(): void {
    this.hasPaused = true;
  }

  /** Ends the watch, since the socket is closed. */
  stop(): void {
    this.queue.delete(this);
  }

  /** Looks at the message. */
  expire(): void {
    const { message, owner } = this;
    const { unfinished } = owner;
    if (unfinished === undefined) {
      this.onDone();
      return;
    }
    const elapsedMs = this.takeElapsed();
    const bytes = this.takeBytes();
    if (unfinished === message) this.count(elapsedMs, bytes);
    else this.begin(unfinished);
    const error = this.findFault();
    if (error) owner.destroy(error);
    else this.queue.add(this);
  }

  private begin(message: number): void {
    this.message = message;
    this.age = 0;
    this.patience = RECEIVE_GRACE_MS;
  }

  private count(elapsedMs: number, bytes: number): void {
    const { minReadRate } = this.limits;
    this.age += elapsedMs;
    if (minReadRate === 0) return;
    const earnedMs = (bytes / minReadRate) * SECOND_MS;
    this.patience = Math.min(RECEIVE_GRACE_MS, this.patience + earnedMs - elapsedMs);
  }

  private findFault(): LimitError | undefined {
    const { messageTimeoutMs, minReadRate } = this.limits;
    if (messageTimeoutMs > 0 && this.age >= messageTimeoutMs) {
      const time = `limits.messageTimeoutMs, ${messageTimeoutMs} ms`;
      return new LimitError('messageTimeoutMs', `A message took longer to arrive than ${time}`);
    }
    if (this.patience > 0) return undefined;
    return new LimitError(
      'minReadRate',
      `A message arrived more slowly than limits.minReadRate, ${minReadRate} bytes a second`,
    );
  }

  /** The time since the last check, as far as the peer could be heard in it. */
  private takeElapsed(): number {
    const time = now();
    const elapsedMs = Math.min(time - this.checkedAt, MOST_CHECKS_AT_ONCE * this.checkMs);
    const { hasPaused } = this;
    this.checkedAt = time;
    this.hasPaused = !this.owner.isReading;
    return hasPaused ? 0 : elapsedMs;
  }

  private takeBytes(): number {
    const before = this.bytesBefore;
    this.bytesBefore = this.socket.bytesRead;
    return this.bytesBefore - before;
  }
}

function checkInterval({ messageTimeoutMs, minReadRate }: TimeLimits): number {
  const graceMs = minReadRate > 0 ? RECEIVE_GRACE_MS : Infinity;
  return Math.ceil(Math.min(messageTimeoutMs || Infinity, graceMs) / CHECKS);
}
