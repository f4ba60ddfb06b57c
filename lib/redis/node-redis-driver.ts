import { ignore } from '../util/callback.js';
import {
  retryDelay,
  type RedisDriver,
  type SubscriberConnection,
  type SubscriberListener,
} from './redis-driver.js';
import type { NodeRedisLike } from './redis-like.js';

/**
 * The rest of what is used of a client. Why not part of NodeRedisLike: the package's own types are too generic for
 * it.
 */
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
  /** Closes the client at once; a client of sentinels returns a Promise, and takes a while. */
  destroy(): unknown;
  /** Lets the process end; clients of clusters and sentinels have no such method. */
  unref?(): void;
}

/** Drives a client of the package `redis`. */
export class NodeRedisDriver implements RedisDriver {
  private readonly client: FullClient;
  private readonly commands: NodeRedisLike;

  constructor(client: NodeRedisLike, timeoutMs: number) {
    this.client = client as FullClient;
    // Why own options: a command that waits for the connection is not sent after its time, and replies are strings,
    // whichever types the application has chosen for its own commands.
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
    // Why noted: a client cannot be destroyed while its socket is being opened, but can as soon as the socket is open.
    let isDialling = false;
    let isClosed = false;
    // Why not the client's own strategy: it may give up, and this process would hear no requests any more.
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
      // The only event of a reconnection that a client of sentinels emits.
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
        // A client that waits for its socket must not keep the process alive.
        client.unref?.();
        if (!isDialling) destroy(client);
      },
    };
  }
}

function destroy(client: SubscriberClient): void {
  // A client that has ended by itself, or was never open, refuses: it throws, or (a client of sentinels) rejects.
  new Promise((resolve) => {
    resolve(client.destroy());
  }).catch(ignore);
}
