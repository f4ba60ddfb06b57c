import type { Server as HttpServer, ServerOptions as HttpOptions } from 'node:http';
import type { Server as HttpsServer, ServerOptions as HttpsOptions } from 'node:https';
import type { ListenOptions, ServerOpts } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { checkOptionNames, type Limits } from '../../protocol/limits.js';
import type { ListenerFactory } from '../../server/listener.js';
import type { JstpTransport } from '../../transport/client-entries.js';
import type { TransportEntry } from '../../transport/entry.js';
import { net, tls, ws, wss } from '../../transport/index.js';
import { listenerGroup } from '../../transport/listener-group.js';
import { AddressSource } from '../../transport/proxy/address-source.js';
import {
  SOCKET_ADDRESS_SOURCE_NAMES,
  type SocketAddressSource,
  type WebSocketAddressSource,
} from '../../transport/proxy/proxy-options.js';
import type { WebSocketServerOptions } from '../../transport/websocket/websocket-options.js';
import { DEFAULT_HOST, DEFAULT_PORT } from '../constants.js';
import { checkFlags, SOCKET_FLAGS } from '../socket-flags.js';
import type { ListeningPlace } from './log-addresses.js';
import {
  check,
  isHttpServer,
  isInteger,
  isObject,
  isPort,
  isString,
  isText,
  isUrlPath,
  MAX_PORT,
  nullable,
  optional,
} from '../../protocol/option-checks.js';

const ENTRIES: Readonly<Record<JstpTransport, TransportEntry>> = { net, tls, ws, wss };
const NAMES = Object.keys(ENTRIES).join(', ');
const LISTEN_NAMES = ['backlog', 'exclusive', 'readableAll', 'writableAll', 'ipv6Only'] as const;
/** The options of which TLS needs one. Why: without a certificate no TLS handshake can succeed. */
const CERTIFICATE_NAMES = ['cert', 'pfx', 'SNICallback', 'pskCallback'] as const;
const SOCKET_ADDRESS_NAMES = ['host', 'port', 'backlog', 'exclusive', 'ipv6Only'] as const;
const STREAM_ADDRESS_NAMES = [...SOCKET_ADDRESS_NAMES, 'path', 'readableAll', 'writableAll'] as const;
const SERVER_ALLOWED =
  "a server of HTTP, as app.getHttpServer() gives it, a function that gives it, or 'http' (with JstpModule only)";
/** The options of WebSockets alone. */
const NOT_OF_SOCKETS = ['server', 'allowedOrigins', 'originCheckStrategy', 'forwardedHeader'] as const;
// The backlog of `listen(2)` is a C int.
const MAX_BACKLOG = 2 ** 31 - 1;

/** Where to listen on TCP. */
export interface SocketAddressOptions extends Pick<ListenOptions, 'backlog' | 'exclusive' | 'ipv6Only'> {
  /** The name or address of the host. @default 'localhost' */
  host?: string;
  /** The port, as a number or (as in environment variables) as digits; 0: any free port. @default 3000 */
  port?: number | string;
}

/** Where to listen on TCP or on an IPC socket. */
export interface StreamAddressOptions
  extends SocketAddressOptions, Pick<ListenOptions, 'readableAll' | 'writableAll'> {
  /** The path of an IPC socket, in place of host and port. @default none: TCP */
  path?: string;
}

/** TCP or IPC, with the options of Node's `net.createServer`. */
export interface NetListenerOptions extends ServerOpts, StreamAddressOptions, SocketAddressSource {
  /** The transport. @default 'net' */
  transport?: 'net';
}

/** TLS, with the options of Node's `tls.createServer`: `key`, `cert`, `ca`, `requestCert`... */
export interface TlsListenerOptions extends TlsOptions, StreamAddressOptions, SocketAddressSource {
  /** What to listen on. */
  transport: 'tls';
}

/** An HTTP server that a WebSocket listener shares, in place of one of its own. */
export interface SharedServerOption {
  /**
   * The HTTP server: what `app.getHttpServer()` returns, a function that returns it when the JSTP server begins to
   * listen, or (with JstpModule) `'http'` for that of the application. Its owner lets it listen and closes it.
   * @default a server of its own
   */
  server?: HttpServer | HttpsServer | (() => HttpServer | HttpsServer) | 'http';
}

