import type { ApplicationLike } from '../application/application.js';
import type { AppsIndex } from '../application/applications.js';
import type { Connection } from '../connection/connection.js';
import { CORE_EXTENSIONS, type ExtensionName } from '../connection/extensions.js';
import { ERR_STREAM_ENDED, ERR_STREAM_MOVED } from '../protocol/error-codes.js';
import { journalBytesTotal, optionalInterval, resolveLimits, type Limits } from '../protocol/limits.js';
import { check, hasMethod, isBoolean, nullable } from '../protocol/option-checks.js';
import { SimpleSessionStorageProvider } from '../session/simple-session-storage-provider.js';
import type { SessionStorageProvider } from '../session/session-storage.js';
import { resolvePolicy, type AuthPolicy, type ResolvedPolicy } from './handshake/auth-policy.js';

const HOUR_MS = 60 * 60 * 1000;

/** The applications of a server: an array, or an index that `createAppsIndex` made. */
export type ApplicationsOption = readonly ApplicationLike<Connection>[] | AppsIndex<Connection>;

/**
 * What happens to open streams when their server closes, see {@link ServerOptions.drainStreams}.
 */
export type DrainStreams = 'wait' | 'end' | 'move';

/** Which clients may ask for the names of an interface's methods, see {@link ServerOptions.introspection}. */
export type Introspection = 'all' | 'authenticated' | 'none';

const INTROSPECTIONS: ReadonlySet<unknown> = new Set<Introspection>(['all', 'authenticated', 'none']);

const DRAIN_CODES: Readonly<Record<DrainStreams, number | undefined>> = {
  wait: undefined,
  end: ERR_STREAM_ENDED,
  move: ERR_STREAM_MOVED,
};

/**
 * The options of `createServer`. `null` means the default, as leaving an option out does.
 * @example
 * const server = net.createServer({ applications: [new Application('chat@1.0.0', api)], heartbeatInterval: 15_000 });
 */
export interface ServerOptions {
  /** The applications that the server serves. */
  applications: ApplicationsOption;
  /** Decides on handshakes. @default anonymous clients only */
  authPolicy?: AuthPolicy | null;
  /**
   * Keeps the sessions of clients that are away, for applications that have no provider of their own. @default in
   * memory
   */
  sessionStorageProvider?: SessionStorageProvider | null;
  /** Milliseconds between pings to a client that is silent; 0: none. @default 0 */
  heartbeatInterval?: number | null;
  /**
   * For how long a client that is away may resume its session here, in milliseconds; 0: the default. @default 3600000
   * (an hour)
   */
  clientExpirationTime?: number | null;
  /**
   * What happens to a stream that is still open when its server closes. `'wait'`: it gets `limits.drainTimeoutMs` to end,
   * as calls do. `'end'`: it ends at once with ERR_STREAM_ENDED. `'move'`: it ends at
   * once with ERR_STREAM_MOVED, and JstpClient calls again, at the next server. @default 'wait'
   */
  drainStreams?: DrainStreams;
  /**
   * Which clients may ask for the names of an interface's methods (`inspectInterface`, `connectAndInspect`,
   * `JstpClient.inspect`). `'authenticated'`: those that have logged in as a user. The others get ERR_INTERFACE_NOT_FOUND,
   * as for an interface that there is not. Calls are not affected. @default 'all'
   */
  introspection?: Introspection;
  /** Whether calls, events and more are counted, for `getMetrics()`. @default false */
  metrics?: boolean;
  /** Caps and timeouts. @default see Limits */
  limits?: Partial<Limits>;
  /** Extensions of the protocol that the server agrees to. @default 'stream', 'source', 'cancel', 'resume' and 'bytes' */
  extensions?: readonly ExtensionName[];
}

/** The names of the options of `createServer`. */
export const SERVER_OPTION_NAMES = Object.keys({
  applications: true,
  authPolicy: true,
  sessionStorageProvider: true,
  heartbeatInterval: true,
  clientExpirationTime: true,
  limits: true,
  extensions: true,
  drainStreams: true,
  introspection: true,
  metrics: true,
} satisfies Record<keyof ServerOptions, true>);

