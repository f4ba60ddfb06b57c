import { JstpError } from '../protocol/jstp-error.js';
import { claimOfText, type SessionClaim } from '../session/session-claim.js';
import { now } from '../util/host.js';
import { startTimer, stopTimer, type Timer } from '../util/timer.js';
import { LEASE_PROOF, type ChannelSubscription } from './channel-subscription.js';
import { Outage } from './outage.js';
import type { RedisLink } from './redis-link.js';
import type { SessionTable } from './session-table.js';

/** A lease that ends can be renewed at three times before it does. */
const BEATS_A_LEASE = 3;

/** A request of another instance: a session's hash and, where the client makes one, its claim. */
const REQUEST = /^([0-9a-f]{64}) ?(\S{0,40})$/;

/** What an instance does while it serves. */
export interface InstanceDuties {
  /** The lease was renewed. @param had whether it had not run out before */
  renewed(had: boolean): Promise<void>;
  /** Another instance asks for a session, by its hash and the client's claim. */
  requested(hash: string, claim: SessionClaim | undefined): Promise<void>;
  /** A failure that no caller is told of. */
  report(error: unknown): void;
}

/** What shows that an instance lives: it renews its lease, and listens to those who ask for its sessions. */
export class InstanceService {
  private readonly channel: ChannelSubscription | undefined;
  private readonly outage: Outage;
  private readonly requests = new Set<string>();
  private timer: Timer | undefined;
  private isStopped = false;
  /** Whether a renewal has failed: Redis may do it late, and would then seem to have had the lease all the time. */
  private isInDoubt = false;

  constructor(
    link: RedisLink,
    private readonly table: SessionTable,
    private readonly leaseMs: number,
    private readonly duties: InstanceDuties,
  ) {
    this.outage = new Outage((error) => {
      duties.report(awayError(error, leaseMs));
    });
    // Sent before any command that follows: no session is ever owned without a lease.
    void this.beat();
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
    this.channel = link.subscribe(table.channel, listener, LEASE_PROOF);
  }

  /** Hears no requests any more. The lease goes on. */
  silence(): void {
    this.channel?.close();
  }

  /** Ends the lease: what is still owned can be claimed at once, or where Redis is away when the lease has run out. */
  async stop(): Promise<void> {
    this.isStopped = true;
    stopTimer(this.timer);
    this.silence();
    try {
      await this.table.endLease();
    } catch (error) {
      this.outage.commandFailed(error);
    }
  }

  /** The renewal proves that the channel is heard. */
  private renew(): Promise<boolean> {
    const renew = (): Promise<boolean> => this.table.renew(this.leaseMs);
    return this.channel?.prove(renew) ?? renew();
  }

  private async beat(): Promise<void> {
    const started = now();
    try {
      const had = await this.renew();
      await this.duties.renewed(had && !this.isInDoubt);
      this.isInDoubt = false;
      this.outage.commandSucceeded();
    } catch (error) {
      this.isInDoubt = true;
      if (!this.isStopped) this.outage.commandFailed(error);
    }
    if (this.isStopped) return;
    const pause = this.leaseMs / BEATS_A_LEASE - (now() - started);
    this.timer = startTimer(Math.max(1, pause), () => void this.beat());
  }

  /** Somebody asks for a session. Requests come again and again until it is handed over; it is done once at a time. */
  request(hash: string, claim: SessionClaim | undefined): void {
    if (this.requests.has(hash)) return;
    this.requests.add(hash);
    this.duties
      .requested(hash, claim)
      .catch((error: unknown) => {
        this.duties.report(error);
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
  // Redis is there, and says itself what is wrong.
  if (error instanceof JstpError && error.code === 'ERR_JSTP_STORE_FULL') return error;
  const cause = error instanceof Error ? error.message : String(error);
  return new JstpError(
    'ERR_JSTP_STORE_AWAY',
    `Redis is away (${cause}). Who is connected is served on; until it is back, no session is resumed or ` +
      `stored, and what other servers ask for is not handed over. After ${leaseMs} ms they may take this one for dead.`,
    { cause: error },
  );
}
