/** The connection was closed before the callback of a call arrived. Never sent: the caller's own side raises it. */
export const ERR_CALLBACK_LOST = -1;
/** The connection was closed before the handshake was answered. */
export const ERR_NO_HANDSHAKE_RESPONSE = -2;
/** The server does not know the session that was to be resumed. */
export const ERR_SESSION_LOST = -3;
/** Another connection has taken over the session. */
export const ERR_SESSION_TAKEN = -4;
/** The journal of unacknowledged messages is full (`limits.journalMaxEntries`, `limits.journalMaxBytes`). */
export const ERR_JOURNAL_FULL = -5;
/** The receiver of a stream was too slow, and the stream's buffer is full (`limits.maxStreamBufferItems`, `limits.maxStreamBufferBytes`). */
export const ERR_STREAM_OVERFLOW = -6;
/** The call was not answered in time: in that of its caller, or in `limits.maxCallDurationMs` of its server. */
export const ERR_CALL_TIMEOUT = -7;
/** The call was cancelled by its caller. */
export const ERR_CANCELLED = -8;
/** There is no connection to send on. */
export const ERR_NOT_CONNECTED = -9;
/** The name cannot be sent to this peer, see `isPortableName`. */
export const ERR_INVALID_NAME = -10;
/** The server is closing, and has ended a stream before its end. */
export const ERR_STREAM_ENDED = -11;
/** The server is closing, and ended a stream before its end: a new call gets the stream from the next server. */
export const ERR_STREAM_MOVED = -12;
/** The caller has as many streams under way as it may (`limits.maxStreams`). */
export const ERR_TOO_MANY_STREAMS = -13;
/** The server has as many sessions as it may, in all, of the user or of the address: try again later (`limits.maxSessions`). */
export const ERR_TOO_MANY_SESSIONS = -14;
/** The server is closing. It has not run the call: another server, or this one when it is back, may be called. */
export const ERR_SERVER_CLOSING = -15;

/** No application of that name, or none of that version. */
export const ERR_APP_NOT_FOUND = 10;
/** The credentials or the session were refused. */
export const ERR_AUTH_FAILED = 11;
/** The application has no such interface. */
export const ERR_INTERFACE_NOT_FOUND = 12;
/** The interface exists but does not fit what the caller expects. */
export const ERR_INTERFACE_INCOMPATIBLE = 13;
/** The interface has no such method. */
export const ERR_METHOD_NOT_FOUND = 14;
/** The peer that got the handshake request is no server. */
export const ERR_NOT_A_SERVER = 15;
/** The method failed with an error that is not for the caller. */
export const ERR_INTERNAL_API_ERROR = 16;
/** The arguments are missing, no array, or too few or too many. */
export const ERR_INVALID_SIGNATURE = 17;

/** The code of an error that has none of its own. */
export const GENERIC_ERROR_CODE = 1;

/** The codes that every JSTP peer has a text for. They are sent without one. */
export const STANDARD_ERROR_CODES: ReadonlySet<number> = new Set([
  ERR_CALLBACK_LOST,
  ERR_NO_HANDSHAKE_RESPONSE,
  ERR_APP_NOT_FOUND,
  ERR_AUTH_FAILED,
  ERR_INTERFACE_NOT_FOUND,
  ERR_INTERFACE_INCOMPATIBLE,
  ERR_METHOD_NOT_FOUND,
  ERR_NOT_A_SERVER,
  ERR_INTERNAL_API_ERROR,
  ERR_INVALID_SIGNATURE,
]);

/** The texts of the known codes. */
export const DEFAULT_MESSAGES: Readonly<Record<number, string>> = Object.freeze({
  [ERR_CALLBACK_LOST]: 'Connection closed before receiving callback',
  [ERR_NO_HANDSHAKE_RESPONSE]: 'Connection closed before receiving handshake',
  [ERR_SESSION_LOST]: 'Session lost',
  [ERR_SESSION_TAKEN]: 'Session taken over by another connection',
  [ERR_JOURNAL_FULL]: 'Too many unacknowledged messages',
  [ERR_STREAM_OVERFLOW]: 'Stream buffer overflow',
  [ERR_CALL_TIMEOUT]: 'Call timed out',
  [ERR_CANCELLED]: 'Call cancelled',
  [ERR_NOT_CONNECTED]: 'Not connected',
  [ERR_INVALID_NAME]: 'Name cannot be sent to this peer',
  [ERR_STREAM_ENDED]: 'The server of the stream is closing',
  [ERR_STREAM_MOVED]: 'The server of the stream is closing: call again',
  [ERR_TOO_MANY_STREAMS]: 'Too many streams',
  [ERR_TOO_MANY_SESSIONS]: 'Too many sessions',
  [ERR_SERVER_CLOSING]: 'The server is closing: the call was not run',
  [ERR_APP_NOT_FOUND]: 'Application not found',
  [ERR_AUTH_FAILED]: 'Authentication failed',
  [ERR_INTERFACE_NOT_FOUND]: 'Interface not found',
  [ERR_INTERFACE_INCOMPATIBLE]: 'Incompatible interface',
  [ERR_METHOD_NOT_FOUND]: 'Method not found',
  [ERR_NOT_A_SERVER]: 'Not a server',
  [ERR_INTERNAL_API_ERROR]: 'Internal API error',
  [ERR_INVALID_SIGNATURE]: 'Invalid signature',
});
