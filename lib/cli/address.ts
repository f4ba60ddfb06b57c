import type { JstpTransport } from '../transport/client-entries.js';
import { usageError } from './cli-error.js';

/** Where a server is, and which of its applications is meant. */
export interface Address {
  readonly transport: JstpTransport;
  /** net, tls: undefined for a socket's path. */
  readonly host?: string;
  readonly port?: number;
  /** The path of a socket (or the name of a pipe). */
  readonly path?: string;
  /** ws, wss. */
  readonly url?: string;
  /** `name` or `name@version`. */
  readonly app: string;
  /** The user's name in the address. */
  readonly login?: string;
  /** The address for people, without the user. */
  readonly shown: string;
}

/** The application of those who name none, as that of JstpClient. */
const DEFAULT_APP = 'jstp';
/** The port of those who name none, as that of JstpClient. */
const DEFAULT_PORT = 3000;

const SCHEMES: Readonly<Record<string, JstpTransport>> = {
  'jstp:': 'net',
  'jstps:': 'tls',
  'ws:': 'ws',
  'wss:': 'wss',
};

const FORMS = 'jstp://HOST:PORT/APP@VERSION, jstps://, ws:// or wss:// alike, or the path of a socket';

/**
 * Reads an address: `jstp://host:port/app@version`, with `jstps`, `ws` or `wss`, or a socket's path. The path of a
 * WebSocket's URL is what comes before the application: `wss://host/jstp/app`.
 * @param app the application, where it is told apart; the path of a WebSocket's URL is a path alone then
 * @throws CliError for what is no address
 */
export function parseAddress(text: string, app?: string): Address {
  const path = socketPathOf(text);
  if (path !== undefined) return { transport: 'net', path, app: app ?? DEFAULT_APP, shown: path };
  if (!/^\w+:\/\//.test(text)) throw noAddress(text, `Did you mean jstp://${text}? Addresses are ${FORMS}.`);
  const url = urlOf(text);
  const transport = transportOf(text);
  const { username, hostname, port: digits } = url;
  const login = username === '' ? {} : { login: decoded(username, text) };
  if (url.hash !== '') throw noAddress(text, 'It has a fragment (#).');
  const port = digits === '' ? DEFAULT_PORT : Number(digits);
  if (transport === 'net' || transport === 'tls') {
    if (url.search !== '') throw noAddress(text, 'It has a query (?).');
    const segments = url.pathname.split('/').filter((segment) => segment !== '');
    if (segments.length > 1) throw noAddress(text, 'It has more than an application behind the port.');
    const host = withoutBrackets(decoded(hostname, text));
    const [segment] = segments;
    const named = segments.length === 0 ? undefined : decoded(segment, text);
    return {
      transport,
      host,
      port,
      app: app ?? named ?? DEFAULT_APP,
      ...login,
      shown: `${url.protocol}//${url.host || hostname}`,
    };
  }
  const cut = app === undefined ? url.pathname.lastIndexOf('/') : -1;
  const named = cut === -1 ? '' : decoded(url.pathname.slice(cut + 1), text);
  const pathname = (cut === -1 ? url.pathname : url.pathname.slice(0, cut)) || '/';
  const host = `${url.protocol}//${url.host}`;
  return {
    transport,
    url: `${host}${pathname}${url.search}`,
    app: app ?? (named || DEFAULT_APP),
    ...login,
    shown: `${host}${pathname}`,
  };
}

/** `unix:/run/app.sock`, `ipc:///run/app.sock`, `/run/app.sock`, `./app.sock`, `\\.\pipe\app`. */
function socketPathOf(text: string): string | undefined {
  const named = /^(?:unix|ipc):(?:\/\/(?=\/))?(.+)$/s.exec(text)?.[1];
  if (named !== undefined) return named.replace(/^\/\//, '');
  const isPath = /^(?:[./~]|\\\\|[A-Za-z]:[\\/](?!\/))/.test(text) || text.endsWith('.sock');
  return isPath && !text.includes('://') ? text : undefined;
}

function urlOf(text: string): URL {
  // An address may hold a password, which must not be shown.
  if (!URL.canParse(text))
    throw usageError('The address is none that can be read', `Addresses are ${FORMS}.`);
  const url = new URL(text);
  if (url.password !== '')
    throw usageError(
      'The address has a password, which all users of the machine could read in the list of processes',
      'Leave it out: it is asked for, or comes from --password-file or JSTP_PASSWORD.',
    );
  if (url.hostname === '') throw noAddress(text, 'It names no host.');
  return url;
}

function transportOf(text: string): JstpTransport {
  const scheme = text.slice(0, text.indexOf(':') + 1).toLowerCase();
  if (Object.hasOwn(SCHEMES, scheme)) return SCHEMES[scheme];
  throw noAddress(text, `Addresses are ${FORMS}.`);
}

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noAddress(text, 'A % in it is not followed by two digits.');
  }
}

/** An IPv6 address as `net.connect` takes it. */
function withoutBrackets(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

function noAddress(text: string, hint: string): Error {
  return usageError(`${JSON.stringify(text)} is no address of a server`, hint);
}
