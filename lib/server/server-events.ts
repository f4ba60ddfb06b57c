import type { ApplicationLike } from '../application/application.js';
import type { Connection } from '../connection/connection.js';
import type { RefusedHandshake } from './handshake/refusal.js';
import type { Session } from '../session/session.js';

/** The events of a server. */
export interface ServerEvents {
  /** A client has logged in. */
  connect: [connection: Connection];
  /** A client has resumed its session. */
  reconnect: [connection: Connection];
  /** A client's link is gone. */
  disconnect: [connection: Connection];
  /** A handshake has arrived, and is being decided. */
  handshakeRequest: [connection: Connection, applicationName: string, strategy: string];
  /** A handshake was refused, or a resume put off, and why. The connection ends with it. */
  handshakeRefused: [connection: Connection, refusal: RefusedHandshake];
  /** A peer did not shake hands in time. */
  handshakeTimeout: [connection: Connection];
  /** An error of a connection, or of an application on it. */
  connectionError: [error: unknown, connection: Connection];
  /** A failure of a session store that nobody listened for as a 'connectionError', or that is no connection's. */
  storageError: [error: unknown];
  /** A session has moved to a connection. */
  restoreSession: [
    session: Session<Connection>,
    connection: Connection,
    application: ApplicationLike<Connection>,
  ];
  /** Another link has claimed the session of a connection that had one: here, or at another server of the same store. */
  sessionTaken: [session: Session<Connection>, connection: Connection];
  /** A log event of a connection. */
  log: [connection: Connection, event: string, ...args: unknown[]];
  /** Node's: it listens. */
  listening: [];
  /** Node's: it listens no more, and the last link is gone. */
  close: [];
  /** Node's: it cannot listen. */
  error: [error: Error];
  /** Node's: a link was accepted; nothing is known of the peer. */
  connection: [raw: unknown];
}
