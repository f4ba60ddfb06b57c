import type { ApplicationLike } from '../application/application.js';
import type {
  InterfaceOf,
  MethodOf,
  EventOf,
  GivenArguments,
  GottenResult,
  UncheckedName,
} from '../application/contract.js';
import { ERR_CALLBACK_LOST } from '../protocol/error-codes.js';
import type { Limits } from '../protocol/limits.js';
import type { Metadata } from '../protocol/message.js';
import type { RemoteError } from '../protocol/remote-error.js';
import type { Session } from '../session/session.js';
import {
  arrayOf,
  callWith,
  promisify,
  unwrapping,
  type Callback,
  type TypedCallback,
} from '../util/callback.js';
import { EventEmitter, LISTENERS_CHANGED } from '../util/event-emitter.js';
import type { AbortSignalLike } from '../util/host.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';
import type { CallOptions, EventOptions } from './calls/call-options.js';
import type { JstpStream } from './calls/jstp-stream.js';
import { limitCall } from './calls/limit-call.js';
import { openStream, type StreamOptions } from './calls/open-stream.js';
import { answerCall, createOutgoingCall, type OutgoingCall } from './calls/outgoing-calls.js';
import type { RemoteProxy } from './calls/remote-proxy.js';
import type { ConnectionChannel } from './connection-channel.js';
import { CONTROL, type ConnectionControl } from './control.js';
import type { ExtensionName, Extensions } from './extensions.js';
import { credentialsOf, type Credentials } from './handshake/credentials.js';
import type { CallMeter } from './observing/call-meter.js';
import type { LogEmitter } from './log-events.js';
import type { ConnectionState } from './state.js';
import type { Transport } from './transport.js';
import type { UpgradeRequest } from './upgrade-request.js';

export type { LogEmitter, LogEvent } from './log-events.js';

/** The application that a client asks for: 'name', 'name@version' or both apart; version may be a semver range. */
export type AppSpecifier = string | { readonly name: string; readonly version?: string | undefined };

/** How a connect policy answers. */
export type ConnectPolicyCallback = (
  error: unknown,
  connection?: Connection,
  session?: Session<Connection>,
) => void;

/**
 * Does the handshake on a fresh transport: logs in, or resumes the session where there is one. After the server has
 * refused a session as lost, the policy is called without one, at the reconnector's next attempt.
 */
export type ConnectPolicyFunction = (
  app: AppSpecifier,
  connection: Connection,
  session: Session<Connection> | null | undefined,
  callback: ConnectPolicyCallback,
) => unknown;

/** A connect policy, as a function or as an object with it. */
export type ConnectPolicy = ConnectPolicyFunction | { readonly connect: ConnectPolicyFunction };

/**
 * Connects again: `reconnectFn([transportName,] ...dialArguments, callback)`; without arguments as it
 * was connected before.
 */
export type ReconnectFunction = (...args: unknown[]) => void;

/** Called when a transport is lost; calls `reconnectFn` when and how it wants. */
export type Reconnector = (connection: Connection, reconnectFn: ReconnectFunction) => void;

/** The `client` argument of `connect`. */
export interface ClientOptions {
  /** What this side offers to the server's calls and events. @default an empty 'jstp@1.0.0' */
  application?: ApplicationLike<Connection>;
  /** @default SimpleConnectPolicy without a login: anonymous */
  connectPolicy?: ConnectPolicy | null;
  /** Milliseconds between pings. @default none */
  heartbeatInterval?: number;
  /** A session to resume. @default none: a new one */
  session?: Session<Connection> | null;
  /**
   * @default exponential backoff from 1 s to 32 s plus up to 1 s at random; at once where the server says 'moved', and
   * where it has said that the session is lost
   */
  reconnector?: Reconnector;
  /** Gets the log events instead of the connection. */
  logger?: LogEmitter;
  /** Caps and timeouts. @default see Limits */
  limits?: Partial<Limits>;
  /** Which extensions to offer. @default ['stream', 'source', 'cancel', 'resume', 'bytes'] */
  extensions?: readonly ExtensionName[];
  /**
   * Asked at each dial for the arguments to use, in the place of those of `connect`, `reconnect` or `reconnectFn`,
   * which it is given: for what changes with time, as a client's certificate. What it throws is the attempt's error.
   * @default those that were given
   */
  dialArguments?: (given: readonly unknown[]) => readonly unknown[] | Promise<readonly unknown[]>;
  /** @internal Counts the connection's calls and events. */
  callMeter?: CallMeter | undefined;
  /** @internal Gives up connecting, up to the end of the handshake; the callback may never be called then. */
  signal?: AbortSignalLike;
}

