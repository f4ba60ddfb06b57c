import { parse, stringify } from '../mdsf/index.js';
import { JstpError } from '../protocol/jstp-error.js';
import { ConfigurationError } from '../protocol/configuration-error.js';
import type { ChannelSubscription } from './channel-subscription.js';
import { resolveBroadcasterOptions, type RedisBroadcasterOptions } from './options.js';
import { Outage } from './outage.js';
import { BoundedRedisClient, reasonOf } from './bounded-redis-client.js';
import type { RedisLike } from './redis-like.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

/** A client that can get events; a Connection is one. */
export interface BroadcastClient {
  /** The name of the user who has logged in; null for an anonymous client. */
  readonly username: string | null;
  /** Sends an event to the client. */
  emitRemoteEvent(interfaceName: string, eventName: string, args: unknown[]): unknown;
}

/** A server whose clients get events: one of `createServer`, or a JstpServer. */
export interface BroadcastTarget {
  /** Returns the connected clients. */
  getClients(): Iterable<BroadcastClient>;
  /** Returns the connected clients, and those whose sessions wait to be resumed. @default as `getClients()` */
  getReachableClients?(): Iterable<BroadcastClient>;
}

/** An event on its way to all clients, or to those of one user. */
interface Envelope {
  readonly interfaceName: string;
  readonly event: string;
  readonly args: unknown[];
  /** The user whose clients get the event; absent: all clients get it. */
  readonly username?: string;
}

// Every client gets them in its own form.
const WITH_BYTES = { bytes: true };

/** How often the connection that listens has to prove that it is alive. */
const PROOF_EVERY_MS = 5000;

/**
 * Sends events to the clients of all servers that have a broadcaster on the same Redis with the same `keyPrefix`,
 * this one included. Redis keeps no messages: a server that cannot reach Redis misses what is sent meanwhile.
 * @example
 * const broadcaster = new RedisBroadcaster(redis);
 * await broadcaster.attach(server);
 * await broadcaster.broadcast('chat', 'message', 'hello');
 */
export class RedisBroadcaster {
  private readonly redis: BoundedRedisClient;
  private readonly channel: string;
  private readonly onError: (error: unknown) => void;
  private readonly outage: Outage;
  private readonly targets = new Set<BroadcastTarget>();
  private subscription: ChannelSubscription | undefined;
  private isClosed = false;

  /**
   * @param redis a client of the package `redis` whose `connect()` was called, or an instance of `ioredis`. It stays
   * yours: listen to its 'error' event, and close it after the broadcaster.
   * @param options see RedisBroadcasterOptions
   * @throws ConfigurationError naming the option, what was given and what is allowed
   */
  constructor(redis: RedisLike, options?: RedisBroadcasterOptions) {
    const { keyPrefix, commandTimeoutMs, onError } = resolveBroadcasterOptions(options);
    this.redis = new BoundedRedisClient(redis, commandTimeoutMs);
    this.channel = `${keyPrefix}broadcast`;
    this.onError = onError;
    this.outage = new Outage((error) => {
      this.report(
        error,
        'The broadcaster has lost Redis: events of other servers do not come until it is back',
      );
    });
  }

  /**
   * Lets events reach the clients of a server. Attaching a server again changes nothing.
   * @returns a Promise that is settled when events arrive; of a function that detaches the server
   * @throws ConfigurationError where `server` is no server; JstpError `ERR_JSTP_STORE_AWAY` where Redis cannot be
   * reached, `ERR_JSTP_CLOSED` after `close`
   */
  async attach(server: BroadcastTarget): Promise<() => void> {
    this.checkOpen();
    if (typeof (server as Partial<BroadcastTarget> | null | undefined)?.getClients !== 'function')
      throw new ConfigurationError('server', server, 'a server, which has getClients()');
    const subscription = (this.subscription ??= this.subscribe());
    this.targets.add(server);
    const detach = (): void => {
      this.targets.delete(server);
    };
    try {
      await this.redis.bounded(() => subscription.subscribed);
    } catch (error) {
      detach();
      throw error;
    }
    return detach;
  }

