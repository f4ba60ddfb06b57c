import type { Session } from '../session/session.js';
import type { Connection } from './connection.js';

/** The events of a connection, those of the reference among them. */
export interface ConnectionEvents {
  /** The link is gone, whether on purpose or not. */
  close: [connection: Connection];
  /** An error of the link or the protocol, or of a call that has no callback. Never thrown if nobody listens. */
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

/** The names of the log events: they go to the client's logger, and to the server's 'log' event. */
export type LogEvent =
  | 'call'
  | 'callback'
  | 'event'
  | 'handshake'
  | 'heartbeat'
  | 'inspect'
  | 'incomingMessage'
  | 'outgoingMessage'
  | 'messageRejected';