/** The options with their defaults. */
export interface ResolvedServerOptions {
  readonly policy: ResolvedPolicy;
  readonly storage: SessionStorageProvider<Connection>;
  readonly heartbeatInterval: number | undefined;
  readonly clientExpirationTime: number;
  /** The error code that ends open streams when the server closes; undefined: they get the time of calls. */
  readonly drainStreamCode: number | undefined;
  readonly introspection: Introspection;
  readonly metrics: boolean;
  readonly limits: Limits;
  readonly extensions: readonly ExtensionName[];
}

/** Returns the store of an application's sessions. */
export function storageOf(
  application: ApplicationLike<Connection> | null,
  options: ResolvedServerOptions,
): SessionStorageProvider<Connection> {
  // Why the cast holds: a provider gives back what it was given, sessions of connections of this package.
  return (application?.sessionsStorage as SessionStorageProvider<Connection> | undefined) ?? options.storage;
}

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  check('applications', options.applications, APPLICATIONS_ALLOWED, isApplications);
  const limits = resolveLimits(options.limits);
  const { metrics = false } = options;
  check('metrics', metrics, 'true or false', isBoolean);
  return {
    policy: policyOf(options.authPolicy),
    storage:
      providerOf(options.sessionStorageProvider) ??
      new SimpleSessionStorageProvider<Connection>(
        undefined,
        undefined,
        limits.maxSessions,
        journalBytesTotal(limits) / 2,
      ),
    heartbeatInterval: optionalInterval('heartbeatInterval', options.heartbeatInterval),
    clientExpirationTime:
      optionalInterval('clientExpirationTime', options.clientExpirationTime, 'the default') ?? HOUR_MS,
    drainStreamCode: drainCodeOf(options.drainStreams ?? 'wait'),
    introspection: introspectionOf(options.introspection ?? 'all'),
    metrics,
    limits,
    extensions: options.extensions ?? CORE_EXTENSIONS,
  };
}

function drainCodeOf(given: DrainStreams): number | undefined {
  check('drainStreams', given, "'wait', 'end' or 'move'", () => Object.hasOwn(DRAIN_CODES, given));
  return DRAIN_CODES[given];
}

function introspectionOf(given: Introspection): Introspection {
  check('introspection', given, "'all', 'authenticated' or 'none'", () => INTROSPECTIONS.has(given));
  return given;
}

/** The values that `applications` may have, for errors. */
export const APPLICATIONS_ALLOWED = 'an array of applications, or what createAppsIndex made';

function isApplications(value: unknown): boolean {
  return Array.isArray(value) || value instanceof Map;
}

function providerOf(
  given: SessionStorageProvider | null | undefined,
): SessionStorageProvider<Connection> | undefined {
  const allowed =
    'an object with methods get and set, and no client of Redis (RedisSessionStorageProvider takes one)';
  check('sessionStorageProvider', given, allowed, nullable(isProvider));
  return (given ?? undefined) as SessionStorageProvider<Connection> | undefined;
}

/**
 * Whether a value is a provider. Why not with `duplicate`: a client of Redis has `get` and `set` as well, and is a
 * likely slip.
 */
function isProvider(value: unknown): boolean {
  return hasMethod('get')(value) && hasMethod('set')(value) && !hasMethod('duplicate')(value);
}

function policyOf(given: AuthPolicy | null | undefined): ResolvedPolicy {
  const allowed = 'a function, or an object with a method authenticate';
  check('authPolicy', given, allowed, nullable(isPolicy));
  return resolvePolicy(given);
}

function isPolicy(value: unknown): boolean {
  return typeof value === 'function' || hasMethod('authenticate')(value);
}

/** Whether a client may ask for the names of methods. @param username null: it has not logged in */
export function mayInspect(
  { introspection }: Pick<ResolvedServerOptions, 'introspection'>,
  username: string | null,
): boolean {
  return introspection === 'all' || (introspection === 'authenticated' && username !== null);
}
