import * as codes from '../protocol/error-codes.js';
import { RemoteError } from '../protocol/remote-error.js';
import { isError } from '../util/errors.js';
import { toLogText } from '../util/log-text.js';
import { CliError } from './cli-error.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { formatValue } from './format-value.js';
import type { Style } from './style.js';

/** How a failure is told to the user. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Of a peer's error, or of one of this package's. */
  readonly code?: unknown;
  /** The name of a standard code. */
  readonly name?: string | undefined;
  /** What a peer's error says besides. */
  readonly info?: readonly unknown[] | undefined;
}

const TLS_HINT =
  'Trust its authority by --ca FILE; --servername NAME is for a certificate with another name.';
const WRONG_TRANSPORT_HINT =
  'Does the server listen for this transport? jstp:// is plain, jstps:// is TLS, ws:// and wss:// are WebSockets.';

/** What can be done where an HTTP server has answered a WebSocket's request with a status. */
const STATUS_HINTS: Readonly<Record<string, string>> = {
  '401': 'Log in by --headers-file FILE, with cookies or a bearer token.',
  '403':
    'The server may let in certain origins alone: --origin URL names one. Its other reasons may be in cookies or tokens: --headers-file FILE.',
  '404':
    "The path of the server's listener comes before the application: ws://HOST:PORT/PATH/APP. With --app NAME, the whole path is the listener's.",
};

/** The names of the codes of errors: 14 -> 'ERR_METHOD_NOT_FOUND'. */
const NAMES: ReadonlyMap<unknown, string> = new Map(
  Object.entries(codes).flatMap(([name, code]) => (name.startsWith('ERR_') ? [[code, name] as const] : [])),
);

/**
 * Turns why no connection was made into an error of the command.
 * @param isLogin whether credentials were given
 */
export function connectError(error: unknown, shown: string, isLogin = false): CliError {
  const cause = { cause: error };
  if (error instanceof CliError) return error;
  if (error instanceof RemoteError && error.code === codes.ERR_NO_HANDSHAKE_RESPONSE) {
    const text = `${shown} has ended the connection before the handshake was answered`;
    return new CliError(EXIT.connection, text, WRONG_TRANSPORT_HINT, cause);
  }
  if (error instanceof RemoteError) {
    const text = `${shown} has refused the handshake: ${error.message} (${codeText(error.code)})`;
    return new CliError(EXIT.refused, text, refusedHint(error.code, isLogin), cause);
  }
  const { message, code } = textOf(error);
  if (code === 'ETIMEDOUT')
    return new CliError(EXIT.timeout, `${shown} cannot be reached: ${message}`, undefined, cause);
  if (message === 'Invalid semver version range') {
    return new CliError(
      EXIT.usage,
      "The application's version is no version or range",
      'As in chat@1.0.0 or chat@^1.',
      cause,
    );
  }
  return new CliError(
    EXIT.connection,
    `${shown} cannot be reached: ${message}`,
    hintOf(code, message),
    cause,
  );
}

/** What is to be told of any error that ends a command. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CliError) {
    const { cause } = error;
    const remote = cause instanceof RemoteError ? remotePart(cause) : {};
    return { ...remote, exitCode: error.exitCode, message: error.message, hint: error.hint };
  }
  // A lost callback's error is the bare number.
  if (error === codes.ERR_CALLBACK_LOST || codeOf(error) === codes.ERR_CALLBACK_LOST) {
    const message = 'The connection was lost before the answer came';
    return { exitCode: EXIT.connection, message, code: codes.ERR_CALLBACK_LOST, name: 'ERR_CALLBACK_LOST' };
  }
  if (error instanceof RemoteError) {
    const exitCode = error.code === codes.ERR_CALL_TIMEOUT ? EXIT.timeout : EXIT.remote;
    return { exitCode, message: error.message, ...remotePart(error) };
  }
  const { message, code } = textOf(error);
  // What this package refuses to send: names, sizes, streams.
  const isOwn = typeof code === 'string' && /^ERR_(JSTP|MDSF)_/.test(code);
  return { exitCode: isOwn ? EXIT.usage : EXIT.fault, message, code };
}

/** A code for people: `14, ERR_METHOD_NOT_FOUND`. */
export function codeText(code: unknown): string {
  const name = NAMES.get(code);
  return name === undefined ? String(code) : `${String(code)}, ${name}`;
}

function remotePart({ code, info }: RemoteError): Partial<Failure> {
  return { code, name: NAMES.get(code), ...(info && { info }) };
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
}

/** The text of an error of Node; one with several addresses has the texts of all of them. */
function textOf(error: unknown): { message: string; code: unknown } {
  const several = isError(error) ? (error as { errors?: unknown }).errors : undefined;
  const errors: unknown[] = Array.isArray(several) ? several : [error];
  const texts = errors.map((each) => (isError(each) ? each.message : String(each)));
  return { message: [...new Set(texts)].join('; '), code: codeOf(error) };
}

function refusedHint(code: number, isLogin: boolean): string | undefined {
  if (code === codes.ERR_AUTH_FAILED) {
    // Why: a server that decides on logins does not tell strangers which applications it has.
    const advice = isLogin
      ? 'Are the name and the password, or the credentials, right?'
      : 'Log in by --login NAME, or --strategy NAME.';
    return `${advice} Is the application? It stands behind the port: jstp://HOST:PORT/APP@VERSION.`;
  }
  if (code === codes.ERR_APP_NOT_FOUND)
    return 'The application stands behind the port: jstp://HOST:PORT/APP@VERSION.';
  return undefined;
}

function hintOf(code: unknown, message: string): string | undefined {
  const [, status = ''] = /server response: (\d{3})/.exec(message) ?? [];
  if (Object.hasOwn(STATUS_HINTS, status)) return STATUS_HINTS[status];
  const text = `${String(code)} ${message}`;
  if (/CERT|ALTNAME|SELF_SIGNED|UNABLE_TO/.test(text)) return TLS_HINT;
  if (/SSL|EPROTO|WRONG_VERSION|server response|socket hang up/i.test(text)) return WRONG_TRANSPORT_HINT;
  return undefined;
}

/** The lines that tell a failure; what a peer has said in it is made harmless. */
export function failureText({ message, hint, code, name, info }: Failure, style: Style): string {
  const lines = message.split('\n').map((line) => toLogText(line));
  const label = name ?? (typeof code === 'number' || typeof code === 'string' ? toLogText(String(code)) : '');
  const first = `${style.bad('Error')}: ${lines[0]}${label === '' || lines[0].includes(label) ? '' : ` (${label})`}`;
  const rest =
    info === undefined ? [] : [`  info: ${info.map((value) => formatValue(value, style, '  ')).join(', ')}`];
  return [first, ...lines.slice(1), ...rest, ...(hint === undefined ? [] : [style.faint(hint)])].join('\n');
}