  /**
   * Sends an event to all clients of all servers.
   * @returns a Promise that is settled when Redis has the event
   * @throws JstpError `ERR_JSTP_STORE_AWAY` where Redis cannot be reached (the event may arrive all the same: a client of
   * Redis that was cut off sends what was on its way again), `ERR_JSTP_CLOSED` after `close`;
   * MdsfStringifyError for arguments that cannot be sent
   */
  broadcast(interfaceName: string, event: string, ...args: unknown[]): Promise<void> {
    return this.send({ interfaceName, event, args });
  }

  /**
   * Sends an event to the clients of one user, at all servers.
   * @returns as {@link broadcast}
   * @throws as {@link broadcast}; ConfigurationError for a name that is no string
   */
  async emitToUser(
    username: string,
    interfaceName: string,
    event: string,
    ...args: unknown[]
  ): Promise<void> {
    // Why checked: an event for an undefined user would go to all clients.
    if (typeof username !== 'string') throw new ConfigurationError('username', username, 'a string');
    await this.send({ interfaceName, event, args, username });
  }

  /** Ends the broadcaster: it neither sends nor delivers events any more. The client of Redis stays open. */
  close(): void {
    this.isClosed = true;
    this.targets.clear();
    this.subscription?.close();
  }

  private async send(envelope: Envelope): Promise<void> {
    this.checkOpen();
    await this.redis.publish(this.channel, stringify(envelope, WITH_BYTES));
  }

  private subscribe(): ChannelSubscription {
    const listener = {
      message: (text: string): void => {
        this.receive(text);
      },
      failed: (error: unknown): void => {
        this.outage.commandFailed(error);
      },
      ready: (): void => {
        this.outage.commandSucceeded();
      },
    };
    const subscription = this.redis.subscribe(this.channel, listener);
    subscription.proveEvery(PROOF_EVERY_MS, (proof) => this.redis.publish(this.channel, proof));
    return subscription;
  }

  private receive(text: string): void {
    let envelope: Envelope;
    try {
      envelope = readEnvelope(text);
    } catch (error) {
      this.report(error, `A message on ${this.channel} cannot be read`);
      return;
    }
    for (const target of this.targets) this.deliver(target, envelope);
  }

  /** Delivers an event to the clients of a server. The failure of one client does not keep it from the others. */
  private deliver(target: BroadcastTarget, { interfaceName, event, args, username }: Envelope): void {
    try {
      for (const client of target.getReachableClients?.() ?? target.getClients()) {
        if (username === undefined || client.username === username) {
          this.emit(client, interfaceName, event, args);
        }
      }
    } catch (error) {
      this.report(error, 'An event cannot be delivered');
    }
  }

  private emit(client: BroadcastClient, interfaceName: string, event: string, args: unknown[]): void {
    try {
      client.emitRemoteEvent(interfaceName, event, args);
    } catch (error) {
      this.report(error, 'An event cannot be delivered');
    }
  }

  private report(error: unknown, what: string): void {
    try {
      this.onError(new JstpError('ERR_JSTP_BROADCAST', `${what}: ${reasonOf(error)}`, { cause: error }));
    } catch {
      // Nobody is left who could be told that `onError` has thrown.
    }
  }

  private checkOpen(): void {
    if (this.isClosed) throw new JstpError('ERR_JSTP_CLOSED', 'The broadcaster is closed');
  }

  /** @internal Returns what `JSON.stringify` shows: nothing of the client of Redis. */
  toJSON(): object {
    return { channel: this.channel, isClosed: this.isClosed };
  }

  /** @internal Returns what Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('RedisBroadcaster', this, options, inspect);
  }
}

function readEnvelope(text: string): Envelope {
  const { interfaceName, event, args, username } = (parse(text, WITH_BYTES) ?? {}) as Record<string, unknown>;
  const isNamed = typeof interfaceName === 'string' && typeof event === 'string';
  if (!isNamed || !Array.isArray(args)) throw new TypeError('It is no event');
  if (username === undefined) return { interfaceName, event, args };
  if (typeof username !== 'string') throw new TypeError('It names no user');
  return { interfaceName, event, args, username };
}
