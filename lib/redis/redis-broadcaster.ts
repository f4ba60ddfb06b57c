import type { CallOptions } from '../connection/calls/call-options.js';
import { stringify } from '../mdsf/index.js';
import { ConfigurationError } from '../protocol/configuration-error.js';
import { ERR_CALL_TIMEOUT, ERR_NOT_CONNECTED } from '../protocol/error-codes.js';
import { JstpError } from '../protocol/jstp-error.js';
import type { Metadata } from '../protocol/message.js';
import { check, isInteger, isString } from '../protocol/option-checks.js';
import { RemoteError } from '../protocol/remote-error.js';
import { Audience, UserAudience, type UserSink } from '../server/rooms/audience.js';
import { DEFAULT_LISTED, presenceOf, type Presence, type PresentSession } from '../server/rooms/presence.js';
import type { RoomsBroadcaster } from '../server/rooms/rooms-broadcaster.js';
import type { Rooms } from '../server/rooms/rooms.js';
import { selectRooms, selectUsers, type Excluded, type Selection } from '../server/rooms/selection.js';
import { ignore } from '../util/callback.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';
import { randomId } from '../util/random.js';
import {
  readMessage,
  WITH_BYTES,
  writeMessage,
  type BroadcastMessage,
  type CallQuestion,
  type EventMessage,
  type WhoQuestion,
} from './broadcast-message.js';
import { MEET, SEND } from './broadcast-scripts.js';
import { BoundedRedisClient, reasonOf } from './bounded-redis-client.js';
import type { ChannelSubscription } from './channel-subscription.js';
import { resolveBroadcasterOptions, type RedisBroadcasterOptions } from './options.js';
import { Outage } from './outage.js';
import { Questions } from './questions.js';
import { RecentEvents } from './recent-events.js';
import type { RedisLike } from './redis-like.js';
import { Respondent, type CallAnswer, type WhoAnswer } from './respondent.js';

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
  /** The server's rooms. @default none: events to rooms reach nobody there */
  readonly rooms?: Rooms;
}

/** How often the connection that listens has to prove that it is alive. */
const PROOF_EVERY_MS = 5000;
/** For how long a server counts as alive after it has told that it is. */
const ALIVE_MS = 3 * PROOF_EVERY_MS;
/** How long a call may take where nothing else is said. */
const CALL_TIMEOUT_MS = 10_000;
/** How many microseconds a millisecond has: events are counted from the time in microseconds on. */
const MICROSECONDS = 1000;

/**
 * Sends events to the clients of all servers that have a broadcaster on the same Redis with the same `keyPrefix`,
 * this one included. Redis keeps no messages: a server that cannot reach Redis misses what is sent meanwhile.
 * @example
 * const broadcaster = new RedisBroadcaster(redis);
 * await broadcaster.attach(server);
 * await broadcaster.broadcast('chat', 'message', 'hello');
 * await broadcaster.to('kitchen').emit('chat', 'message', 'hello, cooks');
 */
export class RedisBroadcaster implements RoomsBroadcaster {
  private readonly redis: BoundedRedisClient;
  private readonly channel: string;
  private readonly answerTimeoutMs: number;
  private readonly onError: (error: unknown) => void;
  private readonly outage: Outage;
  private readonly targets = new Set<BroadcastTarget>();
  /** The id of this broadcaster among those that answer questions. */
  private readonly id = randomId();
  private readonly recent = new RecentEvents();
  private readonly respondent = new Respondent();
  private readonly questions: Questions;
  private readonly sink: UserSink<Promise<void>>;
  private subscription: ChannelSubscription | undefined;
  private isClosed = false;