/** The events of a connection, those of the reference among them. */
export interface ConnectionEvents {
  /** The transport is closed, on purpose or not. */
  close: [connection: Connection];
  /** An error of the transport or the protocol, or of a call that has no callback. Never thrown if nobody listens. */
  error: [error: unknown, connection?: Connection];
  /** A client's handshake is done (on the server's side). */
  client: [session: Session<Connection>, connection: Connection];
  /**
   * A server has refused the client's session as gone: a restart has lost it, say. What was sent in it and not answered
   * fails with -1; the reconnector's next attempt logs in by the connect policy, to a new session.
   */
  sessionLost: [session: Session<Connection>];
  /** An attempt to connect again has ended; without an error the session is resumed or, after 'sessionLost', a new one is there. */
  reconnect: [error: unknown];
  /** An attempt to connect again begins. */
  reconnectAttempt: [transportName: string, ...dialArguments: unknown[]];
  /**
   * The server is about to end: it refuses new calls with ERR_SERVER_CLOSING, and finishes those under way. JstpClient goes
   * to the next server. Only where the extension `bye` is agreed.
   */
  drain: [];
  /** The peer's bye: it ends the connection on purpose. */
  bye: [reason: string];
  /** Log: a call was received. */
  call: [interfaceName: string | undefined, methodName: string | undefined, args: unknown];
  /** Log: a callback was received. */
  callback: [error: unknown, ok: unknown];
  /** Log: an event was received. */
  event: [interfaceName: string | undefined, eventName: string | undefined, args: unknown];
  /** Log: a handshake's answer was received; a session's id is masked. */
  handshake: [error: unknown, ok: unknown];
  /** Log: an old peer's `{}` was received. */
  heartbeat: [message: unknown];
  /** Log: an inspect was received. */
  inspect: [interfaceName: string | undefined];
  /** Log, outside production: a message, as an object; session ids and credentials are masked. */
  incomingMessage: [message: unknown];
  /** Log, outside production: a message, as an object; session ids and credentials are masked. */
  outgoingMessage: [message: unknown];
  /** Log: a message that was not expected, or not valid. */
  messageRejected: [message: unknown];
}

/** What a {@link Connection} shows, and asks of the machine behind it. */
export interface ConnectionCore extends ConnectionControl {
  readonly state: ConnectionState;
  readonly session: Session<Connection> | null;
  application: ApplicationLike<Connection> | null;
  readonly username: string | null;
  readonly extensions: Extensions;
  readonly closedIntentionally: boolean;
  readonly wire: {
    readonly remoteAddress: string | undefined;
    readonly transport: Pick<Transport, 'getRawTransport' | 'getPeerCertificate' | 'upgradeRequest'> | null;
  };
  /** The server, on its side; null on a client's. */
  readonly serverSide: { readonly server: object } | null;
  /** The client's options with their defaults; null on a server's side. */
  readonly settings: { readonly client: ClientOptions } | null;
  readonly limits: Limits;
  startHeartbeat(intervalMs: number): void;
  stopHeartbeat(): void;
  close(): void;
  shakeHands(
    app: AppSpecifier,
    credentials: Credentials<Connection>,
    callback: Callback<[session?: Session<Connection>]>,
  ): void;
  /** What it sends; made with the first message. */
  readonly channel: ConnectionChannel;
  /** Emits an error to those who listen for it; answers whether somebody does. */
  tell(error: unknown): boolean;
  /** Listeners have come or gone. */
  listenersChanged(): void;
}

const TAKES_ARRAY = { takesArray: true };
let connectionCount = 0;

/** Makes the public object of a connection; only the machine behind it does so. */
export let createConnection: (core: ConnectionCore) => Connection;

/**
 * One side of a JSTP connection: calls and events both ways, over a session that may outlive its transports.
 * @typeParam Peer what the peer takes: the contract of the application, at its client. @default anything
 */
export class Connection<out Peer = unknown> extends EventEmitter<ConnectionEvents> {
  /** Counts the connections of this process. */
  readonly id = connectionCount++;
  /** @internal What the rooms above may drive. */
  readonly [CONTROL]: ConnectionCore;

  static {
    createConnection = (core) => new Connection(core);
  }

  private constructor(core: ConnectionCore) {
    super();
    this[CONTROL] = core;
  }

  /** @internal */
  override [LISTENERS_CHANGED](): void {
    this[CONTROL].listenersChanged();
  }

