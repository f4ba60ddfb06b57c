import type { Deserializer, Serializer } from '@nestjs/microservices';
import type { ApplicationLike } from '../../application/application.js';
import { checkInterceptors, type JstpClientInterceptorOption } from './client-interceptors.js';
import { resolveMethods, type CallRuleOptions, type MethodOptions } from './call-rules.js';
import type { ExposedApi } from '../../application/exposed-methods.js';
import {
  checkKeeping,
  resolveReconnect,
  type KeeperOptions,
  type OfflineMode,
  type ReconnectOptions,
} from '../../connection/keeper/keeper-options.js';
import { checkTypes, type PayloadTypes } from '../types/payload-types.js';
import { logInBy } from './log-in.js';
import { isTimeout, TIMEOUT_ALLOWED } from '../../connection/calls/limit-call.js';
import type { AppSpecifier } from '../../connection/connection.js';
import type { Connection } from '../../connection/connection.js';
import { checkOptionNames, optionalInterval, resolveLimits, type Limits } from '../../protocol/limits.js';
import { DEFAULT_HEARTBEAT_MS } from '../constants.js';
import { resolveRetry, type RetryOptions } from './retry.js';
import { checkPlacement, resolveAddress, type ClientAddressOptions } from './client-address.js';
import {
  check,
  hasMethod,
  isBoolean,
  isObject,
  isString,
  isText,
  nullable,
  optional,
} from '../../protocol/option-checks.js';

/** The options of a {@link JstpClient}. */
export interface JstpClientOptions extends ClientAddressOptions {
  /** The application to call: 'name', 'name@version-or-range' or both apart. @default 'jstp' */
  readonly app?: AppSpecifier;
  /** The user's name. @default an anonymous login, or the `strategy` */
  readonly login?: string | null;
  /** The user's password. @default '' */
  readonly password?: string | null;
  /** The name of a handshake that the server's policy knows, in place of 'login'. @default 'login' or 'anonymous' */
  readonly strategy?: string;
  /** What the strategy sends, or a function that returns it (or a Promise of it) for each login. */
  readonly credentials?: unknown;
  /**
   * Milliseconds between pings. The connection to a server that does not answer in time is given up. 0: no pings.
   * @default 15000
   */
  readonly heartbeatInterval?: number;
  /** Caps and timeouts. @default see Limits */
  readonly limits?: Partial<Limits>;
  /**
   * How long after the loss of its connection, in milliseconds, a client with a session behaves as if it were
   * connected: calls under way wait for the resume, and so does what is sent meanwhile. Infinity: for ever.
   * @default 3000
   */
  readonly resumeTimeoutMs?: number;
  /**
   * What `send` and `emit` do during `resumeTimeoutMs`: `'wait'` for the resume, or `'fail'` with the error of an
   * attempt to connect. Without `reconnect` it is always `'fail'`, as there is nothing to wait for. @default 'wait'
   */
  readonly offline?: OfflineMode;
  /**
   * Milliseconds until the answer of a call, or the end of its stream, counted from the subscription; then it fails with
   * -7 (`ERR_CALL_TIMEOUT`), and the handler's signal fires. 0: any time. @default 0
   */
  readonly timeout?: number;
  /**
   * What is said about methods, by pattern: `{ 'rooms.list': { timeout: 500, idempotent: true } }`. `'rooms.*'` stands
   * for all methods of the interface, `'*'` for those without one. @default nothing
   */
  readonly methods?: Readonly<Record<string, MethodOptions>>;
  /**
   * Whether a call that is made within a handler of a JstpServer of this process, or within what a JstpClient of it exposes,
   * takes no longer than the caller of that waits. @default false
   */
  readonly inheritDeadline?: boolean;
  /**
   * How calls are repeated that fail with their connection, of methods that are declared idempotent (`methods`, or the
   * record); true: by the defaults. @default false
   */
  readonly retry?: boolean | RetryOptions;
  /** How the client reconnects by itself; false: only for the next call, event or `connect`. @default true */
  readonly reconnect?: boolean | ReconnectOptions;
  /** Methods that the server may call, see {@link JstpClient.expose}. @default none */
  readonly application?: ApplicationLike<Connection> | ExposedApi;
  /**
   * Interceptors that are around all calls and events of this client, the first one around all others: functions,
   * objects, or (with JstpClientModule) classes. @default none
   */
  readonly interceptors?: readonly JstpClientInterceptorOption[];
  /** Whether calls, events and more are counted, for {@link JstpClient.getMetrics}. @default false */
  readonly metrics?: boolean;
  /** Converts outgoing packets, as with Nest's own transports. */
  readonly serializer?: Serializer;
  /** Converts incoming responses, as with Nest's own transports. */
  readonly deserializer?: Deserializer;
  /**
   * Which values calls and events carry: 'plain', what messages carry by themselves, or 'extended': also Date, Map, Set, bigint,
   * RegExp, URL, Error and values that contain themselves, by the package `devalue`. Both sides have to have it.
   * @default 'plain'
   */
  readonly types?: PayloadTypes;
}

