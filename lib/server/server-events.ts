import type { ApplicationLike } from '../application/application.js';
import type { Connection } from '../connection/connection.js';
import type { ReachedBudget } from './budget-watch.js';
import type { RefusedConnection } from './door/door.js';
import type { ShedLoad } from './door/memory-guard.js';
import type { RefusedHandshake } from './handshake/refusal.js';
import type { JoinReason, LeaveReason } from './rooms/room-reasons.js';
import type { ConnectionTimeout } from './sessions/lifetimes.js';
import type { Session } from '../session/session.js';

/** The events of a server. */
export interface ServerEvents {
  /** A client has logged in; its session is new. */
  connect: [connection: Connection];
  /** A client has resumed its session. */
  reconnect: [connection: Connection];
  /** A client's connection is lost or closed. The object is kept for a resume, unless its session has ended. */
  disconnect: [connection: Connection];
  /** A handshake has arrived and is being decided. */
  handshakeRequest: [connection: Connection, applicationName: string, strategy: string];
  /** A handshake was refused, or a resume put off; the refusal says why. The connection ends with it. */
  handshakeRefused: [connection: Connection, refusal: RefusedHandshake];
  /** A connection was refused, and ended without a word, because there are too many. */
  connectionRefused: [refusal: RefusedConnection];
  /** The process takes more memory than `limits.maxMemoryBytes`, and load was shed. Once a second while it does. */
  memoryExceeded: [shed: ShedLoad];
  /**
   * What all connections use together makes some of them wait, or ends them: a limit whose name ends in `Total`. Once in
   * ten seconds for each limit.
   */
  budgetReached: [reached: ReachedBudget];
  /** A peer did not shake hands in time. */
  handshakeTimeout: [connection: Connection];
  /**
   * A connection is about to end, and not its session, because it is idle or old: the limit says which. The client may come
   * back.
   */
  connectionTimeout: [connection: Connection, limit: ConnectionTimeout];
  /** An error of a connection, or of an application on it. */
  connectionError: [error: unknown, connection: Connection];
  /**
   * A session store has failed. Emitted where the failure is about no connection, or where nobody listens for
   * 'connectionError'.
   */
  storageError: [error: unknown];
  /** A session was resumed: it belongs to this connection and application now. Comes before 'reconnect'. */
  restoreSession: [
    session: Session<Connection>,
    connection: Connection,
    application: ApplicationLike<Connection>,
  ];
  /**
   * A session was taken away from a connected client: another client object has resumed it, at this server or at
   * another one of the same store.
   */
  sessionTaken: [session: Session<Connection>, connection: Connection];
  /** A client's session is in a room of this server now. */
  joined: [room: string, connection: Connection, reason: JoinReason];
  /** A client's session is not in a room of this server any more. */
  left: [room: string, connection: Connection, reason: LeaveReason];
  /** A log event of a connection, with the event's arguments. */
  log: [connection: Connection, event: string, ...args: unknown[]];
  /** Node's: the server listens. */
  listening: [];
  /** Node's: the server no longer listens, and its last connection is closed. */
  close: [];
  /** Node's: the server cannot listen. */
  error: [error: Error];
  /** Node's: a socket (or WebSocket) was accepted. Nothing is known of the peer yet. */
  connection: [raw: unknown];
}
