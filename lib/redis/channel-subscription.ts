import { JstpError } from '../protocol/jstp-error.js';
import { ignore } from '../util/callback.js';
import { randomId } from '../util/random.js';
import { startPatientTimer, startTimer, stopTimer, type Timer } from '../util/timer.js';
import { retryDelay, type RedisDriver, type SubscriberConnection } from './redis-driver.js';

/** What is told of a channel. */
export interface ChannelListener {
  /** A text came. */
  message(text: string): void;
  /** Nothing comes for now: the connection is lost, or not made yet. Told at every attempt. */
  failed(error: unknown): void;
  /** Messages come, for the first time or again. */
  ready(): void;
}

/** What begins with this is a proof of somebody's, and no message. */
const PROOF = 'proof:';
/** The proof that comes with the renewal of a lease, on a channel that nobody else listens to. */
export const LEASE_PROOF = `${PROOF}lease`;

/**
 * A channel that is listened to until it is closed, whatever becomes of Redis in the meantime. A connection that only
 * listens does not notice that its line is dead: each beat sends something to the channel that has to come back.
 */
export class ChannelSubscription {
  /** Resolves when messages come for the first time. */
  readonly subscribed: Promise<void>;
  private connection: SubscriberConnection;
  private isSubscribed = false;
  private isUp = false;
  private isClosed = false;
  private attempts = 0;
  private retry: Timer | undefined;
  private beatTimer: Timer | undefined;
  private readonly proofText: string;
  private isProofDue = false;
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
   * Sends something that publishes this channel's proof, which has to come back before the next one.
   * @returns what it answers
   */
  async prove<T>(send: (proofText: string) => Promise<T>): Promise<T> {
    if (this.isUp) {
      if (this.isProofDue) this.connectAnew();
      else this.isProofDue = true;
    }
    try {
      return await send(this.proofText);
    } catch (error) {
      // Redis is away, or refuses, which says nothing of this connection.
      this.isProofDue = false;
      throw error;
    }
  }

  /** Proves itself at an interval, in milliseconds, until it is closed. */
  proveEvery(intervalMs: number, publish: (proofText: string) => Promise<unknown>): void {
    if (this.isClosed) return;
    this.beatTimer = startPatientTimer(intervalMs, () => {
      // Whoever sends commands hears why they fail.
      this.prove(publish)
        .catch(ignore)
        .finally(() => {
          this.proveEvery(intervalMs, publish);
        });
    });
  }

  /** Ends it and its connection; nothing is told any more. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.isUp = false;
    stopTimer(this.retry);
    stopTimer(this.beatTimer);
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
        // Before the first subscribe, a connection alone brings nothing.
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
    try {
      await connection.subscribe(this.channel, (text) => {
        if (this.isCurrent(connection)) this.received(text);
      });
      if (!this.isCurrent(connection)) return;
      this.isSubscribed = true;
      this.ready();
      this.noteSubscribed();
    } catch (error) {
      if (!this.isCurrent(connection)) return;
      this.listener.failed(error);
      this.retry = startTimer(retryDelay(this.attempts), () => void this.subscribe(connection));
      this.attempts += 1;
    }
  }

  private received(text: string): void {
    if (text === this.proofText) {
      this.isProofDue = false;
      // Not every client tells that its connection is back: a sentinel's does not where the master stays the same.
      if (!this.isUp && this.isSubscribed) this.ready();
    }
    if (!text.startsWith(PROOF)) this.listener.message(text);
  }

  private connectAnew(): void {
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
