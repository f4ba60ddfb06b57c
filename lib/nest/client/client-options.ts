import type { Deserializer, Serializer } from '@nestjs/microservices';
import type { ApplicationLike } from '../../application/application.js';
import type { ExposedApi } from './exposed-methods.js';
import { parseAppSpecifier } from '../../connection/handshake/client-handshake.js';
import type { AppSpecifier } from '../../connection/connection.js';
import type { Connection } from '../../connection/connection.js';
import { resolveLimits, type Limits } from '../../protocol/limits.js';
import { DEFAULT_HEARTBEAT_MS } from '../constants.js';
import {
  checkPlacement,
  resolveAddress,
  type ClientAddress,
  type ClientAddressOptions,
} from './client-address.js';
import {
  check,
  checkNames,
  hasMethod,
  isInteger,
  isObject,
  isString,
  isText,
  MAX_TIMER_MS,
  nullable,
  optional,
} from '../../protocol/option-checks.js';

/** How a client comes back by itself after its line was cut. Attempts that callers cause do not count here. */
export interface ReconnectOptions {
  /**
   * Milliseconds before the second attempt (the first is made at once); each further one waits twice as long, less a
   * random half, and for the first `resumeTimeoutMs` (3 s at least, 30 s at most) no longer than 400 ms. @default 100
   */
  readonly minDelayMs?: number;
  /** Longest time between two attempts later on, in milliseconds. @default 10000 */
  readonly maxDelayMs?: number;
}

/** What a client does with what it is to send while its line is cut. */
export type OfflineMode = 'wait' | 'fail';

/** The options of a {@link JstpClient}. */
export interface JstpClientOptions extends ClientAddressOptions {
  /** The application to call: 'name', 'name@version-or-range' or both apart. @default 'jstp' */
  readonly app?: AppSpecifier;
  /** User name; without it (and without a `strategy`) the login is anonymous. */
  readonly login?: string | null;
  /** The user's password. */
  readonly password?: string | null;
  /** A handshake that the server's policy knows, in the place of 'login'. */
  readonly strategy?: string;
  /** What the strategy sends, or a function that gives it (or a Promise of it) for each login. */
  readonly credentials?: unknown;
  /** Milliseconds between pings; a server that answers none in time is given up. 0: none. @default 15000 */
  readonly heartbeatInterval?: number;
  /** Caps and timeouts. @default see Limits */
  readonly limits?: Partial<Limits>;
  /**
   * For so long from the cut of its line on, in milliseconds, a client with a session behaves as if it were connected:
   * calls under way wait for the line to come back, and so does what is sent meanwhile. Infinity: for ever. @default 3000
   */
  readonly resumeTimeoutMs?: number;
  /**
   * What `send` and `emit` do in that time: 'wait', or 'fail' with the error of an attempt to connect. Without
   * `reconnect` there is nothing to wait for: it is 'fail'. @default 'wait'
   */
  readonly offline?: OfflineMode;
  /** How the client comes back by itself; false: only with the next call, event or `connect`. @default true */
  readonly reconnect?: boolean | ReconnectOptions;
  /** What the server may call on this side, see {@link JstpClient.expose}. @default nothing */
  readonly application?: ApplicationLike<Connection> | ExposedApi;
  /** Converts outgoing packets, as with Nest's own transports. */
  readonly serializer?: Serializer;
  /** Converts incoming responses, as with Nest's own transports. */
  readonly deserializer?: Deserializer;
}