  /** Where the connection is in its life. */
  get state(): ConnectionState {
    return this[CONTROL].state;
  }

  /** Whether the handshake is done on the present transport. */
  get handshakeDone(): boolean {
    return this[CONTROL].isOpen;
  }

  /** The session; null before the handshake. */
  get session(): Session<Connection> | null {
    return this[CONTROL].session;
  }

  /**
   * What this side offers to the other: on a server's side what the client asked for, once its handshake is done. It may
   * be set, and then serves what comes from now on, until the next handshake.
   */
  get application(): ApplicationLike<Connection> | null {
    return this[CONTROL].application;
  }

  set application(application: ApplicationLike<Connection> | null) {
    this[CONTROL].application = application;
  }

  /** Who logged in; null: anonymous, or not yet. */
  get username(): string | null {
    return this[CONTROL].username;
  }

  /** What both sides agreed on. */
  get extensions(): Extensions {
    return this[CONTROL].extensions;
  }

  /** Whether {@link close} was called. */
  get closedIntentionally(): boolean {
    return this[CONTROL].closedIntentionally;
  }

  /** The peer's address; undefined where the transport knows none. */
  get remoteAddress(): string | undefined {
    return this[CONTROL].wire.remoteAddress;
  }

  /** The server, on its side; null on a client's. */
  get server(): object | null {
    return this[CONTROL].serverSide?.server ?? null;
  }

  /** The client argument as the user gave it; null on a server's side. */
  get client(): ClientOptions | null {
    return this[CONTROL].settings?.client ?? null;
  }

  /** The caps and timeouts in force. */
  get limits(): Limits {
    return this[CONTROL].limits;
  }

  /** The peer's interfaces that were inspected, by name. */
  get remoteProxies(): Record<string, RemoteProxy> {
    return this[CONTROL].channel.remoteProxies;
  }

  /** The socket (or WebSocket) of the present transport; undefined while there is none. */
  getTransport(): unknown {
    return this[CONTROL].wire.transport?.getRawTransport();
  }

  /** The request that opened the client's WebSocket; undefined without one, over other transports, and on a client's side. */
  getUpgradeRequest(): UpgradeRequest | undefined {
    return this[CONTROL].wire.transport?.upgradeRequest?.read();
  }

  /** The peer's certificate as Node's `getPeerCertificate()` gives it; undefined without TLS. */
  getPeerCertificate(): unknown {
    return this[CONTROL].wire.transport?.getPeerCertificate?.();
  }

  /**
   * Pings the peer at an interval; one that does not answer in time (`limits.heartbeatTimeoutMs`) is cut off.
   * @param intervalMs milliseconds between pings
   * @throws ConfigurationError for an interval that is no positive number of milliseconds
   */
  startHeartbeat(intervalMs: number): void {
    this[CONTROL].startHeartbeat(intervalMs);
  }

  /** Ends the pings. */
  stopHeartbeat(): void {
    this[CONTROL].stopHeartbeat();
  }

  /** Ends the connection on purpose: calls under way fail with -1, nothing is dialled again. */
  close(): void {
    this[CONTROL].close();
  }

  /**
   * Shakes hands as a client.
   * @param app the application asked for
   * @param login a user's name, or a session to resume; null or undefined: anonymous
   * @param password the user's password
   * @param callback gets the session, or the error
   */
  handshake(
    app: AppSpecifier,
    login: string | Session<Connection> | null | undefined,
    password: string | null | undefined,
    callback: Callback<[session?: Session<Connection>]>,
  ): void {
    this[CONTROL].shakeHands(app, credentialsOf(login, password), callback);
  }

  /** Shakes hands with a strategy that the server's policy knows, in the place of a login. */
  authenticate(
    app: AppSpecifier,
    strategy: string,
    credentials: unknown,
    callback: Callback<[session?: Session<Connection>]>,
  ): void {
    this[CONTROL].shakeHands(app, { strategy, credentials, username: null, resumed: undefined }, callback);
  }

