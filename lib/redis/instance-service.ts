import { JstpError } from '../protocol/jstp-error.js';
import { claimOfText, type SessionClaim } from '../session/session-claim.js';
import { now } from '../util/host.js';
import { startTimer, stopTimer, type Timer } from '../util/timer.js';
import { LEASE_PROOF, type ChannelSubscription } from './channel-subscription.js';
import { Outage } from './outage.js';
import { reasonOf, type BoundedRedisClient } from './bounded-redis-client.js';
import type { SessionTable } from './session-table.js';

/** How often a lease is renewed in its time. Why three: two renewals may fail before the lease runs out. */
const RENEWALS_PER_LEASE = 3;

/** The form of another instance's request: the hash of a session and, where the client makes one, its claim. */
const REQUEST = /^([0-9a-f]{64}) ?(\S{0,40})$/;

/** Handles what happens to an instance while it serves. */
export interface InstanceHandler {
  /** The lease was renewed. @param wasHeld whether it had not run out before */
  renewed(wasHeld: boolean): Promise<void>;
  /** Another instance asks for a session. @param claim the client's claim; undefined where it makes none */
  requested(hash: string, claim: SessionClaim | undefined): Promise<void>;
  /** A command of the service has failed; no caller hears of it. */
  report(error: unknown): void;
}

/** Keeps an instance alive for others: renews its lease, and listens for requests for its sessions. */
export class InstanceService {
  private readonly channel: ChannelSubscription | undefined;
  private readonly outage: Outage;
  private readonly requests = new Set<string>();
  private timer: Timer | undefined;
  private isStopped = false;
  /** Whether a renewal has failed. Why it matters: if Redis executes it late, the lease seems never to have run out. */
  private isInDoubt = false;

  constructor(
    redis: BoundedRedisClient,
    private readonly table: SessionTable,
    private readonly leaseMs: number,
    private readonly handler: InstanceHandler,
  ) {
    this.outage = new Outage((error) => {
      handler.report(awayError(error, leaseMs));
    });
    // Before any other command. Invariant: no session is owned without a lease.
    void this.keepRenewing();
    const listener = {
      message: (text: string): void => {
        this.read(text);
      },
      failed: (error: unknown): void => {
        this.outage.channelFailed(error);
      },
      ready: (): void => {
        this.outage.channelReady();
      },
    };
    this.channel = redis.subscribe(table.channel, listener, LEASE_PROOF);
  }

  /** Stops listening for requests. The lease goes on. */
  stopListening(): void {
    this.channel?.close();
  }

  /**
   * Ends the lease, so that others can claim what is still owned at once; where Redis cannot be reached, they can
   * when the lease has run out.
   */
  async stop(): Promise<void> {
    this.isStopped = true;
    stopTimer(this.timer);
    this.stopListening();
    try {
      await this.table.endLease();
    } catch (error) {
      this.outage.commandFailed(error);
    }
  }

  /** Renews the lease, which proves at the same time that the channel is heard. */
  private renew(): Promise<boolean> {
    const renew = (): Promise<boolean> => this.table.renew(this.leaseMs);
    return this.channel?.prove(renew) ?? renew();
  }

  private async keepRenewing(): Promise<void> {
    const started = now();
    try {
      const wasHeld = await this.renew();
      await this.handler.renewed(wasHeld && !this.isInDoubt);
      this.isInDoubt = false;
      this.outage.commandSucceeded();
    } catch (error) {
      this.isInDoubt = true;
      if (!this.isStopped) this.outage.commandFailed(error);
    }
    if (this.isStopped) return;
    const pause = this.leaseMs / RENEWALS_PER_LEASE - (now() - started);
    this.timer = startTimer(Math.max(1, pause), () => void this.keepRenewing());
  }

  /**
   * Handles a request for a session. Why one at a time for each session: other instances repeat a request until the
   * session is handed over.
   */
  request(hash: string, claim: SessionClaim | undefined): void {
    if (this.requests.has(hash)) return;
    this.requests.add(hash);
    this.handler
      .requested(hash, claim)
      .catch((error: unknown) => {
        this.handler.report(error);
      })
      .finally(() => {
        this.requests.delete(hash);
      });
  }

  private read(text: string): void {
    const match = REQUEST.exec(text);
    if (match) this.request(match[1], claimOfText(match[2]));
  }
}

function awayError(error: unknown, leaseMs: number): JstpError {
  // Redis can be reached, and its own text says what is wrong.
  if (error instanceof JstpError && error.code === 'ERR_JSTP_STORE_FULL') return error;
  return new JstpError(
    'ERR_JSTP_STORE_AWAY',
    `Redis is away (${reasonOf(error)}). Who is connected is served on; until it is back, no session is resumed or ` +
      `stored, and what other servers ask for is not handed over. After ${leaseMs} ms they may take this one for dead.`,
    { cause: error },
  );
}
