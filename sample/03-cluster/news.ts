import { setTimeout as delay } from 'node:timers/promises';
import type { RedisBroadcaster } from 'nestjs-jstp/redis';

const PAUSE_MS = 10;

/**
 * Sends numbered events to users, in turn, whichever instances they are on. It serves nobody itself: a job or a web
 * application sends events to the clients of a service like this.
 */
export class News {
  /** How many events each user was sent. */
  readonly sent = new Map<string, number>();
  private isStopping = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly broadcaster: RedisBroadcaster) {}

  start(users: readonly string[]): void {
    this.loop = this.publish(users);
    // Whoever waits for the end gets the error.
    this.loop.catch(() => undefined);
  }

  /** Resolves when the last one was sent. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.loop;
  }

  private async publish(users: readonly string[]): Promise<void> {
    while (!this.isStopping) {
      for (const user of users) {
        const number = (this.sent.get(user) ?? 0) + 1;
        await this.broadcaster.emitToUser(user, 'news', 'published', number);
        this.sent.set(user, number);
        await delay(PAUSE_MS);
      }
    }
  }
}