  /**
   * Calls a method of the peer. Without a callback it returns a Promise of the result, or of the array of several.
   * @example await connection.callMethod('rooms', 'join', ['lobby'], { metadata: { locale: 'de' } })
   */
  callMethod<Interface extends InterfaceOf<Peer>, Method extends MethodOf<Peer, Interface>>(
    interfaceName: Interface,
    methodName: Method,
    args: GivenArguments<Peer, Interface, 'methods', Method>,
    options?: CallOptions,
  ): Promise<GottenResult<Peer, Interface, 'methods', Method>>;
  callMethod<Interface extends InterfaceOf<Peer>, Method extends MethodOf<Peer, Interface>>(
    interfaceName: Interface,
    methodName: Method,
    args: GivenArguments<Peer, Interface, 'methods', Method>,
    callback: Callback,
    options?: CallOptions,
  ): undefined;
  callMethod<Interface extends InterfaceOf<Peer>, Method extends MethodOf<Peer, Interface>>(
    interfaceName: Interface,
    methodName: Method,
    args: GivenArguments<Peer, Interface, 'methods', Method>,
    callback: TypedCallback,
    options?: CallOptions,
  ): undefined;
  callMethod<Interface extends InterfaceOf<Peer>, Method extends MethodOf<Peer, Interface>>(
    interfaceName: Interface,
    methodName: Method,
    args: GivenArguments<Peer, Interface, 'methods', Method>,
    callback?: Callback | CallOptions | null,
    options?: CallOptions,
  ): Promise<GottenResult<Peer, Interface, 'methods', Method>> | undefined;
  callMethod(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    last?: Callback | TypedCallback | CallOptions | null,
    options?: CallOptions,
  ): Promise<unknown> | undefined {
    if (typeof last === 'function') {
      this.startCall(interfaceName, methodName, args, last as Callback, options);
      return undefined;
    }
    const given = last ?? options;
    return this.promise((done) => {
      const said = given ? { ...given, ...TAKES_ARRAY } : TAKES_ARRAY;
      this.startCall(interfaceName, methodName, args, unwrapping(done), said);
    });
  }

  /**
   * The same, but a call whose answer is lost with the transport is made again: it may then run twice. On a connection
   * that was closed, and whose session is alive, it waits for `reconnect(connection)`.
   */
  callMethodWithResend<Interface extends InterfaceOf<Peer>, Method extends MethodOf<Peer, Interface>>(
    interfaceName: Interface,
    methodName: Method,
    args: GivenArguments<Peer, Interface, 'methods', Method>,
  ): Promise<GottenResult<Peer, Interface, 'methods', Method>>;
  callMethodWithResend<Interface extends InterfaceOf<Peer>, Method extends MethodOf<Peer, Interface>>(
    interfaceName: Interface,
    methodName: Method,
    args: GivenArguments<Peer, Interface, 'methods', Method>,
    callback: Callback,
  ): undefined;
  callMethodWithResend<Interface extends InterfaceOf<Peer>, Method extends MethodOf<Peer, Interface>>(
    interfaceName: Interface,
    methodName: Method,
    args: GivenArguments<Peer, Interface, 'methods', Method>,
    callback?: Callback | null,
  ): Promise<GottenResult<Peer, Interface, 'methods', Method>> | undefined;
  callMethodWithResend(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback?: Callback | null,
  ): Promise<unknown> | undefined {
    if (!callback) {
      return this.promise((done) => {
        this.callResendable(interfaceName, methodName, args, unwrapping(done));
      });
    }
    this.callResendable(interfaceName, methodName, args, (error, results) => {
      callWith(callback, error, arrayOf(results));
    });
    return undefined;
  }

  /** @param callback gets the results as one array */
  private callResendable(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: Callback,
  ): void {
    const again: Callback = (error, results) => {
      const heir = this.session?.connection ?? this;
      if (error === ERR_CALLBACK_LOST && !heir[CONTROL].isClosed) {
        heir.callResendable(interfaceName, methodName, args, callback);
      } else callback(error, results);
    };
    const call = createOutgoingCall(again, undefined, 'resendable', true);
    this[CONTROL].channel.sendCall(call, interfaceName, methodName, args);
  }

  /**
   * Calls a method that answers with many values. They are read one by one, and the peer sends no more than is read: a
   * loop that waits holds it back. A method that does not stream brings its one result.
   * @example for await (const line of connection.stream('log', 'follow', ['app'])) console.log(line);
   */
  stream<
    T = unknown,
    Interface extends InterfaceOf<Peer> = UncheckedName<Peer>,
    Method extends MethodOf<Peer, Interface> = UncheckedName<Peer>,
  >(
    interfaceName: Interface,
    methodName: Method,
    args: GivenArguments<Peer, Interface, 'methods', Method>,
    options?: StreamOptions,
  ): JstpStream<GottenResult<Peer, Interface, 'methods', Method, T>> {
    return openStream(this, interfaceName, methodName, args, options);
  }

