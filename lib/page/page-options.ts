import type { ApplicationLike } from '../application/application.js';
import type { ExposedApi } from '../application/exposed-methods.js';
import { isTimeout, TIMEOUT_ALLOWED } from '../connection/calls/limit-call.js';
import type { AppSpecifier, Connection } from '../connection/connection.js';
import {
  checkKeeping,
  resolveReconnect,
  type OfflineMode,
  type ReconnectDelays,
  type ReconnectOptions,
} from '../connection/keeper/keeper-options.js';
import { checkOptionNames, optionalInterval, resolveLimits, type Limits } from '../protocol/limits.js';
import { check, isObject, isString, isText, nullable, optional } from '../protocol/option-checks.js';
import { ConfigurationError } from '../protocol/configuration-error.js';

/** How a page logs in: with a name and a password, or by a strategy that the server's policy knows. */
export type PageLogin =
  | { readonly name: string; readonly password?: string }
  | { readonly strategy: string; readonly credentials?: unknown };

/** The options of {@link createClient}. */
export interface PageClientOptions {
  /**
   * Where the server's WebSocket listener is: `'wss://example.com/jstp'`, or relative to the page: `'/jstp'`. That of an
   * `https:` page is `wss:`.
   */
  readonly url: string | { readonly href: string };
  /** The application to call: 'name', 'name@version-or-range' or both apart. @default 'jstp' */
  readonly app?: AppSpecifier;
  /**
   * How to log in, or a function that returns it, or a Promise of it: asked before each login, the first one and those
   * after the session was lost. null: anonymously. @default null
   */
  readonly login?: PageLogin | null | (() => PageLogin | null | Promise<PageLogin | null>);
  /** Methods that the server may call, see {@link PageClient.expose}. @default none */
  readonly application?: ApplicationLike<Connection> | ExposedApi;
  /**
   * Milliseconds between pings. The connection to a server that does not answer in time is given up. 0: no pings.
   * @default 15000
   */
  readonly heartbeatInterval?: number;
  /** Caps and timeouts. @default see Limits */
  readonly limits?: Partial<Limits>;
  /**
   * How long calls and events wait for a connection, in milliseconds: those under way when it was lost, and those made
   * while there is none. Infinity: for ever. @default 30000
   */
  readonly resumeTimeoutMs?: number;
  /**
   * What `call`, `emit` and `stream` do while there is no connection: `'wait'` for one, or `'fail'` at once.
   * @default 'wait'
   */
  readonly offline?: OfflineMode;
  /** Milliseconds until the answer of a call, its wait for a connection included. 0: any time. @default 0 */
  readonly timeout?: number;
  /** How long to wait between attempts to connect, which go on for ever. */
  readonly reconnect?: ReconnectOptions;
}

/** The options with their defaults, checked. */
export interface ResolvedPageOptions {
  readonly url: string;
  readonly app: AppSpecifier;
  /** Asks how to log in. */
  readonly askLogin: () => Promise<PageLogin | null>;
  readonly application: ApplicationLike<Connection> | ExposedApi | undefined;
  readonly heartbeatInterval: number;
  readonly limits: Limits;
  readonly resumeTimeoutMs: number;
  readonly offline: OfflineMode;
  readonly timeout: number;
  readonly reconnect: ReconnectDelays | undefined;
}

const DEFAULT_HEARTBEAT_MS = 15_000;
const DEFAULT_RESUME_TIMEOUT_MS = 30_000;
const URL_ALLOWED = 'a URL that begins with "ws://" or "wss://", or one relative to the page';
const LOGIN_ALLOWED =
  '{ name, password }, { strategy, credentials }, null, or a function that returns one of these';

const OPTION_NAMES = Object.keys({
  url: true,
  app: true,
  login: true,
  application: true,
  heartbeatInterval: true,
  limits: true,
  resumeTimeoutMs: true,
  offline: true,
  timeout: true,
  reconnect: true,
} satisfies Record<keyof PageClientOptions, true>);

/**
 * The options that hold.
 * @throws {ConfigurationError} for an unknown option or a value that is not allowed
 */
export function resolvePageOptions(given: PageClientOptions): ResolvedPageOptions {
  check('options', given, 'an object', isObject);
  checkOptionNames('options', given, OPTION_NAMES);
  const {
    app = 'jstp',
    login = null,
    application,
    heartbeatInterval = DEFAULT_HEARTBEAT_MS,
    resumeTimeoutMs = DEFAULT_RESUME_TIMEOUT_MS,
    offline = 'wait',
    timeout = 0,
    reconnect,
  } = given;
  checkKeeping({ app, resumeTimeoutMs, offline });
  check('application', application, 'an Application or its methods', optional(isObject));
  check('timeout', timeout, TIMEOUT_ALLOWED, isTimeout);
  check('reconnect', reconnect, '{ minDelayMs, maxDelayMs }', optional(isObject));
  if (typeof login !== 'function') checkLogin(login);
  return {
    url: webSocketUrl(given.url),
    app,
    askLogin: async () => (typeof login === 'function' ? checkLogin(await login()) : login),
    application,
    heartbeatInterval: optionalInterval('heartbeatInterval', heartbeatInterval) ?? 0,
    limits: resolveLimits(given.limits),
    resumeTimeoutMs,
    offline,
    timeout,
    reconnect: resolveReconnect(reconnect),
  };
}

/** @throws {ConfigurationError} for what is no login; nothing of it is shown, as a token may stand in its place */
function checkLogin(login: unknown): PageLogin | null {
  if (login === null || login === undefined) return null;
  if (isLogin(login)) return login;
  const text = `login must be ${LOGIN_ALLOWED}, but a value of type ${typeof login} was given`;
  throw new ConfigurationError('login', undefined, LOGIN_ALLOWED, text);
}

function isLogin(login: unknown): login is PageLogin {
  if (!isObject(login)) return false;
  const { name, password, strategy, ...rest } = login;
  const isByName = isText(name) && nullable(isString)(password) && strategy === undefined;
  const isByStrategy =
    isText(strategy) && strategy !== 'session' && name === undefined && password === undefined;
  const isAlone = Object.keys(rest).every((key) => isByStrategy && key === 'credentials');
  return isAlone && (isByName || isByStrategy);
}

interface PageHost {
  readonly location?: { readonly href: string };
  readonly URL: new (url: string, base: string) => { readonly href: string };
}

function webSocketUrl(given: PageClientOptions['url']): string {
  const url = isObject(given) ? given.href : given;
  check('url', url, URL_ALLOWED, isText);
  const { location, URL } = globalThis as unknown as PageHost;
  // Hosts without pages may have no class URL: it is used for relative ones alone.
  const whole = /^[a-z]+:/i.test(url) || !location ? url : resolveUrl(URL, url, location.href);
  const webSocket = whole.replace(/^http/i, 'ws');
  if (!/^wss?:\/\/./i.test(webSocket)) throw new ConfigurationError('url', url, URL_ALLOWED);
  return webSocket;
}

function resolveUrl(URL: PageHost['URL'], url: string, base: string): string {
  try {
    return new URL(url, base).href;
  } catch {
    return url;
  }
}
