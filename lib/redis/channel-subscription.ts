import { JstpError } from '../protocol/jstp-error.js';
import { ignore } from '../util/callback.js';
import { now } from '../util/host.js';
import { randomId } from '../util/random.js';
import { startPatientTimer, startTimer, stopTimer, type Timer } from '../util/timer.js';
import { retryDelay, type RedisDriver, type SubscriberConnection } from './redis-driver.js';

/** Gets the messages of a channel. */
export interface ChannelListener {
  /** A message has arrived. */
  message(text: string): void;
  /** No messages arrive for now: the connection is lost, or not made yet. Called at every failed attempt. */
  failed(error: unknown): void;
  /** Messages arrive, for the first time or again. */
  ready(): void;
}

/** How long a connection may take to be there and to subscribe, in milliseconds, before another one is tried. */
const SUBSCRIBE_MS = 5000;
/** The beginning of proofs: texts that show that a connection is alive, and that are no messages. */
const PROOF = 'proof:';
/** The proof that the renewal of a lease publishes, on a channel to which one instance alone listens. */
export const LEASE_PROOF = `${PROOF}lease`;

/**
 * Subscribes to a channel until it is closed, through all outages of Redis. Why proofs: a connection that only
 * listens does not notice that it is dead, so that texts are published on the channel which have to come back.
 */
export class ChannelSubscription {
  /** Resolves when the channel is subscribed for the first time. */
  readonly subscribed: Promise<void>;
  private connection: SubscriberConnection;
  private isSubscribed = false;
  private isUp = false;
  private isClosed = false;
  private attempts = 0;
  private retry: Timer | undefined;
  private proofTimer: Timer | undefined;
  private readonly proofText: string;
  private isProofDue = false;
  /** When the connection was told to subscribe; undefined: it has, or could not. */
  private subscribesSince: number | undefined;
  private noteSubscribed: () => void = () => undefined;

  constructor(
    private readonly driver: RedisDriver,
    private readonly channel: string,
    private readonly listener: ChannelListener,
    proofText?: string,
  ) {
    this.proofText = proofText ?? `${PROOF}${randomId()}`;
    this.subscribed = new Promise((resolve) => {
      this.noteSubscribed = resolve;
    });
    this.connection = this.open();
    void this.subscribe(this.connection);
  }

  /**
   * Runs a command that publishes this channel's proof. A proof that has not come back by the next call means that the
   * connection is dead: it is replaced. So is one that has not subscribed for a long time.
   * @returns the command's result
   */
  async prove<T>(send: (proofText: string) => Promise<T>): Promise<T> {
    if (this.isUp) {
      if (this.isProofDue) this.reconnect();
      else this.isProofDue = true;
    } else if (this.subscribesSince !== undefined && now() - this.subscribesSince >= SUBSCRIBE_MS) {
      // A connection that dies before it has subscribed tells nothing, either.
      this.reconnect();
    }
    try {
      return await send(this.proofText);
    } catch (error) {
      // Redis cannot be reached, or refuses: that says nothing about the connection that listens.
      this.isProofDue = false;
      throw error;
    }
  }

  /** Publishes a proof at an interval, in milliseconds, until the subscription is closed. */
  proveEvery(intervalMs: number, publish: (proofText: string) => Promise<unknown>): void {
    if (this.isClosed) return;
    this.proofTimer = startPatientTimer(intervalMs, () => {
      // Why failures are ignored: callers of other commands get them.
      this.prove(publish)
        .catch(ignore)
        .finally(() => {
          this.proveEvery(intervalMs, publish);
        });
    });
  }

  /** Ends the subscription and its connection. The listener is not called any more. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.isUp = false;
    stopTimer(this.retry);
    stopTimer(this.proofTimer);
    this.connection.close();
  }

  private open(): SubscriberConnection {
    const connection = this.driver.openSubscriber({
      failed: (error) => {
        if (!this.isCurrent(connection)) return;
        this.isUp = false;
        this.listener.failed(error);
      },
      ready: () => {
        // Before the first subscribe, a connection alone brings no messages.
        if (this.isSubscribed && this.isCurrent(connection)) this.ready();
      },
    });
    return connection;
  }

  private isCurrent(connection: SubscriberConnection): boolean {
    return !this.isClosed && connection === this.connection;
  }

  private ready(): void {
    this.isUp = true;
    this.isProofDue = false;
    this.listener.ready();
  }

  private async subscribe(connection: SubscriberConnection): Promise<void> {
    this.subscribesSince = now();
    try {
      await connection.subscribe(this.channel, (text) => {
        if (this.isCurrent(connection)) this.received(text);
      });
      if (!this.isCurrent(connection)) return;
      this.subscribesSince = undefined;
      this.isSubscribed = true;
      this.ready();
      this.noteSubscribed();
    } catch (error) {
      if (!this.isCurrent(connection)) return;
      this.subscribesSince = undefined;
      this.listener.failed(error);
      this.retry = startTimer(retryDelay(this.attempts), () => void this.subscribe(connection));
      this.attempts += 1;
    }
  }

  private received(text: string): void {
    if (text === this.proofText) {
      this.isProofDue = false;
      // Why here as well: a client of sentinels does not report that it is back where the master stays the same.
      if (!this.isUp && this.isSubscribed) this.ready();
    }
    if (!text.startsWith(PROOF)) this.listener.message(text);
  }

  private reconnect(): void {
    this.connection.close();
    this.isUp = false;
    this.isSubscribed = false;
    this.listener.failed(
      new JstpError(
        'ERR_JSTP_STORE_AWAY',
        'The connection that listens is dead: what is published does not come',
      ),
    );
    this.connection = this.open();
    void this.subscribe(this.connection);
  }
}