  /** Makes a call that may stream, carry metadata and be cancelled. The callback gets its end, once. */
  startCall(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: Callback,
    options?: CallOptions,
  ): OutgoingCall {
    const call = createOutgoingCall(callback, options?.onItem, 'call', options?.takesArray);
    if (!options) {
      this[CONTROL].channel.sendCall(call, interfaceName, methodName, args);
      return call;
    }
    call.onReplyMetadata = options.onReplyMetadata;
    const { timeout, signal, metadata } = options;
    if (timeout || signal) this.sendLimited(call, interfaceName, methodName, args, options);
    else this[CONTROL].channel.sendCall(call, interfaceName, methodName, args, metadata);
    return call;
  }

  /** Sends a call that has an end. Why apart: a closure in the function that makes each call would cost all of them. */
  private sendLimited(
    call: OutgoingCall,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    options: CallOptions,
  ): void {
    const { timeout, metadata } = options;
    const isSent = limitCall(call, options, (error) => {
      this.abandonCall(call, error);
    });
    const told = timeout ? { ...metadata, timeout } : metadata;
    if (isSent) this[CONTROL].channel.sendCall(call, interfaceName, methodName, args, told);
  }

  /** The time of a call is over, or its signal has fired. */
  private abandonCall(call: OutgoingCall, error: RemoteError): void {
    // The session may be another connection's by now.
    const heir = this.session?.connection ?? this;
    for (const each of new Set([this, heir])) each.cancelCall(call, error);
    this[CONTROL].guard(() => {
      answerCall(call, error);
    });
  }

  /**
   * Tells the peer that nobody waits for a call any more; its callback is not called. Idempotent.
   * @param reason for those who observe the call. @default a RemoteError of -8 (`ERR_CANCELLED`)
   */
  cancelCall(call: OutgoingCall, reason?: RemoteError): void {
    call.limit?.stop();
    this[CONTROL].channel.cancelCall(call, reason);
  }

  /** Sends an event. What keeps it from being sent is emitted as 'error', if somebody listens. */
  emitRemoteEvent<Interface extends InterfaceOf<Peer>, Event extends EventOf<Peer, Interface>>(
    interfaceName: Interface,
    eventName: Event,
    args: GivenArguments<Peer, Interface, 'events', Event>,
    options?: EventOptions,
  ): void {
    const error = this.sendEvent(interfaceName, eventName, args, options?.metadata);
    if (error !== undefined) this[CONTROL].tell(error);
  }

  /** Sends an event; answers with what keeps it from being sent, undefined if nothing does. */
  sendEvent(interfaceName: string, eventName: string, args: unknown[], metadata?: Metadata): unknown {
    return this[CONTROL].channel.sendEvent(interfaceName, eventName, args, metadata);
  }

  /** Asks for the methods of an interface; answers with a proxy that has them. */
  inspectInterface(interfaceName: string): Promise<RemoteProxy>;
  inspectInterface(interfaceName: string, callback: Callback<[proxy?: RemoteProxy]>): undefined;
  inspectInterface(
    interfaceName: string,
    callback?: Callback<[proxy?: RemoteProxy]>,
  ): Promise<RemoteProxy> | undefined {
    if (!callback) {
      return this.promise((done) => {
        this[CONTROL].channel.inspectInterface(interfaceName, (error, proxy) => {
          this[CONTROL].channel.holdForCaller();
          done(error, proxy);
        });
      }) as Promise<RemoteProxy>;
    }
    this[CONTROL].channel.inspectInterface(interfaceName, callback);
    return undefined;
  }

  /** Asks for a sign of life; the callback (or the Promise) gets the pong, or -1. */
  ping(): Promise<unknown>;
  ping(callback: Callback<[]>): undefined;
  ping(callback?: Callback<[]>): Promise<unknown> | undefined {
    if (!callback) {
      return this.promise((done) => {
        this[CONTROL].channel.ping(done);
      });
    }
    this[CONTROL].channel.ping(callback);
    return undefined;
  }

  /** A Promise for a call without a callback; a failure is also emitted as 'error', if somebody listens. */
  private promise(run: (callback: Callback<[result?: unknown]>) => void): Promise<unknown> {
    return promisify((resolve) => {
      run((error, result) => {
        if (error) this[CONTROL].tell(error);
        resolve(error, result);
      });
    });
  }

  /** @internal What `JSON.stringify` shows: who it is with, and neither its session's id nor how it logged in. */
  toJSON(): object {
    return {
      id: this.id,
      side: this.server ? 'server' : 'client',
      state: this.state.name,
      application: this.session?.binding?.application,
      username: this.username,
      remoteAddress: this.remoteAddress,
    };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('Connection', this, options, inspect);
  }
}
