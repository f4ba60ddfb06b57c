import type { NetConnectOpts } from 'node:net';
import type { ConnectionOptions as TlsConnectOptions } from 'node:tls';
import { CLIENT_ENTRIES, type ClientEntry, type JstpTransport } from '../../transport/client-entries.js';
import type { TransportEntry } from '../../transport/entry.js';
import type { WebSocketConfig } from '../../transport/websocket/websocket-options.js';
import { DEFAULT_HOST, DEFAULT_PORT } from '../constants.js';
import { checkFlags, SOCKET_FLAGS } from '../socket-flags.js';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import {
  check,
  checkNames,
  isMissing,
  isObject,
  isPort,
  isText,
  isUrlPath,
  MAX_PORT,
  optional,
} from '../../protocol/option-checks.js';

/** The options about a client's transport and the server's address. */
export interface ClientAddressOptions {
  /** The transport. @default 'net', or that of the `url` */
  readonly transport?: JstpTransport | TransportEntry;
  /** The name or address of the server's host. @default 'localhost' */
  readonly host?: string;
  /** The server's port, as a number or (as in environment variables) as digits. @default 3000 */
  readonly port?: number | string;
  /**
   * net, tls: the path of an IPC socket, in place of host and port; ws, wss: the path of the URL.
   * @default '/' for ws and wss
   */
  readonly path?: string;
  /** ws, wss: the whole URL, in place of host, port and path. @default made of these three */
  readonly url?: string;
  /**
   * Further options of Node's `net.connect` (`localAddress`, `family`...) or `tls.connect` (`ca`, `cert`, `key`,
   * `servername`...), or of the WebSocket client of `ws` (those of TLS, `headers`, `origin`...). Or a function that
   * returns them at each dial, for values that change with time, as a certificate; the attempt fails with what it
   * throws.
   * @default none
   */
  readonly connectOptions?: ConnectOptions | (() => ConnectOptions | Promise<ConnectOptions>);
}

/** Options of Node's `net.connect` or `tls.connect`, or of the WebSocket client of `ws`. */
export type ConnectOptions = Partial<NetConnectOpts> | TlsConnectOptions | WebSocketConfig;

/** The address of a server, and how to dial it. */
export interface ClientAddress {
  readonly entry: ClientEntry;
  /** The arguments with the address, for the entry's `connect`. */
  readonly args: readonly unknown[];
  /** Returns these arguments at each dial; undefined where they are always the same. */
  readonly dialArguments: (() => Promise<readonly unknown[]>) | undefined;
  /** The address for logs, without user and password. */
  readonly shown: string;
}

const URL_ALLOWED = 'a URL that begins with "ws://" or "wss://"';
const URL_TRANSPORTS: Readonly<Record<string, JstpTransport>> = { 'ws:': 'ws', 'wss:': 'wss' };

/**
 * Checks the options about a client's transport and address.
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function resolveAddress(options: ClientAddressOptions): ClientAddress {
  const { host, port, url, connectOptions = {} } = options;
  const isAsked = typeof connectOptions === 'function';
  const transport = options.transport ?? transportOf(url) ?? 'net';
  const entry = entryOf(transport);
  const { optionNames } = entry;
  const checked = (given: ConnectOptions): ConnectOptions => checkedOptions(given, optionNames);
  const first = isAsked ? {} : checked(connectOptions);
  check('host', host, 'a non-empty string', optional(isText));
  check('port', port, `an integer from 0 to ${MAX_PORT}, or its digits`, optional(isPort));
  const given = { ...options, ...(port !== undefined && { port: Number(port) }) };
  if (transport === 'ws' || transport === 'wss') {
    const address = urlOf(transport, given);
    const argsWith = (options: ConnectOptions): readonly unknown[] => [options, address];
    const dialArguments = isAsked ? asked(connectOptions, checked, argsWith) : undefined;
    return { entry, args: argsWith(first), dialArguments, shown: shownUrl(address) };
  }
  const isNamed = options.transport !== undefined;
  check('url', url, isNamed ? 'given with the transport ws or wss' : URL_ALLOWED, isMissing);
  const address = streamAddressOf(given, first);
  const argsWith = (options: ConnectOptions): readonly unknown[] => [streamAddressOf(given, options)];
  const dialArguments = isAsked ? asked(connectOptions, checked, argsWith) : undefined;
  const name = typeof transport === 'string' ? `${transport} ` : '';
  return { entry, args: [address], dialArguments, shown: name + shownAddress(address) };
}

/**
 * Checks that no option of the transport stands beside `connectOptions`: a server has them there. The value, which
 * may be a private key, is not shown.
 * @param known the names of the client's own options
 * @throws ConfigurationError naming the option
 */
