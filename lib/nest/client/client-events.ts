import type { Connection } from '../../connection/connection.js';

/** The states of a client. */
export type JstpClientStatus = 'connected' | 'disconnected';

/** The events of a client and the arguments of their listeners. */
export interface JstpClientEventArguments {
  /** The client is logged in, for the first time or again, on a line that was just made. */
  connect: [connection: Connection];
  /** The line is gone, whoever ended it. */
  close: [];
  /** The client tries to come back by itself; attempts are counted from 1 for each lost line. */
  reconnecting: [attempt: number];
  /** The client is back: with its session and what was under way in it, or with a new one. */
  reconnect: [isResumed: boolean];
  /** The session is gone: the server refused to resume it, or ended it; the next login gets a new one. */
  sessionLost: [];
  /** Another client has taken the session over; this one stays away until `connect` is called. */
  sessionTaken: [];
  /** An error of the line, of an attempt to come back, or of the exposed application. */
  error: [error: unknown];
}

/** The events of a client, for its `on`. */
export type JstpClientEvents = {
  [Name in keyof JstpClientEventArguments]: (...args: JstpClientEventArguments[Name]) => void;
};
