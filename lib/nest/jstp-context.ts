import type { PeerCertificate } from 'node:tls';
import { BaseRpcContext } from '@nestjs/microservices';
import type { ApplicationLike } from '../application/application.js';
import type { Connection } from '../connection/connection.js';
import { MAX_USERNAME_LENGTH } from '../protocol/limits.js';
import { isUsername } from '../protocol/name-rules.js';
import type { Session } from '../session/session.js';
import { closeSignalOf } from './close-signal.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

/** What a context is made for: a call, an event or a handshake. */
export interface JstpMessage {
  /** The interface called; undefined for a handshake. */
  readonly interfaceName?: string | undefined;
  /** The method or event; undefined for a handshake. */
  readonly methodName?: string | undefined;
  /** What the caller sent beside the arguments. */
  readonly metadata?: Record<string, unknown> | undefined;
  /** A call's own signal; events and handshakes have that of their connection. */
  readonly signal?: unknown;
  /** Whether an event has reached an event's handler: only there is an async iterable run although nobody gets its values. */
  readonly isEvent?: boolean;
  /** Set for a handshake only. */
  readonly handshake?: JstpHandshakeData | undefined;
}

/** What a client logs in with. */
export interface JstpHandshakeData {
  /** 'login', 'anonymous', 'session' (a resume), or one that this server made up. */
  readonly strategy: string;
  /** Whatever the client sent: check it. For 'login' an array of name and password. */
  readonly credentials: unknown;
}

/** Calls and events back to the client that is being served. */
export interface JstpCaller {
  /**
   * Calls a method that the client exposes.
   * @returns a Promise of its result, or of the array of several
   */
  call(interfaceName: string, method: string, ...args: unknown[]): Promise<unknown>;
  /**
   * Sends an event to the client. While its line is down the event waits for the resume; when the client has
   * left for good (its connection's `state.name` is 'closed') the event is dropped: nobody waits for it.
   */
  emit(interfaceName: string, event: string, ...args: unknown[]): void;
}

/** The arguments that Nest keeps of a context. */
export type JstpContextArgs = [connection: Connection, pattern: string, message: JstpMessage];

/** What a handler's `@Ctx()` is: the connection, and the message on it. */
export class JstpContext extends BaseRpcContext<JstpContextArgs> {
  private username: string | undefined;

  /** The pattern of the handler: what a client's `send` or `emit` names it by; for a handshake 'handshake:' and the strategy. */
  getPattern(): string {
    return this.args[1];
  }

  /** The connection that the message came on. */
  getConnection(): Connection {
    return this.args[0];
  }

  /** The client's session: a Map for state of your own, which a resume brings back. Null during a handshake. */
  getSession(): Session<Connection> | null {
    return this.args[0].session;
  }

  /** Who has logged in, null for an anonymous client. During a handshake the name that was set so far. */
  getUsername(): string | null {
    return this.username ?? this.args[0].username;
  }

  /** The application, with its name and version, that the client is connected to (or asks for). */
  getApplication(): ApplicationLike<Connection> | null {
    return this.args[0].application;
  }

  /** The interface that was called; undefined during a handshake. */
  getInterface(): string | undefined {
    return this.args[2].interfaceName;
  }

  /** The method or event; undefined during a handshake. */
  getMethod(): string | undefined {
    return this.args[2].methodName;
  }

  /** What the caller sent beside the arguments (`traceparent`...); undefined where it sent nothing. */
  getMetadata(): Record<string, unknown> | undefined {
    return this.args[2].metadata;
  }

  /** What the client logs in with, while it does; undefined for calls and events. */
  getHandshake(): JstpHandshakeData | undefined {
    return this.args[2].handshake;
  }

  /**
   * Fires when nobody waits for the outcome any more: the caller cancelled, its time ran out, or its
   * connection is gone.
   */
  getSignal(): AbortSignal {
    return (this.args[2].signal ?? closeSignalOf(this.args[0])) as AbortSignal;
  }

  /**
   * The client's certificate, as Node's `getPeerCertificate()` gives it (`subject.CN` is the name), where the server
   * asks for it (`requestCert`); undefined of a client that showed none, and without TLS. Where Node was told to let
   * everybody in (`rejectUnauthorized: false`) it is what the client says, and no proof.
   */
  getPeerCertificate(): PeerCertificate | undefined {
    const certificate = this.args[0].getPeerCertificate() as Partial<PeerCertificate> | null | undefined;
    return certificate?.subject ? (certificate as PeerCertificate) : undefined;
  }

  /** Calls and events back to this client. */
  getClient(): JstpCaller {
    const [connection] = this.args;
    return {
      call: (interfaceName, method, ...args) => connection.callMethod(interfaceName, method, args),
      emit: (interfaceName, event, ...args) => {
        if (connection.state.name !== 'closed') connection.emitRemoteEvent(interfaceName, event, args);
      },
    };
  }

  /** @internal The name that was set during this handshake. */
  get namedUser(): string | undefined {
    return this.username;
  }

  /**
   * Names the user, during a handshake. The name is taken as it is: spaces around it are not removed.
   * @param name a printable text of 1 to 256 characters that is not blank
   * @throws Error outside of a handshake, and for a name that cannot be one
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

  /** @internal What `JSON.stringify` shows: no credentials. */
  toJSON(): object {
    return { pattern: this.args[1], connection: this.args[0].toJSON() };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('JstpContext', this, options, inspect);
  }
}
