import { isRecord } from './untrusted.js';

/** An error as the page shows it. */
export interface ShownError {
  /** The code: a number of JSTP, or a text of this side's own. */
  readonly code: number | string | undefined;
  /** The name of the code's constant. */
  readonly constant: string | undefined;
  readonly message: string;
  /** What the code means. */
  readonly meaning: string | undefined;
  /** What the server has sent besides. */
  readonly info: readonly unknown[] | undefined;
}

const CODES: Readonly<Record<string, readonly [constant: string, meaning: string]>> = {
  '1': ['GENERIC_ERROR_CODE', 'The handler has failed, with an error that has no code of its own.'],
  '10': ['ERR_APP_NOT_FOUND', 'The server has no such application, or none of that version.'],
  '11': ['ERR_AUTH_FAILED', 'The credentials, or the session, were refused.'],
  '12': ['ERR_INTERFACE_NOT_FOUND', 'The application has no such interface, or does not show it to you.'],
  '13': ['ERR_INTERFACE_INCOMPATIBLE', 'The interface exists, but is not what was expected.'],
  '14': ['ERR_METHOD_NOT_FOUND', 'The interface has no such method.'],
  '15': ['ERR_NOT_A_SERVER', 'Who has answered is not a server.'],
  '16': ['ERR_INTERNAL_API_ERROR', 'The handler has failed inside. The server’s log knows more.'],
  '17': ['ERR_INVALID_SIGNATURE', 'The number of arguments is wrong, or the metadata is too large.'],
  '-1': [
    'ERR_CALLBACK_LOST',
    'The connection was lost before the answer. It is not known whether the call ran.',
  ],
  '-2': ['ERR_NO_HANDSHAKE_RESPONSE', 'The connection was lost before the server had answered the login.'],
  '-3': ['ERR_SESSION_LOST', 'The server does not know the session any more.'],
  '-4': ['ERR_SESSION_TAKEN', 'Another client has taken the session.'],
  '-5': ['ERR_JOURNAL_FULL', 'Too much waits to be acknowledged. Nothing was sent.'],
  '-6': [
    'ERR_STREAM_OVERFLOW',
    'The values came faster than they were read, and the server has no room left.',
  ],
  '-7': ['ERR_CALL_TIMEOUT', 'The time for the call is over.'],
  '-8': ['ERR_CANCELLED', 'The call was cancelled.'],
  '-9': ['ERR_NOT_CONNECTED', 'There is no connection to the server.'],
  '-10': ['ERR_INVALID_NAME', 'This name cannot be sent to this server.'],
  '-11': ['ERR_STREAM_ENDED', 'The server is closing, and has ended the stream before its end.'],
  '-12': ['ERR_STREAM_MOVED', 'The server is closing: call again.'],
  '-13': ['ERR_TOO_MANY_STREAMS', 'As many streams are under way as the server allows.'],
  '-14': ['ERR_TOO_MANY_SESSIONS', 'The server has as many sessions as it may. Try again later.'],
  '-15': ['ERR_SERVER_CLOSING', 'The server is closing. It has not run the call.'],
  ERR_JSTP_CONNECT: [
    '',
    'The browser could not connect, and does not say why. Is the server up, and this origin allowed?',
  ],
  ERR_JSTP_STREAM_ARGUMENT: ['', 'The server takes no streams as arguments.'],
  ERR_JSTP_MESSAGE_TOO_LARGE: ['', 'The message is larger than one side takes.'],
};

/** What can be said about whatever was thrown. */
export function describeError(error: unknown): ShownError {
  // The core's -1 is a bare number.
  if (typeof error === 'number')
    return { ...known(error), code: error, message: `Error ${error}`, info: undefined };
  if (!(error instanceof Error) && !isRecord(error))
    return {
      code: undefined,
      constant: undefined,
      meaning: undefined,
      message: String(error),
      info: undefined,
    };
  const { code, message, info } = error as { code?: unknown; message?: unknown; info?: unknown };
  const shown = typeof code === 'number' || typeof code === 'string' ? code : undefined;
  return {
    ...known(shown),
    code: shown,
    message: typeof message === 'string' && message !== '' ? message : 'Error',
    info: Array.isArray(info) && info.length > 0 ? (info as unknown[]) : undefined,
  };
}

/** An error in one line. */
export function errorLine(error: unknown): string {
  const { code, message } = describeError(error);
  return code === undefined || message.includes(String(code)) ? message : `${message} (${code})`;
}

function known(code: number | string | undefined): Pick<ShownError, 'constant' | 'meaning'> {
  const key = String(code);
  const [constant, meaning] = Object.hasOwn(CODES, key) ? CODES[key] : [undefined, undefined];
  return { constant: constant === '' ? key : constant, meaning };
}
