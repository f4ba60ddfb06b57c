import type { ApplicationLike, EventNames } from '../../application/application.js';
import { isDeclared } from '../../application/declared-names.js';
import type { CallMessage, EventMessage, Metadata } from '../../protocol/message.js';
import type { Connection } from '../connection.js';

/** What every operation has. */
interface OperationBase {
  /** How it has ended: 0 for success, else the error's code, see `outcomeCodeOf`; undefined: it has not. */
  code: number | string | undefined;
  /** Why it has failed. */
  error: unknown;
}

/**
 * 'call': a call that this side makes, from its sending to its answer. 'emit': an event that this side sends, until it is
 * on its way.
 */
export class SendOperation implements OperationBase {
  code: number | string | undefined = undefined;
  error: unknown = undefined;

  constructor(
    readonly kind: 'call' | 'emit',
    /** The connection that sends it. */
    readonly connection: Connection,
    readonly interfaceName: string,
    /** The name of the method or event. */
    readonly name: string,
    readonly args: readonly unknown[],
    /** What travels beside the arguments. Who observes the beginning may replace it by an object of its own. */
    public metadata: Metadata | undefined,
  ) {}

  /** The name of the peer's application; undefined on a server, whose client has not told it. */
  get application(): string | undefined {
    const { server, session } = this.connection;
    return server ? undefined : session?.binding?.application;
  }
}

/**
 * 'serve': a call of the peer, from its arrival to its answer. 'handle': an event of the peer, from its arrival to the end
 * of its handlers.
 */
export class ReceiveOperation implements OperationBase {
  code: number | string | undefined = undefined;
  error: unknown = undefined;
  readonly interfaceName: string;
  readonly args: readonly unknown[];
  readonly metadata: Metadata | undefined;

  constructor(
    readonly kind: 'serve' | 'handle',
    /** The connection by which it came. */
    readonly connection: Connection,
    private readonly serving: ApplicationLike<Connection> | null,
    message: CallMessage | EventMessage,
    /** How long its message was: bytes, or UTF-16 units over a transport of texts. */
    readonly receivedLength: number,
    /** The name of the method or event. */
    readonly name = '',
  ) {
    this.interfaceName = message.interfaceName ?? '';
    this.args = message.args ?? [];
    this.metadata = message.metadata;
  }

  /** The name of the application that serves it. */
  get application(): string | undefined {
    return this.serving?.name;
  }

  /** Whether the application has that method or event. Other names are any text that a peer has made up. */
  get isDeclared(): boolean {
    return this.serving !== null && isDeclared(this.serving, this.interfaceName, this.name);
  }

  /** Of an event that is not declared: the names of the pattern with wildcards that stands for it, if one does. */
  get wildcard(): EventNames | undefined {
    if (this.kind === 'serve' || this.isDeclared) return undefined;
    return this.serving?.wildcardOf?.(this.interfaceName, this.name);
  }
}

/** An attempt of a client to connect: the dial, and the handshake. */
export interface ConnectOperation extends OperationBase {
  readonly kind: 'connect';
  /** The application that is asked for: 'name', or 'name@range'. */
  readonly application: string;
  /** Whether the connection has been there before. */
  readonly isReconnect: boolean;
  /** The connection, once there is one. */
  connection: Connection | undefined;
}

/** A handshake, at the side that asks and at the side that decides. 'resume': one that resumes a session. */
export interface HandshakeOperation extends OperationBase {
  readonly kind: 'handshake' | 'resume';
  /** Which side this is. */
  readonly side: 'client' | 'server';
  readonly connection: Connection;
  /** The application that the client asks for: 'name', or 'name@range'. */
  readonly application: string;
  /** 'anonymous', 'login', 'session' (a resume), or one of the application's own. */
  readonly strategy: string;
}

/** What can be observed. */
export type Operation = SendOperation | ReceiveOperation | ConnectOperation | HandshakeOperation;

/** The kinds of what can be observed. */
export type OperationKind = Operation['kind'];
