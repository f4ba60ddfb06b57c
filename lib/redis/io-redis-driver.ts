import {
  retryDelay,
  type RedisDriver,
  type SubscriberConnection,
  type SubscriberListener,
} from './redis-driver.js';
import type { IoRedisLike } from './redis-like.js';

/** What is used of an instance besides, and is too generic in the package's types to be asked for there. */
interface FullClient extends IoRedisLike {
  readonly isCluster?: boolean;
  duplicate(overrides?: object): SubscriberClient;
}

interface SubscriberClient {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

/** Whatever the application has chosen for its own connection: this one waits for Redis as long as it takes. */
const SUBSCRIBER_OPTIONS = {
  lazyConnect: true,
  retryStrategy: retryDelay,
  maxRetriesPerRequest: null,
  autoResubscribe: true,
  enableOfflineQueue: true,
};

/** Works with an instance of the package `ioredis`. */
export class IoRedisDriver implements RedisDriver {
  private readonly client: FullClient;

  constructor(client: IoRedisLike) {
    this.client = client as FullClient;
  }

  eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.client.eval(script, keys.length, ...keys, ...args);
  }

  evalSha(sha1: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.client.evalsha(sha1, keys.length, ...keys, ...args);
  }

  publish(channel: string, message: string): Promise<unknown> {
    return this.client.publish(channel, message);
  }

  openSubscriber(listener: SubscriberListener): SubscriberConnection {
    // A cluster takes other arguments, and comes back by a strategy of its own.
    const client = this.client.isCluster
      ? this.client.duplicate()
      : this.client.duplicate(SUBSCRIBER_OPTIONS);
    client.on('error', (error) => {
      listener.failed(error);
    });
    client.on('ready', () => {
      listener.ready();
    });
    return {
      async subscribe(channel, onMessage) {
        const told = (_channel: unknown, text: unknown): void => {
          onMessage(text as string);
        };
        client.on('message', told);
        try {
          await client.subscribe(channel);
        } catch (error) {
          client.off('message', told);
          throw error;
        }
      },
      close() {
        client.disconnect();
      },
    };
  }
}
