import type { ApplicationLike } from '../application/application.js';
import type { Limits } from '../protocol/limits.js';
import type { Session } from '../session/session.js';
import type { AbortSignalLike } from '../util/host.js';
import type { Connection } from './connection.js';
import type { ExtensionName } from './extensions.js';

/** The application that a client asks for: 'name', 'name@version' or both apart; version may be a semver range. */
export type AppSpecifier = string | { readonly name: string; readonly version?: string | undefined };

/** How a connect policy answers. */
export type ConnectPolicyCallback = (
  error: unknown,
  connection?: Connection,
  session?: Session<Connection>,
) => void;

/**
 * Does the handshake on a fresh link: logs in, or resumes the session where there is one. After the server has refused
 * a session as lost it is called without one, at the reconnector's next attempt.
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

/** Called when a link is lost; calls `reconnectFn` when and how it wants. */
export type Reconnector = (connection: Connection, reconnectFn: ReconnectFunction) => void;

/** Where log events go instead of the connection. */
export interface LogEmitter {
  emit(event: string, ...args: unknown[]): unknown;
}

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
  /** Which extensions to offer. @default 'stream' and 'cancel' */
  extensions?: readonly ExtensionName[];
  /**
   * Asked at each dial for the arguments to use, in the place of those of `connect`, `reconnect` or `reconnectFn`,
   * which it is given: for what changes with time, as a client's certificate. What it throws is the attempt's error.
   * @default those that were given
   */
  dialArguments?: (given: readonly unknown[]) => readonly unknown[] | Promise<readonly unknown[]>;
  /** @internal Gives up connecting, up to the end of the handshake; the callback may never be called then. */
  signal?: AbortSignalLike;
}

/** The client options with their defaults, and how the connection was made: what a reconnect repeats. */
export interface ResolvedClient {
  readonly application: ApplicationLike<Connection>;
  readonly connectPolicy: ConnectPolicyFunction;
  readonly heartbeatInterval: number | undefined;
  readonly session: Session<Connection> | null | undefined;
  readonly reconnector: Reconnector;
  readonly logger: LogEmitter | undefined;
  readonly limits: Limits;
  readonly extensions: readonly ExtensionName[];
  readonly dialArguments: ClientOptions['dialArguments'];
}
