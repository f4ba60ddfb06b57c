import type { PeerCertificate } from 'node:tls';
import { BaseRpcContext } from '@nestjs/microservices';
import type { ApplicationLike } from '../application/application.js';
import type { InterfaceOf, EmitOf, CallOf, UncheckedName } from '../application/contract.js';
import type { JstpStream } from '../connection/calls/jstp-stream.js';
import type { Connection } from '../connection/connection.js';
import type { UpgradeRequest } from '../connection/upgrade-request.js';
import { MAX_USERNAME_LENGTH } from '../protocol/limits.js';
import { isUsername } from '../protocol/name-rules.js';
import type { Rooms } from '../server/rooms/rooms.js';
import type { Session } from '../session/session.js';
import { closeSignalOf } from './close-signal.js';
import type { ContractArguments, ContractResult } from './contract/client-contract.js';
import { messageOf } from './jstp-record.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

/** The message that a context belongs to: a call, an event or a handshake. */
export interface JstpMessage {
  /** The name of the interface; undefined for a handshake. */
  readonly interfaceName?: string | undefined;
  /** The name of the method or event; undefined for a handshake. */
  readonly methodName?: string | undefined;
  /** Plain data that the caller sent beside the arguments; undefined where it sent none. */
  readonly metadata?: Record<string, unknown> | undefined;
  /** What is left of the time that the caller waits, in milliseconds; undefined where it has told none. */
  readonly remainingMs?: number | undefined;
  /** Adds to the metadata of the answer; undefined: there is no answer. */
  setReplyMetadata?(metadata: Record<string, unknown>): void;
  /** The signal of a call; undefined: the context has that of the connection. */
  readonly signal?: unknown;
  /** @internal Of a call: see `IncomingCall`. */
  runsUntil?(work: PromiseLike<unknown>): void;
  /**
   * Whether an event has reached the handler of an event. Only there an async iterable runs whose values no peer
   * gets.
   */
  readonly isEvent?: boolean;
  /** What the client logs in with; set for a handshake only. */
  readonly handshake?: JstpHandshakeData | undefined;
}

/** What a client logs in with. */
export interface JstpHandshakeData {
  /** 'login', 'anonymous', 'session' (a resume), or a strategy of your own. */
  readonly strategy: string;
  /** What the client has sent, unchecked. For 'login' it should be an array of name and password. */
  readonly credentials: unknown;
}

/**
 * Calls and events back to the client that is being served.
 * @typeParam Contract what the application's contract says that the server calls and emits. @default anything
 */
export interface JstpCaller<out Contract = unknown> {
  /**
   * Calls a method that the client exposes. A {@link JstpRecord} stands in the place of all arguments.
   * @returns a Promise of the result, or of an array of several results
   * @throws RemoteError what the client answers; -1 (ERR_CALLBACK_LOST) where the answer is lost with the connection
   */
  call<Interface extends InterfaceOf<Contract>, Method extends CallOf<Contract, Interface>>(
    interfaceName: Interface,
    method: Method,
    ...args: ContractArguments<Contract, Interface, 'calls', Method>
  ): Promise<ContractResult<Contract, Interface, 'calls', Method>>;
  /**
   * Calls a method that answers with many values, which are read one by one. A {@link JstpRecord} stands in the place of all
   * arguments.
   */
  stream<
    T = unknown,
    Interface extends InterfaceOf<Contract> = UncheckedName<Contract>,
    Method extends CallOf<Contract, Interface> = UncheckedName<Contract>,
  >(
    interfaceName: Interface,
    method: Method,
    ...args: ContractArguments<Contract, Interface, 'calls', Method>
  ): JstpStream<ContractResult<Contract, Interface, 'calls', Method, T>>;
  /**
   * Sends an event to the client. While the client is away the event waits for the resume. Once the client's
   * connection is closed for good (its `state.name` is 'closed') the event is dropped. A {@link JstpRecord} stands in the
   * place of all arguments.
   */
  emit<Interface extends InterfaceOf<Contract>, Event extends EmitOf<Contract, Interface>>(
    interfaceName: Interface,
    event: Event,
    ...args: ContractArguments<Contract, Interface, 'emits', Event>
  ): void;
}

/** The arguments of a context, as Nest stores them. */
export type JstpContextArgs = [connection: Connection, pattern: string, message: JstpMessage];

/**
 * The context of a message, a handler's `@Ctx()`: the connection, and the message that came by it.
 * @example
 * &#64;MessagePattern('rooms.join')
 * join(&#64;Payload() room: string, &#64;Ctx() context: JstpContext) {
 *   context.getClient().emit('rooms', 'joined', room, context.getUsername());
 * }
 */
export class JstpContext extends BaseRpcContext<JstpContextArgs> {
  private username: string | undefined;

  /**
   * Returns the pattern of the handler, as clients use it in `send` or `emit`; for a handshake 'handshake:' and the
   * strategy.
   */
  getPattern(): string {
    return this.args[1];
  }

  /** Returns the connection by which the message came. */
  getConnection(): Connection {
    return this.args[0];
  }

  /** Returns the client's session, a Map for state of your own that survives a resume. Null during a handshake. */
  getSession(): Session<Connection> | null {
    return this.args[0].session;
  }

  /**
   * Returns the user's name; null for an anonymous client. During a handshake, returns the name that was set so far.
   */
  getUsername(): string | null {
    return this.username ?? this.args[0].username;
  }

  /** Returns the application that the client is connected to; during a handshake, the one that it asks for. */
  getApplication(): ApplicationLike<Connection> | null {
    return this.args[0].application;
  }