  /**
   * @param redis a client of the package `redis` whose `connect()` was called, or an instance of `ioredis`. It stays
   * yours: listen to its 'error' event, and close it after the broadcaster.
   * @param options see RedisBroadcasterOptions
   * @throws ConfigurationError naming the option, what was given and what is allowed
   */
  constructor(redis: RedisLike, options?: RedisBroadcasterOptions) {
    const { keyPrefix, commandTimeoutMs, answerTimeoutMs, onError } = resolveBroadcasterOptions(options);
    this.redis = new BoundedRedisClient(redis, commandTimeoutMs);
    this.channel = `${keyPrefix}broadcast`;
    this.answerTimeoutMs = answerTimeoutMs;
    this.onError = onError;
    this.outage = new Outage((error) => {
      this.report(
        error,
        'The broadcaster has lost Redis: events of other servers do not come until it is back',
      );
    });
    this.questions = new Questions(this.redis, this.answersOf(this.id), (error) => {
      this.report(error, 'An answer of another server cannot be read');
    });
    this.sink = {
      emit: (selection, interfaceName, event, args) => this.emitTo(selection, interfaceName, event, args),
      call: (selection, interfaceName, method, args) => this.callAny(selection, interfaceName, method, args),
    };
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
      if (!this.targets.delete(server)) return;
      roomsOf(server)?.unfollow(this.recent);
      if (this.targets.size === 0) this.stopListening();
    };
    try {
      await this.redis.bounded(() => subscription.subscribed);
      const { position } = await this.meet();
      // After the subscription: whatever is not counted yet comes.
      this.recent.begin(position);
    } catch (error) {
      detach();
      throw error;
    }
    if (this.targets.has(server)) roomsOf(server)?.follow(this.recent);
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
    return this.emitTo({}, interfaceName, event, args);
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
    await this.toUser(username).emit(interfaceName, event, ...args);
  }

  /**
   * Selects the members of rooms, on all servers. Its `emit` returns and rejects as {@link broadcast} does.
   * @throws ConfigurationError for what is no text
   */
  to(...rooms: readonly string[]): Audience<Promise<void>> {
    return new Audience(this.sink, selectRooms({}, rooms));
  }

  /**
   * Selects the sessions of a user, on all servers, for events and calls. A call is given up after ten seconds (-7), and its
   * result comes from the server that answers first.
   * @throws ConfigurationError for what is no text
   */
  toUser(name: string): UserAudience<Promise<void>> {
    return new UserAudience(this.sink, selectUsers({}, [name]));
  }

  /** Selects all clients of all servers, but for the members of rooms, and single connections or sessions. */
  except(...excluded: readonly Excluded[]): Audience<Promise<void>> {
    return new Audience(this.sink, {}).except(...excluded);
  }

  /**
   * Asks all servers who is in a room. A server that does not answer within `answerTimeoutMs` is left out, and
   * `isComplete` is false.
   * @param maxListed how many sessions are listed at most. @default 1000
   * @throws as {@link attach}
   */
  async who(room: string, maxListed = DEFAULT_LISTED): Promise<Presence> {
    check('room', room, 'the name of a room', isString);
    check('maxListed', maxListed, 'an integer from 0', isInteger(0, Number.MAX_SAFE_INTEGER));
    const sessions: PresentSession[] = [];
    let count = 0;
    const question: WhoQuestion = { ...this.createQuestion(), kind: 'who', room, maxListed };
    const haveAllAnswered = await this.ask(question, this.answerTimeoutMs, (value) => {
      const answer = value as WhoAnswer;
      sessions.push(...answer.sessions.slice(0, maxListed - sessions.length));
      count += answer.count;
      return false;
    });
    return presenceOf(sessions, count, maxListed, haveAllAnswered);
  }

  /**
   * Sends an event to all who are selected, on all servers: what {@link to}, {@link toUser} and {@link except} call.
   * @returns as {@link broadcast}
   * @throws as {@link broadcast}
   */
  async emitTo(
    selection: Selection,
    interfaceName: string,
    event: string,
    args: unknown[],
    metadata?: Metadata,
  ): Promise<void> {
    this.checkOpen();
    const text = writeMessage({ kind: 'event', selection, interfaceName, event, args, metadata });
    // Why the clock on the wall: a Redis that has lost the count goes on above it.
    // eslint-disable-next-line no-restricted-properties -- see above
    const first = String(Date.now() * MICROSECONDS);
    await this.redis.run(SEND, [`${this.channel}:count`], [this.channel, first, text]);
  }

  /**
   * Calls a method of all who are selected, on all servers: what {@link toUser} calls. The first result counts.
   * @returns a Promise of the result; it rejects with the first error where all calls have failed, with -9 where there is
   * no session, and with -7 after `timeout` (ten seconds)
   * @throws as {@link attach}
   */
  async callAny(
    selection: Selection,
    interfaceName: string,
    method: string,
    args: unknown[],
    { metadata, timeout }: Pick<CallOptions, 'metadata' | 'timeout'> = {},
  ): Promise<unknown> {
    const timeoutMs = timeout || CALL_TIMEOUT_MS;
    const message = { selection, interfaceName, method, args, metadata, timeoutMs };
    const question: CallQuestion = { ...this.createQuestion(), kind: 'call', ...message };
    let found: CallAnswer = {};
    const isAnswered = await this.ask(question, timeoutMs, (value) => {
      const answer = value as CallAnswer;
      if (answer.ok || (answer.error && !found.error)) found = answer;
      return answer.ok !== undefined;
    });
    // What still runs at other servers is of no use any more.
    const withdrawal = writeMessage({ kind: 'drop', id: question.id });
    this.redis.publish(this.channel, withdrawal).catch(ignore);
    if (found.ok) return found.ok[0];
    if (found.error) throw RemoteError.fromJstpArray(found.error);
    throw new RemoteError(isAnswered ? ERR_NOT_CONNECTED : ERR_CALL_TIMEOUT);
  }

  /** Ends the broadcaster: it neither sends nor delivers events any more. The client of Redis stays open. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const target of this.targets) roomsOf(target)?.unfollow(this.recent);
    this.targets.clear();
    this.stopListening();
  }

  private createQuestion(): { readonly id: string; readonly from: string } {
    return { id: randomId(), from: this.id };
  }

  private async ask(
    question: WhoQuestion | CallQuestion,
    timeoutMs: number,
    take: (value: unknown) => boolean,
  ): Promise<boolean> {
    this.checkOpen();
    const text = writeMessage(question);
    await this.questions.prepare();
    const { servers } = await this.meet();
    const send = (): Promise<void> => this.redis.publish(this.channel, text);
    return this.questions.ask(question.id, servers, send, timeoutMs, take);
  }

  /** Tells the other servers that this one lives, if it has clients, and asks which of them do. */
  private async meet(aliveMs = this.targets.size > 0 ? ALIVE_MS : 0): Promise<Meeting> {
    const keys = [`${this.channel}:servers`, `${this.channel}:server:${this.id}`, `${this.channel}:count`];
    const [position, ...servers] = (await this.redis.run(MEET, keys, [this.id, String(aliveMs)])) as string[];
    return { position: Number(position), servers };
  }

  /** No clients are left: nothing is listened to, so that nothing keeps the process. */
  private stopListening(): void {
    // If the other servers do not hear of it, they ask this one for a while.
    if (this.subscription) this.meet(0).catch(ignore);
    this.subscription?.close();
    this.subscription = undefined;
    this.questions.close();
    this.respondent.close();
    this.recent.clear();
  }

  private answersOf(id: string): string {
    return `${this.channel}:answers:${id}`;
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
    subscription.proveEvery(PROOF_EVERY_MS, async (proof) => {
      await this.redis.publish(this.channel, proof);
      if (this.targets.size > 0) await this.meet();
    });
    return subscription;
  }

  private receive(text: string): void {
    let message: BroadcastMessage;
    try {
      message = readMessage(text);
    } catch (error) {
      this.report(error, `A message on ${this.channel} cannot be read`);
      return;
    }
    if (message.kind === 'drop') this.respondent.drop(message.id);
    else if (message.kind !== 'event') void this.answer(message);
    else {
      this.recent.add(message, text.length);
      for (const target of this.targets) this.deliver(target, message);
    }
  }

  /** Answers a question of a server, maybe of this one. */
  private async answer(question: WhoQuestion | CallQuestion): Promise<void> {
    const rooms = [...this.targets].flatMap((target) => roomsOf(target) ?? []);
    const { id, from } = question;
    try {
      const value =
        question.kind === 'who'
          ? this.respondent.who(rooms, question)
          : await this.respondent.call(rooms, question);
      await this.redis.publish(this.answersOf(from), stringify({ id, by: this.id, value }, WITH_BYTES));
    } catch (error) {
      this.report(error, 'A question of another server cannot be answered');
    }
  }

  /** Delivers an event to the clients of a server. The failure of one client does not keep it from the others. */
  private deliver(target: BroadcastTarget, event: EventMessage): void {
    try {
      const { rooms } = target;
      rooms?.follow(this.recent);
      if (rooms) rooms.deliver(event, this.recent);
      else this.deliverOneByOne(target, event);
    } catch (error) {
      this.report(error, 'An event cannot be delivered');
    }
  }

  /** The same for a server without rooms, to all or to some users. */
  private deliverOneByOne(
    target: BroadcastTarget,
    { selection, interfaceName, event, args }: EventMessage,
  ): void {
    const { rooms, users } = selection;
    for (const client of target.getReachableClients?.() ?? target.getClients()) {
      const isUser = client.username !== null && users?.includes(client.username) === true;
      if (isUser || (!rooms && !users)) this.emit(client, interfaceName, event, args);
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

/** What a server has heard from Redis. */
interface Meeting {
  /** The number of the last event; 0 where there was none. */
  readonly position: number;
  /** The ids of the servers that live. */
  readonly servers: readonly string[];
}

/** The rooms of a server; undefined where it has none, or does not listen yet. */
function roomsOf(target: BroadcastTarget): Rooms | undefined {
  try {
    return target.rooms;
  } catch {
    return undefined;
  }
}
