/** The names of the log events: they go to the client's logger, and to the server's 'log' event. */
export const LOG_EVENTS = [
  'call',
  'callback',
  'event',
  'handshake',
  'heartbeat',
  'inspect',
  'incomingMessage',
  'outgoingMessage',
  'messageRejected',
] as const;

/** The name of a log event. */
export type LogEvent = (typeof LOG_EVENTS)[number];

/** Where log events go instead of the connection. */
export interface LogEmitter {
  emit(event: string, ...args: unknown[]): unknown;
}
