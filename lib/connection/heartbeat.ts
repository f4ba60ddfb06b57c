import type { DeadlineQueue } from '../util/deadline-queue.js';
import { now } from '../util/host.js';
import { sharedDeadlines, type Expirable } from '../util/shared-deadlines.js';

/** What a heartbeat sees of its connection. */
export interface HeartbeatView {
  /** Whether a ping can be sent now. */
  readonly isOpen: boolean;
  readonly wire: {
    /** Whether this side has stopped reading: a pong could not be seen. */
    readonly isDeaf: boolean;
    /** Whether part of a message has crossed the transport since the last question. */
    hasMoved(): Promise<boolean>;
    /** Ends the transport: the peer did not pong in time. */
    failSilent(): void;
  };
  readonly channel: {
    readonly outbox: {
      /** Whether the journal takes more. */
      readonly hasRoom: boolean;
      /** Sends a ping that is counted as any message; the callback gets its pong, or an error. */
      ping(callback: (error: unknown) => void): void;
    };
    /**
     * Sends a ping that is not counted and asks about the transport alone; {@link Heartbeat.heard} tells its pong.
     * @returns false where the peer does not know such pings
     */
    pingTransport(): boolean;
  };
}

/** Pings a peer at an interval and notices when it does not answer. */
export class Heartbeat implements Expirable {
  private pingedAt: number | undefined;
  private isStopped = false;
  /** Whether a ping that is counted has no pong yet. */
  private isCounted = false;
  /** Whether a ping without a pong has got more time already, as this side was asleep. */
  private wasPatient = false;
  private readonly timeoutMs: number;
  private readonly queue: DeadlineQueue<Expirable>;

  /**
   * @param view the connection
   * @param intervalMs time between pings
   * @param timeoutMs how long a pong may take; 0: two intervals
   */
  constructor(
    private readonly view: HeartbeatView,
    intervalMs: number,
    timeoutMs: number,
  ) {
    this.timeoutMs = timeoutMs || 2 * intervalMs;
    this.queue = sharedDeadlines(intervalMs);
    this.queue.add(this);
  }

  /** Ends the pings. */
  stop(): void {
    this.isStopped = true;
    this.queue.delete(this);
  }

  /** The peer has ponged. */
  heard(): void {
    this.pingedAt = undefined;
    this.wasPatient = false;
  }

  /**
   * One interval is over.
   * @param lateMs how long ago, in milliseconds
   */
  expire(lateMs: number): void {
    this.queue.add(this);
    if (!this.view.isOpen) return;
    if (this.pingedAt !== undefined && lateMs > this.timeoutMs / 2 && !this.wasPatient) {
      // A page that was frozen, a computer that was asleep: the pong may be there, and not read yet.
      this.wasPatient = true;
      this.pingedAt = now();
    }
    if (this.view.wire.isDeaf) this.pingedAt = undefined;
    else if (this.pingedAt === undefined) {
      this.pingedAt = now();
      this.ping();
    } else {
      // The pong may wait for a store, or the ping may be behind calls that are not served yet.
      this.view.channel.pingTransport();
      void this.judge(this.pingedAt);
    }
  }

  private ping(): void {
    const { channel } = this.view;
    if ((this.isCounted || !channel.outbox.hasRoom) && channel.pingTransport()) return;
    this.isCounted = true;
    channel.outbox.ping((error) => {
      if (error) return;
      this.isCounted = false;
      this.heard();
    });
  }

  /** Decides what a missing pong means. Why not at once: the ping or the pong may be behind a large message. */
  private async judge(pingedAt: number): Promise<void> {
    const hasMoved = await this.view.wire.hasMoved();
    if (this.pingedAt !== pingedAt || this.isStopped) return;
    if (hasMoved) this.pingedAt = now();
    else if (now() - pingedAt >= this.timeoutMs) this.view.wire.failSilent();
  }
}