/** Milliseconds before the attempts to come back; undefined: none are made. */
export interface ReconnectDelays {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/** The options with their defaults, checked. */
export interface ResolvedClientOptions {
  readonly app: AppSpecifier;
  readonly address: ClientAddress;
  readonly login: string | null | undefined;
  readonly password: string | null | undefined;
  readonly strategy: string | undefined;
  readonly credentials: unknown;
  readonly heartbeatInterval: number;
  readonly limits: Limits;
  readonly resumeTimeoutMs: number;
  readonly offline: OfflineMode;
  readonly reconnect: ReconnectDelays | undefined;
  readonly application: ApplicationLike<Connection> | ExposedApi | undefined;
}

const DEFAULT_RESUME_TIMEOUT_MS = 3000;
const DEFAULT_DELAYS: ReconnectDelays = { minDelayMs: 100, maxDelayMs: 10_000 };

const OPTION_NAMES = Object.keys({
  app: true,
  transport: true,
  host: true,
  port: true,
  path: true,
  url: true,
  connectOptions: true,
  login: true,
  password: true,
  strategy: true,
  credentials: true,
  heartbeatInterval: true,
  limits: true,
  resumeTimeoutMs: true,
  offline: true,
  reconnect: true,
  application: true,
  serializer: true,
  deserializer: true,
} satisfies Record<keyof JstpClientOptions, true>);
const RECONNECT_NAMES = Object.keys({
  minDelayMs: true,
  maxDelayMs: true,
} satisfies Record<keyof ReconnectOptions, true>);

/**
 * The options that hold.
 * @throws {ConfigurationError} for an unknown option or a value that is not allowed
 */
export function resolveClientOptions(given: JstpClientOptions): ResolvedClientOptions {
  check('options', given, 'an object', isObject);
  checkPlacement(given, OPTION_NAMES);
  checkNames('options', given, OPTION_NAMES);
  const {
    app = 'jstp',
    heartbeatInterval = DEFAULT_HEARTBEAT_MS,
    resumeTimeoutMs = DEFAULT_RESUME_TIMEOUT_MS,
    offline = 'wait',
  } = given;
  check(
    'app',
    app,
    "'name', 'name@range' or { name, version }, the range in semver's syntax",
    isAppSpecifier,
  );
  check(
    'heartbeatInterval',
    heartbeatInterval,
    `0 (none), or an integer from 1 to ${MAX_TIMER_MS}`,
    isInteger(0, MAX_TIMER_MS),
  );
  check(
    'resumeTimeoutMs',
    resumeTimeoutMs,
    `an integer from 0 to ${MAX_TIMER_MS}, or Infinity`,
    (value) => value === Infinity || isInteger(0, MAX_TIMER_MS)(value),
  );
  check('offline', offline, "'wait' or 'fail'", (value) => value === 'wait' || value === 'fail');
  check('application', given.application, 'an Application or its methods', optional(isObject));
  check('serializer', given.serializer, 'an object with serialize()', optional(hasMethod('serialize')));
  check(
    'deserializer',
    given.deserializer,
    'an object with deserialize()',
    optional(hasMethod('deserialize')),
  );
  checkLogin(given);
  const { login, password, strategy, credentials, application } = given;
  return {
    app,
    address: resolveAddress(given),
    login,
    password,
    strategy,
    credentials,
    heartbeatInterval,
    limits: resolveLimits(given.limits),
    resumeTimeoutMs,
    offline,
    reconnect: resolveReconnect(given.reconnect),
    application,
  };
}

function checkLogin({ login, password, strategy, credentials }: JstpClientOptions): void {
  check('login', login, 'a non-empty string', (value) => value === null || optional(isText)(value));
  // Messages tell the type of passwords and credentials alone.
  check('password', password, 'a string', nullable(isString));
  check('password', password, 'given with a login', () => password == null || login != null);
  check(
    'strategy',
    strategy,
    "the name of a handshake, not 'session'",
    optional((value) => isText(value) && value !== 'session'),
  );
  check(
    'credentials',
    credentials,
    'given with a strategy (a login has a password)',
    () => credentials == null || strategy !== undefined,
  );
  check('strategy', strategy, 'given without a login', (value) => value === undefined || login == null);
}

function resolveReconnect(given: boolean | ReconnectOptions = true): ReconnectDelays | undefined {
  if (given === false) return undefined;
  if (given === true) return DEFAULT_DELAYS;
  check('reconnect', given, 'a boolean, or { minDelayMs, maxDelayMs }', isObject);
  checkNames('reconnect', given, RECONNECT_NAMES);
  const {
    minDelayMs = DEFAULT_DELAYS.minDelayMs,
    maxDelayMs = Math.max(minDelayMs, DEFAULT_DELAYS.maxDelayMs),
  } = given;
  check(
    'reconnect.minDelayMs',
    minDelayMs,
    `an integer from 1 to ${MAX_TIMER_MS}`,
    isInteger(1, MAX_TIMER_MS),
  );
  check(
    'reconnect.maxDelayMs',
    maxDelayMs,
    `an integer from reconnect.minDelayMs (${minDelayMs}) to ${MAX_TIMER_MS}`,
    isInteger(minDelayMs, MAX_TIMER_MS),
  );
  return { minDelayMs, maxDelayMs };
}

function isAppSpecifier(value: unknown): boolean {
  const isName = isText(value) || (isObject(value) && isText((value as { name?: unknown }).name));
  if (!isName) return false;
  try {
    return parseAppSpecifier(value as AppSpecifier).name !== '';
  } catch {
    return false;
  }
}
