import type { Connection } from '../connection.js';

/** The status of a client: 'connected' while it is logged in. */
export type ClientStatus = 'connected' | 'disconnected';

/** The events of a client and the arguments of their listeners. */
export interface ClientEventArguments {
  /** The client has logged in, for the first time or again, over a new connection to the server. */
  connect: [connection: Connection];
  /** The connection to the server is lost, or was closed by either side. */
  close: [];
  /** The client tries to reconnect by itself. Attempts count from 1 after each loss of the connection. */
  reconnecting: [attempt: number];
  /**
   * The client has reconnected: with its session and the calls under way in it (`isResumed`), or with a new session.
   */
  reconnect: [isResumed: boolean];
  /** The session is lost: the server has refused to resume it, or has ended it. The next login gets a new one. */
  sessionLost: [];
  /** Another client has taken the session. This one does not reconnect until `connect` is called. */
  sessionTaken: [];
  /** An error of the connection, of an attempt to reconnect, or of the exposed application. */
  error: [error: unknown];
}