/** WebSocket, with the options of Node's `http.createServer`. */
export interface WsListenerOptions
  extends
    HttpOptions,
    WebSocketServerOptions,
    WebSocketAddressSource,
    SharedServerOption,
    SocketAddressOptions {
  /** What to listen on. */
  transport: 'ws';
}

/** Secure WebSocket, with the options of Node's `https.createServer`. */
export interface WssListenerOptions
  extends
    HttpsOptions,
    WebSocketServerOptions,
    WebSocketAddressSource,
    SharedServerOption,
    SocketAddressOptions {
  /** What to listen on. */
  transport: 'wss';
}

/** An entry object, for example one that `createMemoryEntry()` of nestjs-jstp/testing has made. */
export interface EntryListenerOptions extends StreamAddressOptions {
  /** What to listen on. */
  transport: TransportEntry;
}

/** One transport to listen on, and where. */
export type JstpListenerOptions =
  NetListenerOptions | TlsListenerOptions | WsListenerOptions | WssListenerOptions | EntryListenerOptions;

/** How and where a server listens, after the check of its options. */
export interface ResolvedListening {
  /** Prepares to listen. Shared HTTP servers are asked for only now. */
  readonly open: (limits: Limits) => OpenedListening;
  /** The argument of the listener's method `listen`. */
  readonly listen: ListenOptions;
}

/** What one start of a server needs. */
export interface OpenedListening {
  /** Makes the listener. */
  readonly createListener: ListenerFactory;
  /** The places where the server listens, for the log; in the order of `address()`. */
  readonly places: readonly ListeningPlace[];
}

type Given = Readonly<Record<string, unknown>>;

/**
 * Checks the options about listening: one transport, or several as `listeners`.
 * @param serviceNames the names of the options that are not about listening
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function resolveListening(options: object, serviceNames: readonly string[]): ResolvedListening {
  const { listeners } = options as Given;
  if (listeners === undefined) return resolveListener(options as Given, '', serviceNames);
  const listenerNames = [
    'transport',
    ...STREAM_ADDRESS_NAMES,
    ...NOT_OF_SOCKETS,
    ...SOCKET_ADDRESS_SOURCE_NAMES,
  ];
  for (const name of listenerNames) {
    const given = (options as Given)[name];
    if (given !== undefined) throw new ConfigurationError(name, given, 'given in one of the listeners');
  }
  checkOptionNames('options', options, [...serviceNames, ...listenerNames]);
  if (!Array.isArray(listeners) || listeners.length === 0 || !listeners.every(isObject))
    throw new ConfigurationError('listeners', listeners, 'an array of at least one { transport, ... }');
  const members = listeners.map((listener, index) => resolveListener(listener, `listeners[${index}].`));
  return {
    listen: {},
    open: (limits) => {
      const opened = members.map(({ listen, open }) => ({ listenArguments: [listen], ...open(limits) }));
      return {
        createListener: listenerGroup(opened),
        places: opened.flatMap(({ places }) => places),
      };
    },
  };
}

/**
 * Returns the entry object that an option names, or is.
 * @throws ConfigurationError for anything else
 */
function entryOf(option: string, transport: unknown = 'net'): TransportEntry {
  if (typeof transport === 'string' && Object.hasOwn(ENTRIES, transport))
    return ENTRIES[transport as JstpTransport];
  if (isObject(transport) && typeof transport['createListener'] === 'function')
    return transport as unknown as TransportEntry;
  throw new ConfigurationError(option, transport, `one of ${NAMES}, or an entry object`);
}

