import type { ApplicationLike } from '../application/application.js';
import type { AppsIndex } from '../application/applications.js';
import type { Connection } from '../connection/connection.js';
import { CORE_EXTENSIONS, type ExtensionName } from '../connection/extensions.js';
import { ERR_STREAM_ENDED, ERR_STREAM_MOVED } from '../protocol/error-codes.js';
import { ConfigurationError } from '../protocol/configuration-error.js';
import { journalBytesTotal, resolveLimits, type Limits } from '../protocol/limits.js';
import { MAX_TIMER_MS } from '../protocol/option-checks.js';
import { SimpleSessionStorageProvider } from '../session/simple-session-storage-provider.js';
import type { SessionStorageProvider } from '../session/session-storage.js';
import { resolvePolicy, type AuthPolicy, type ResolvedPolicy } from './handshake/auth-policy.js';

const HOUR_MS = 60 * 60 * 1000;

/** The applications of a server: an array, or an index that `createAppsIndex` made. */
export type ApplicationsOption = readonly ApplicationLike<Connection>[] | AppsIndex<Connection>;

/**
 * What happens to open streams when their session is handed over to another server, see {@link
 * ServerOptions.drainStreams}.
 */
export type DrainStreams = 'wait' | 'end' | 'move';

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
   * What happens to a stream that is still open when its session is handed over to another server. `'wait'`: it gets
   * `limits.drainTimeoutMs` to end, as calls do. `'end'`: it ends at once with ERR_STREAM_ENDED. `'move'`: it ends at
   * once with ERR_STREAM_MOVED, and JstpClient calls again, at the next server. @default 'wait'
   */
  drainStreams?: DrainStreams;
  /** Caps and timeouts. @default see Limits */
  limits?: Partial<Limits>;
  /** Extensions of the protocol that the server agrees to. @default 'stream', 'cancel' and 'resume' */
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
} satisfies Record<keyof ServerOptions, true>);

/** The options with their defaults. */
export interface ResolvedServerOptions {
  readonly policy: ResolvedPolicy;
  readonly storage: SessionStorageProvider<Connection>;
  readonly heartbeatInterval: number | undefined;
  readonly clientExpirationTime: number;
  /** The error code that ends open streams when their session is handed over; undefined: they get the time of calls. */
  readonly drainStreamCode: number | undefined;
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
  checkApplications(options.applications);
  const limits = resolveLimits(options.limits);
  return {
    policy: resolvePolicy(checkPolicy(options.authPolicy)),
    storage:
      checkProvider(options.sessionStorageProvider) ??
      new SimpleSessionStorageProvider<Connection>(
        undefined,
        undefined,
        limits.maxSessions,
        journalBytesTotal(limits) / 2,
      ),
    heartbeatInterval: checkTime('heartbeatInterval', options.heartbeatInterval),
    clientExpirationTime: checkTime('clientExpirationTime', options.clientExpirationTime) ?? HOUR_MS,
    drainStreamCode: drainCodeOf(options.drainStreams ?? 'wait'),
    limits,
    extensions: options.extensions ?? CORE_EXTENSIONS,
  };
}

function drainCodeOf(given: DrainStreams): number | undefined {
  if (Object.hasOwn(DRAIN_CODES, given)) return DRAIN_CODES[given];
  throw new ConfigurationError('drainStreams', given, "'wait', 'end' or 'move'");
}

function checkTime(name: string, value: number | null | undefined): number | undefined {
  // 0 has always meant "none" to JSTP's users.
  if (value === null || value === undefined || value === 0) return undefined;
  if (value > 0 && value <= MAX_TIMER_MS) return value;
  throw new ConfigurationError(name, value, `a number of milliseconds from 1 to ${MAX_TIMER_MS}`);
}

function checkApplications(applications: unknown): void {
  if (Array.isArray(applications) || applications instanceof Map) return;
  throw new ConfigurationError(
    'applications',
    applications,
    'an array of applications, or what createAppsIndex made',
  );
}

function checkProvider(provider: unknown): SessionStorageProvider<Connection> | undefined {
  if (provider === undefined || provider === null) return undefined;
  const { get, set, duplicate } = provider as Record<string, unknown>;
  // A client of Redis has `get` and `set` as well, and is the likely slip.
  if (typeof get === 'function' && typeof set === 'function' && duplicate === undefined)
    return provider as SessionStorageProvider<Connection>;
  const allowed =
    'an object with methods get and set, and no client of Redis (RedisSessionStorageProvider takes one)';
  throw new ConfigurationError('sessionStorageProvider', provider, allowed);
}

function checkPolicy(policy: AuthPolicy | null | undefined): AuthPolicy | null | undefined {
  if (!policy || typeof policy === 'function' || typeof policy.authenticate === 'function') return policy;
  throw new ConfigurationError('authPolicy', policy, 'a function, or an object with a method authenticate');
}
