import { JstpError } from '../protocol/jstp-error.js';
import { startTimer, stopTimer, type Timer } from '../util/timer.js';
import type { ChannelSubscription } from './channel-subscription.js';
import { Outage } from './outage.js';
import type { RedisLink } from './redis-link.js';
import type { SessionTable } from './session-table.js';

/** A lease that ends can be renewed at three times before it does. */
const BEATS_A_LEASE = 3;

const HASH = /^[0-9a-f]{64}$/;

/** What an instance does while it serves. */
export interface InstanceDuties {
  /** The lease was renewed. @param had whether it had not run out before */
  renewed(had: boolean): Promise<void>;
  /** Another instance asks for a session, by its hash. */
  requested(hash: string): Promise<void>;
  /** A failure that no caller is told of. */
  report(error: unknown): void;
}

/** What shows that an instance lives: it renews its lease, and listens to those who ask for its sessions. */
export class InstanceService {
  private readonly channel: ChannelSubscription;
  private readonly outage: Outage;
  private readonly requests = new Set<string>();
  private timer: Timer | undefined;
  private isStopped = false;

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
    this.channel = link.subscribe(table.channel, {
      message: (text) => {
        this.request(text);
      },
      failed: (error) => {
        this.outage.channelFailed(error);
      },
      ready: () => {
        this.outage.channelReady();
      },
    });
  }

  /** Ends the lease: what is still owned can be claimed at once, or where Redis is away when the lease has run out. */
  async stop(): Promise<void> {
    this.isStopped = true;
    stopTimer(this.timer);
    this.channel.close();
    try {
      await this.table.endLease();
    } catch (error) {
      this.outage.commandFailed(error);
    }
  }

  private async beat(): Promise<void> {
    const started = Date.now();
    try {
      await this.duties.renewed(await this.table.renew(this.leaseMs));
      this.outage.commandSucceeded();
    } catch (error) {
      if (!this.isStopped) this.outage.commandFailed(error);
    }
    if (this.isStopped) return;
    const pause = this.leaseMs / BEATS_A_LEASE - (Date.now() - started);
    this.timer = startTimer(Math.max(1, pause), () => void this.beat());
  }

  /** Requests come again and again until the session is handed over; it is done once at a time. */
  private request(hash: string): void {
    if (!HASH.test(hash) || this.requests.has(hash)) return;
    this.requests.add(hash);
    this.duties
      .requested(hash)
      .catch((error: unknown) => {
        this.duties.report(error);
      })
      .finally(() => {
        this.requests.delete(hash);
      });
  }
}

function awayError(error: unknown, leaseMs: number): JstpError {
  const cause = error instanceof Error ? error.message : String(error);
  return new JstpError(
    'ERR_JSTP_STORE_AWAY',
    `Redis is away (${cause}). Who is connected is served on; until it is back, no session is resumed or ` +
      `stored, and what other servers ask for is not handed over. After ${leaseMs} ms they may take this one for dead.`,
    { cause: error },
  );
}
