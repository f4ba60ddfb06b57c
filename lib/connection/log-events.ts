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

/** Where log events go instead of the connection. */
export interface LogEmitter {
  emit(event: string, ...args: unknown[]): unknown;
}