  /** Returns the name of the interface; undefined during a handshake. */
  getInterface(): string | undefined {
    return this.args[2].interfaceName;
  }

  /** Returns the name of the method or event; undefined during a handshake. */
  getMethod(): string | undefined {
    return this.args[2].methodName;
  }

  /** Returns what the caller sent beside the arguments (`traceparent`...); undefined where it sent nothing. */
  getMetadata(): Record<string, unknown> | undefined {
    return this.args[2].metadata;
  }

  /**
   * Adds plain data to the answer of a call, beside its result or its error: what was set before under other names
   * stays. The caller's {@link JstpRecordBuilder.onReplyMetadata} gets it. Does nothing for events and handshakes, which
   * have no such answer, and after the answer.
   * @throws JstpError `ERR_JSTP_METADATA_TOO_LARGE` for more than `limits.maxMetadataBytes`
   * @throws ConfigurationError for what is no object
   */
  setReplyMetadata(metadata: Record<string, unknown>): void {
    this.args[2].setReplyMetadata?.(metadata);
  }

  /**
   * Lets the client's session into a room of the server, see `Rooms.join`.
   * @returns whether it has joined now: false where it is in the room already, and where its session has ended
   * @throws as `Rooms.join`; Error during a handshake
   */
  join(room: string): boolean {
    return roomsOf(this.args[0]).join(this.args[0], room);
  }

  /** Lets the client's session out of a room. @returns whether it was in the room */
  leave(room: string): boolean {
    return roomsOf(this.args[0]).leave(this.args[0], room);
  }

  /** Returns the names of the rooms that the client's session is in. */
  getRooms(): ReadonlySet<string> {
    return this.args[0].session?.rooms ?? new Set();
  }

  /** Returns what the client logs in with, during a handshake; undefined for calls and events. */
  getHandshake(): JstpHandshakeData | undefined {
    return this.args[2].handshake;
  }

  /**
   * Returns a signal that fires when no peer waits for the outcome any more: the caller has cancelled the call, its
   * time ran out, or the connection is lost or closed.
   */
  getSignal(): AbortSignal {
    return (this.args[2].signal ?? closeSignalOf(this.args[0])) as AbortSignal;
  }

  /**
   * Returns what is left of the time that the caller waits, in milliseconds; undefined where it has told none, and for
   * events and handshakes.
   */
  getRemainingMs(): number | undefined {
    return this.args[2].remainingMs;
  }

  /**
   * Returns the client's address, behind a trusted proxy the one that the proxy tells; undefined for IPC sockets. After a
   * resume it is that of the new network connection.
   */
  getRemoteAddress(): string | undefined {
    return this.args[0].remoteAddress;
  }

  /**
   * Returns the HTTP request by which the client opened its WebSocket: url, headers and cookies. After a resume it is the
   * request of the new WebSocket. It is made anew at each call, and undefined over TCP, TLS and IPC, and while the
   * connection is lost.
   */
  getUpgradeRequest(): UpgradeRequest | undefined {
    return this.args[0].getUpgradeRequest();
  }

  /**
   * Returns the client's certificate as Node's `getPeerCertificate()` does (`subject.CN` is the name), if the server
   * asks for certificates (`requestCert`); undefined where the client has shown none, and without TLS. With
   * `rejectUnauthorized: false` the certificate proves nothing.
   */
  getPeerCertificate(): PeerCertificate | undefined {
    const certificate = this.args[0].getPeerCertificate() as Partial<PeerCertificate> | null | undefined;
    return certificate?.subject ? (certificate as PeerCertificate) : undefined;
  }

  /**
   * Returns an object for calls and events back to this client.
   * @typeParam Contract a contract, for names and types that the compiler checks. @default anything
   */
  getClient<Contract = unknown>(): JstpCaller<Contract> {
    const [connection] = this.args;
    const caller: JstpCaller = {
      call: (interfaceName, method, ...given) => {
        const { args, options } = messageOf(given);
        return connection.callMethod(interfaceName, method, args, options);
      },
      stream: (interfaceName, method, ...given) => {
        const { args, options } = messageOf(given);
        return connection.stream(interfaceName, method, args, options);
      },
      emit: (interfaceName, event, ...given) => {
        if (connection.state.name === 'closed') return;
        const { args, options } = messageOf(given);
        connection.emitRemoteEvent(interfaceName, event, args, options);
      },
    };
    return caller as JstpCaller<Contract>;
  }

  /** @internal The name that was set during this handshake. */
  get namedUser(): string | undefined {
    return this.username;
  }

  /**
   * Sets the user's name, during a handshake. The name is kept as it is, with spaces around it.
   * @param name a printable text of 1 to 256 characters that is not blank
   * @throws Error outside of a handshake, and for a name that is not allowed
   */
  setUsername(name: string): void {
    if (!this.getHandshake()) throw new Error('A username can be set during a handshake only');
    if (typeof name !== 'string' || !isUsername(name)) {
      throw new Error(
        `A username must be a printable text of 1 to ${MAX_USERNAME_LENGTH} characters that is not empty or blank`,
      );
    }
    this.username = name;
  }

  /** @internal Returns what `JSON.stringify` shows: no credentials. */
  toJSON(): object {
    return { pattern: this.args[1], connection: this.args[0].toJSON() };
  }

  /** @internal Returns what Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('JstpContext', this, options, inspect);
  }
}

/** The rooms of the server that a connection belongs to. */
function roomsOf(connection: Connection): Rooms {
  const server = connection.server as { readonly rooms?: Rooms } | null;
  if (!server?.rooms) throw new Error('Only the client of a server can be in a room');
  return server.rooms;
}