export function checkPlacement(options: ClientAddressOptions, known: readonly string[]): void {
  const { transport = transportOf(options.url) ?? 'net' } = options;
  const passed = entryOf(transport).optionNames?.passedToClient?.names ?? [];
  const misplaced = Object.keys(options).find((name) => !known.includes(name) && passed.includes(name));
  if (misplaced === undefined) return;
  const allowed = `given in connectOptions: { ${misplaced} }`;
  throw new ConfigurationError(misplaced, undefined, allowed, `${misplaced} must be ${allowed}`);
}

/**
 * Returns the entry that an option names, or is.
 * @throws ConfigurationError for anything else
 */
function entryOf(transport: unknown): ClientEntry {
  if (typeof transport === 'string' && Object.hasOwn(CLIENT_ENTRIES, transport))
    return CLIENT_ENTRIES[transport as JstpTransport];
  if (isObject(transport) && typeof transport['createListener'] === 'function')
    return transport as unknown as TransportEntry;
  const names = Object.keys(CLIENT_ENTRIES).join(', ');
  throw new ConfigurationError('transport', transport, `one of ${names}, or an entry object`);
}

function asked(
  connectOptions: () => ConnectOptions | Promise<ConnectOptions>,
  checked: (given: ConnectOptions) => ConnectOptions,
  argsWith: (options: ConnectOptions) => readonly unknown[],
): () => Promise<readonly unknown[]> {
  return async () => argsWith(checked(await connectOptions()));
}

function checkedOptions(given: ConnectOptions, names: ClientEntry['optionNames']): ConnectOptions {
  const allowed = 'an object of options of the transport, or a function that gives one';
  check('connectOptions', given, allowed, isObject);
  // The options of a user's entry object are not known.
  if (!names) return given;
  checkNames('connectOptions', given, [], names.passedToClient);
  checkFlags({ ...given }, 'connectOptions.', SOCKET_FLAGS);
  const { tlsOptions } = given as WebSocketConfig;
  if (tlsOptions !== undefined)
    checkNames('connectOptions.tlsOptions', tlsOptions, [], CLIENT_ENTRIES.tls.optionNames?.passedToClient);
  return given;
}

/** Returns a URL without its secrets: user, password and query. */
function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function shownAddress({ host, port, path }: StreamAddress): string {
  return path ?? `${host?.includes(':') ? `[${host}]` : (host ?? DEFAULT_HOST)}:${port ?? ''}`;
}

/** The part of Node's options that is the address. */
interface StreamAddress {
  readonly host?: string;
  readonly port?: number | string;
  readonly path?: string;
}

function streamAddressOf(
  { host, port, path }: ClientAddressOptions,
  connectOptions: ConnectOptions,
): StreamAddress {
  if (path !== undefined) {
    check('path', path, 'a non-empty string', isText);
    check('path', path, 'given without host and port', () => isMissing(host) && isMissing(port));
    return { ...connectOptions, path };
  }
  // The address in connectOptions counts where the options themselves have none.
  const own = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
  if ('path' in connectOptions) return { ...connectOptions, ...own };
  return { host: DEFAULT_HOST, port: DEFAULT_PORT, ...connectOptions, ...own };
}

function urlOf(transport: JstpTransport, { host, port, path, url }: ClientAddressOptions): string {
  if (url !== undefined) {
    const allowed = `a URL that begins with "${transport}://"`;
    check('url', url, allowed, () => transportOf(url) === transport);
    const isAlone = [host, port, path].every(isMissing);
    check('url', url, 'given without host, port and path', () => isAlone);
    return url;
  }
  check('path', path, 'the path of a URL, as "/jstp"', optional(isUrlPath));
  const name = host ?? DEFAULT_HOST;
  const address = `${transport}://${name.includes(':') ? `[${name}]` : name}:${port ?? DEFAULT_PORT}`;
  check(
    'host',
    host,
    'a name or an address',
    () => URL.canParse(address) && new URL(address).pathname === '/',
  );
  return `${address}${path ?? '/'}`;
}

function transportOf(url: unknown): JstpTransport | undefined {
  return isText(url) && URL.canParse(url) ? URL_TRANSPORTS[new URL(url).protocol] : undefined;
}
