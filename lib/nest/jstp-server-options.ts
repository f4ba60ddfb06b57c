import type { ListenOptions } from 'node:net';
import type { Deserializer, Serializer } from '@nestjs/microservices';
import { ConfigurationError } from '../protocol/configuration-error.js';
import type { AuthPolicy } from '../server/auth-policy.js';
import { resolveServerOptions, type ApplicationsOption } from '../server/server-options.js';
import { net, type NetServerOptions, type TransportEntry } from '../transport/entry.js';
import { parseApplicationName, type ApplicationName } from './application-name.js';
import { DEFAULT_APPLICATION, DEFAULT_HOST, DEFAULT_PORT } from './constants.js';
import { isGuard, isGuardClass, type GuardOption } from './guard-source.js';
import {
  check,
  checkNames,
  hasMethod,
  isBoolean,
  isInteger,
  isText,
  MAX_PORT,
  MAX_TIMER_MS,
  nullable,
} from './option-checks.js';

// That of `listen(2)` is an int.
const MAX_BACKLOG = 2 ** 31 - 1;
const ENTRIES = { net } satisfies Record<string, TransportEntry>;

/** The names of the transports that a server can listen on. */
export type JstpTransport = keyof typeof ENTRIES;

type NodeOptions = Omit<NetServerOptions, 'applications' | 'authPolicy' | 'extensions'>;
type NodeListenOptions = Pick<
  ListenOptions,
  'backlog' | 'exclusive' | 'readableAll' | 'writableAll' | 'ipv6Only'
>;

/** The options of a JstpServer: those of the core's `createServer`, where to listen, and what is Nest's. */
export interface JstpServerOptions extends NodeOptions, NodeListenOptions {
  /** What to listen on. @default 'net' */
  transport?: JstpTransport;
  /** The host. @default 'localhost' */
  host?: string;
  /** The port; 0: any that is free. @default 3000 */
  port?: number;
  /** Path of an IPC socket, in the place of host and port. */
  path?: string;
  /** 'name@version' of the handlers without `@JstpApplication`. @default 'jstp@1.0.0' */
  application?: string;
  /**
   * Core applications that are served as well. One of the same name and version as a decorated one is
   * merged with it; a method that both have is an error at start.
   */
  applications?: ApplicationsOption;
  /**
   * Decides on handshakes that no `@JstpHandshake` handler decides on: a function or object as in JSTP, a
   * guard, or (with JstpModule) a guard's class. @default anonymous clients only
   */
  authPolicy?: AuthPolicy | GuardOption | null;
  /** Lets anonymous clients in without asking a guard or a `@JstpHandshake` handler. @default false */
  allowAnonymous?: boolean;
  /** Asks the guard, policy or handler about resumes too (strategy 'session'). @default false */
  authorizeResume?: boolean;
  /** Makes what is sent of `{ id, response | err, isDisposed }`; may be asynchronous. @default the values as they are */
  serializer?: Serializer;
  /** Makes `{ data }` of `{ pattern, data, id }` that arrived; may be asynchronous. @default the data as it is */
  deserializer?: Deserializer;
}

const OPTION_NAMES: Readonly<Record<keyof JstpServerOptions, true>> = {
  transport: true,
  host: true,
  port: true,
  path: true,
  application: true,
  applications: true,
  authPolicy: true,
  allowAnonymous: true,
  authorizeResume: true,
  heartbeatInterval: true,
  sessionStorageProvider: true,
  clientExpirationTime: true,
  limits: true,
  serializer: true,
  deserializer: true,
  // Those of Node's `listen`...
  backlog: true,
  exclusive: true,
  readableAll: true,
  writableAll: true,
  ipv6Only: true,
  // ...and of its `createServer`.
  allowHalfOpen: true,
  pauseOnConnect: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: true,
  highWaterMark: true,
};

/** The options after their check. */
export interface ResolvedJstpServerOptions {
  readonly entry: TransportEntry;
  /** The argument of Node's `listen`. */
  readonly listen: ListenOptions;
  readonly application: ApplicationName;
}

/**
 * Checks the options of a JstpServer.
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function resolveJstpServerOptions(options: JstpServerOptions): ResolvedJstpServerOptions {
  checkNames(options, OPTION_NAMES);
  const { transport = 'net', application = DEFAULT_APPLICATION, applications, authPolicy } = options;
  const { serializer, deserializer, sessionStorageProvider } = options;
  check('transport', transport, `one of ${Object.keys(ENTRIES).join(', ')}`, (value) =>
    Object.hasOwn(ENTRIES, String(value)),
  );
  check(
    'applications',
    applications,
    'an array of applications, or what createAppsIndex made',
    nullable(isApplications),
  );
  check(
    'authPolicy',
    authPolicy,
    'a function, an object with a method authenticate, or a guard',
    nullable(isPolicy),
  );
  for (const name of ['allowAnonymous', 'authorizeResume'] as const) {
    check(name, options[name], 'true or false', nullable(isBoolean));
  }
  check('serializer', serializer, 'an object with a method serialize', nullable(hasMethod('serialize')));
  check(
    'deserializer',
    deserializer,
    'an object with a method deserialize',
    nullable(hasMethod('deserialize')),
  );
  check(
    'sessionStorageProvider',
    sessionStorageProvider,
    'an object with methods get and set',
    nullable((value) => hasMethod('get')(value) && hasMethod('set')(value)),
  );
  for (const name of ['heartbeatInterval', 'clientExpirationTime'] as const) {
    check(
      name,
      options[name],
      `a number of milliseconds from 0 (none) to ${MAX_TIMER_MS}`,
      nullable((value) => typeof value === 'number'),
    );
  }
  // The core checks the rest: said here, and not when the application starts.
  resolveServerOptions({ ...options, applications: [], authPolicy: null });
  return {
    entry: ENTRIES[transport],
    listen: listenOptionsOf(options),
    application: parseApplicationName(application, 'application'),
  };
}

/** The policy of the core, where the option is one. */
export function corePolicyOf(option: JstpServerOptions['authPolicy']): AuthPolicy | undefined {
  return option && !isGuard(option) && !isGuardClass(option) ? option : undefined;
}

function listenOptionsOf(options: JstpServerOptions): ListenOptions {
  const { host, port, path, backlog, exclusive, readableAll, writableAll, ipv6Only } = options;
  check('host', host, 'a name or an address', nullable(isText));
  check('path', path, 'the path of an IPC socket', nullable(isText));
  check('port', port, `an integer from 0 to ${MAX_PORT}`, nullable(isInteger(0, MAX_PORT)));
  check('backlog', backlog, `an integer from 0 to ${MAX_BACKLOG}`, nullable(isInteger(0, MAX_BACKLOG)));
  for (const name of ['exclusive', 'readableAll', 'writableAll', 'ipv6Only'] as const) {
    check(name, options[name], 'true or false', nullable(isBoolean));
  }
  const common = { backlog, exclusive, readableAll, writableAll, ipv6Only };
  if (path === undefined)
    return { ...defined(common), host: host ?? DEFAULT_HOST, port: port ?? DEFAULT_PORT };
  if (port !== undefined) throw new ConfigurationError('path', path, 'given without a port');
  return { ...defined(common), path };
}

function isApplications(value: unknown): boolean {
  return Array.isArray(value) ? value.every(hasMethod('callMethod')) : value instanceof Map;
}

function isPolicy(value: unknown): boolean {
  return typeof value === 'function' || hasMethod('authenticate')(value) || isGuard(value);
}

/** Node tells an undefined option from one that is missing. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
