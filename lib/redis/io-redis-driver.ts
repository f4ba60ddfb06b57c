import {
  retryDelay,
  type RedisDriver,
  type SubscriberConnection,
  type SubscriberListener,
} from './redis-driver.js';
import type { IoRedisLike } from './redis-like.js';

/**
 * The rest of what is used of an instance. Why not part of IoRedisLike: the package's own types are too generic for
 * it.
 */
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

/** The options of the second connection, whatever the first has: it waits for Redis for as long as it takes. */
const SUBSCRIBER_OPTIONS = {
  lazyConnect: true,
  retryStrategy: retryDelay,
  maxRetriesPerRequest: null,
  autoResubscribe: true,
  enableOfflineQueue: true,
};

/** Drives an instance of the package `ioredis`. */
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
    // A cluster's `duplicate` takes other arguments, and a cluster reconnects by a strategy of its own.
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
        const receive = (_channel: unknown, text: unknown): void => {
          onMessage(text as string);
        };
        client.on('message', receive);
        try {
          await client.subscribe(channel);
        } catch (error) {
          client.off('message', receive);
          throw error;
        }
      },
      close() {
        client.disconnect();
      },
    };
  }
}