/** The options with their defaults, checked. */
export interface ResolvedClientOptions extends KeeperOptions {
  readonly application: ApplicationLike<Connection> | ExposedApi | undefined;
  /** How calls are limited and repeated. */
  readonly rules: CallRuleOptions;
  readonly metrics: boolean;
}

const DEFAULT_RESUME_TIMEOUT_MS = 3000;

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
  timeout: true,
  methods: true,
  inheritDeadline: true,
  retry: true,
  reconnect: true,
  application: true,
  interceptors: true,
  metrics: true,
  serializer: true,
  deserializer: true,
  types: true,
} satisfies Record<keyof JstpClientOptions, true>);
/**
 * Checks the names of a client's options.
 * @param besides names that are known as well where the options are those of a module
 * @throws {ConfigurationError} for an unknown one
 */
export function checkClientOptionNames(given: JstpClientOptions, besides: readonly string[] = []): void {
  check('options', given, 'an object', isObject);
  checkPlacement(given, [...OPTION_NAMES, ...besides]);
  checkOptionNames('options', given, [...besides, ...OPTION_NAMES]);
}

/**
 * The options that hold.
 * @throws {ConfigurationError} for an unknown option or a value that is not allowed
 */
export function resolveClientOptions(given: JstpClientOptions): ResolvedClientOptions {
  checkClientOptionNames(given);
  const {
    app = 'jstp',
    heartbeatInterval = DEFAULT_HEARTBEAT_MS,
    resumeTimeoutMs = DEFAULT_RESUME_TIMEOUT_MS,
    offline = 'wait',
  } = given;
  checkKeeping({ app, resumeTimeoutMs, offline });
  check('application', given.application, 'an Application or its methods', optional(isObject));
  checkInterceptors(given.interceptors);
  checkTypes(given);
  check('metrics', given.metrics, 'true or false', optional(isBoolean));
  check('serializer', given.serializer, 'an object with serialize()', optional(hasMethod('serialize')));
  check(
    'deserializer',
    given.deserializer,
    'an object with deserialize()',
    optional(hasMethod('deserialize')),
  );
  checkLogin(given);
  return {
    app,
    address: resolveAddress(given),
    logIn: logInBy(app, given),
    heartbeatInterval: optionalInterval('heartbeatInterval', heartbeatInterval) ?? 0,
    limits: resolveLimits(given.limits),
    resumeTimeoutMs,
    offline,
    reconnect: resolveReconnect(given.reconnect),
    application: given.application,
    rules: resolveRules(given),
    metrics: given.metrics ?? false,
  };
}

function resolveRules(given: JstpClientOptions): CallRuleOptions {
  const { timeout = 0, inheritDeadline = false } = given;
  check('timeout', timeout, TIMEOUT_ALLOWED, isTimeout);
  check('inheritDeadline', inheritDeadline, 'a boolean', isBoolean);
  const methods = resolveMethods(given.methods);
  return { timeout, methods, inheritDeadline, retry: resolveRetry(given.retry) };
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
