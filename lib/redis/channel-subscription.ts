import { startTimer, stopTimer, type Timer } from '../util/timer.js';
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

/** A channel that is listened to until it is closed, whatever becomes of Redis in the meantime. */
export class ChannelSubscription {
  /** Resolves when messages come for the first time. */
  readonly subscribed: Promise<void>;
  private readonly connection: SubscriberConnection;
  private isSubscribed = false;
  private isClosed = false;
  private attempts = 0;
  private retry: Timer | undefined;
  private noteSubscribed: () => void = () => undefined;

  constructor(
    driver: RedisDriver,
    private readonly channel: string,
    private readonly listener: ChannelListener,
  ) {
    this.subscribed = new Promise((resolve) => {
      this.noteSubscribed = resolve;
    });
    this.connection = driver.openSubscriber({
      failed: (error) => {
        if (!this.isClosed) listener.failed(error);
      },
      ready: () => {
        // Before the first subscribe, a connection alone brings nothing.
        if (this.isSubscribed && !this.isClosed) listener.ready();
      },
    });
    void this.subscribe();
  }

  /** Ends it and its connection; nothing is told any more. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    stopTimer(this.retry);
    this.connection.close();
  }

  private async subscribe(): Promise<void> {
    try {
      await this.connection.subscribe(this.channel, (text) => {
        if (!this.isClosed) this.listener.message(text);
      });
      if (this.isClosed) return;
      this.isSubscribed = true;
      this.listener.ready();
      this.noteSubscribed();
    } catch (error) {
      if (this.isClosed) return;
      this.listener.failed(error);
      this.retry = startTimer(retryDelay(this.attempts), () => void this.subscribe());
      this.attempts += 1;
    }
  }
}