function resolveListener(
  given: Given,
  prefix: string,
  serviceNames: readonly string[] = [],
): ResolvedListening {
  const { transport = 'net' } = given;
  const entry = entryOf(`${prefix}transport`, transport);
  const isWebSocket = transport === 'ws' || transport === 'wss';
  if (isWebSocket) checkWebSocket(given, prefix);
  else refuse(given, prefix, NOT_OF_SOCKETS, 'given with the transport ws or wss');
  const isShared = 'server' in given;
  const addressNames = isWebSocket ? SOCKET_ADDRESS_NAMES : STREAM_ADDRESS_NAMES;
  const { optionNames } = entry;
  // The options of a user's entry object are not known.
  if (optionNames) {
    const names = ['transport', ...addressNames, ...optionNames.server, ...serviceNames];
    // A shared server of Node takes no options any more.
    checkOptionNames(
      prefix.slice(0, -1) || 'options',
      given,
      names,
      isShared ? undefined : optionNames.passedToServer,
    );
  }
  checkListenOptions(given, prefix);
  // Why here: the listener checks them only when the application starts.
  new AddressSource(given, prefix);
  const isSecure = transport === 'tls' || (transport === 'wss' && !isShared);
  if (isSecure && CERTIFICATE_NAMES.every((name) => given[name] === undefined)) {
    const allowed = `a certificate with its key, or one of ${CERTIFICATE_NAMES.slice(1).join(', ')}`;
    throw new ConfigurationError(`${prefix}cert`, undefined, `${allowed}, for ${transport}`);
  }
  return {
    listen: isWebSocket ? tcpAddressOf(given, prefix) : streamAddressOf(given, prefix),
    open: (limits) => {
      const shared = isShared ? sharedServerOf(given['server'], prefix) : undefined;
      const options = shared ? { ...given, server: shared } : given;
      const place = {
        transport: typeof transport === 'string' ? transport : '',
        path: isWebSocket ? ((given['path'] as string | undefined) ?? '/') : '',
        shared,
      };
      return { createListener: entry.createListener(options, limits), places: [place] };
    },
  };
}

/** Returns the HTTP server that is shared. */
function sharedServerOf(given: unknown, prefix: string): HttpServer {
  const server: unknown = typeof given === 'function' ? (given as () => unknown)() : given;
  check(`${prefix}server`, server, 'a function that gives a server of HTTP', isHttpServer);
  return server as HttpServer;
}

function checkWebSocket(given: Given, prefix: string): void {
  const { server, path, allowedOrigins, originCheckStrategy } = given;
  // Why `in`: an undefined server was meant to be shared but is missing, and a server of its own is not what the user
  // wants.
  if ('server' in given) {
    check(
      `${prefix}server`,
      server,
      SERVER_ALLOWED,
      (value) => isHttpServer(value) || typeof value === 'function',
    );
    refuse(given, prefix, SOCKET_ADDRESS_NAMES, 'given without a server, which listens by itself');
  }
  check(`${prefix}path`, path, 'the path of a URL, as "/jstp"', optional(isUrlPath));
  const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isString);
  const origins = 'an array of origins, as "https://example.com"';
  check(`${prefix}allowedOrigins`, allowedOrigins, origins, optional(isList));
  const isFunction = (value: unknown): boolean => typeof value === 'function';
  check(
    `${prefix}originCheckStrategy`,
    originCheckStrategy,
    'a function of the origin',
    optional(isFunction),
  );
}

function streamAddressOf(given: Given, prefix: string): ListenOptions {
  const { path, port } = given;
  check(`${prefix}path`, path, 'the path of an IPC socket', optional(isText));
  if (path === undefined) return tcpAddressOf(given, prefix);
  if (port !== undefined) throw new ConfigurationError(`${prefix}path`, path, 'given without a port');
  return { ...pick(given, LISTEN_NAMES), path: path as string };
}

function tcpAddressOf(given: Given, prefix: string): ListenOptions {
  const { host = DEFAULT_HOST, port = DEFAULT_PORT } = given;
  check(`${prefix}host`, host, 'a name or an address', isText);
  check(`${prefix}port`, port, `an integer from 0 to ${MAX_PORT}, or its digits`, isPort);
  return { ...pick(given, LISTEN_NAMES), host: host as string, port: Number(port) };
}

function checkListenOptions(given: Given, prefix: string): void {
  const isBacklog = nullable(isInteger(0, MAX_BACKLOG));
  check(`${prefix}backlog`, given['backlog'], `an integer from 0 to ${MAX_BACKLOG}`, isBacklog);
  checkFlags(given, prefix, ['exclusive', 'readableAll', 'writableAll', 'ipv6Only', ...SOCKET_FLAGS]);
}

/** Refuses options that this transport does not have. */
function refuse(given: Given, prefix: string, names: readonly string[], allowed: string): void {
  for (const name of names) {
    const isGiven = name === 'server' ? name in given : given[name] !== undefined;
    if (isGiven) throw new ConfigurationError(`${prefix}${name}`, given[name], allowed);
  }
}

/**
 * Returns the given options of some names. Why without undefined ones: Node treats them differently from missing
 * ones.
 */
function pick(given: Given, names: readonly string[]): Given {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => names.includes(name) && value !== undefined),
  );
}
