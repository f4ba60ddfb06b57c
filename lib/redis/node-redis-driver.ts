import { ignore } from '../util/callback.js';
import {
  retryDelay,
  type RedisDriver,
  type SubscriberConnection,
  type SubscriberListener,
} from './redis-driver.js';
import type { NodeRedisLike } from './redis-like.js';

/** What is used of a client besides, and is too generic in the package's types to be asked for there. */
interface FullClient extends NodeRedisLike {
  readonly options?: { readonly socket?: object };
  withCommandOptions?(options: { timeout: number; typeMapping: object }): NodeRedisLike;
  duplicate(overrides?: object): SubscriberClient;
}

interface SubscriberClient {
  readonly isOpen: boolean;
  on(event: string, listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  /** A sentinel's client ends by and by. */
  destroy(): unknown;
  /** The clients of clusters and sentinels have none. */
  unref?(): void;
}

/** Works with a client of the package `redis`. */
export class NodeRedisDriver implements RedisDriver {
  private readonly client: FullClient;
  private readonly commands: NodeRedisLike;

  constructor(client: NodeRedisLike, timeoutMs: number) {
    this.client = client as FullClient;
    // A command that waits for the connection is not sent after its time; and replies are strings whatever types
    // the application has chosen for itself.
    this.commands = this.client.withCommandOptions?.({ timeout: timeoutMs, typeMapping: {} }) ?? client;
  }

  eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.commands.eval(script, { keys: [...keys], arguments: [...args] });
  }

  evalSha(sha1: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.commands.evalSha(sha1, { keys: [...keys], arguments: [...args] });
  }

  publish(channel: string, message: string): Promise<unknown> {
    return this.commands.publish(channel, message);
  }

  openSubscriber(listener: SubscriberListener): SubscriberConnection {
    // While a socket is being opened it cannot be ended; once it is open, even a handshake without an answer can.
    let isDialling = false;
    let isClosed = false;
    // The client's own strategy may be to give up, which would leave this process deaf.
    const reconnectStrategy = (attempt: number): number | false => !isClosed && retryDelay(attempt);
    const client = this.client.duplicate({ socket: { ...this.client.options?.socket, reconnectStrategy } });
    client.on('reconnecting', () => {
      isDialling = true;
    });
    client.on('connect', () => {
      isDialling = false;
      if (isClosed) destroy(client);
    });
    client.on('error', (error) => {
      isDialling = false;
      listener.failed(error);
    });
    client.on('ready', () => {
      // Of a reconnection, a sentinel's client tells no more than this.
      isDialling = false;
      if (isClosed) destroy(client);
      else listener.ready();
    });
    return {
      async subscribe(channel, onMessage) {
        if (!client.isOpen) {
          isDialling = true;
          await client.connect();
        }
        await client.subscribe(channel, onMessage);
      },
      close() {
        isClosed = true;
        // Nothing of it keeps the process alive, whatever it waits for.
        client.unref?.();
        if (!isDialling) destroy(client);
      },
    };
  }
}

function destroy(client: SubscriberClient): void {
  // What has ended by itself, or was never open, refuses: by throwing, or a sentinel's client by a Promise.
  new Promise((resolve) => {
    resolve(client.destroy());
  }).catch(ignore);
}
