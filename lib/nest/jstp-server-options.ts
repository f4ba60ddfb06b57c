import type { ListenOptions } from 'node:net';
import type { Deserializer, Serializer } from '@nestjs/microservices';
import { ConfigurationError } from '../protocol/configuration-error.js';
import type { AuthPolicy } from '../server/auth-policy.js';
import { resolveServerOptions, type ApplicationsOption } from '../server/server-options.js';
import { net, type NetServerOptions, type TransportEntry } from '../transport/entry.js';
import { parseApplicationName, type ApplicationName } from './application-name.js';
import { DEFAULT_APPLICATION, DEFAULT_HOST, DEFAULT_PORT } from './constants.js';
import { isGuard, isGuardClass, type GuardOption } from './guard-source.js';

const MAX_PORT = 65_535;
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
  const { transport = 'net', application = DEFAULT_APPLICATION, applications, authPolicy } = options;
  if (!Object.hasOwn(ENTRIES, transport)) {
    throw new ConfigurationError('transport', transport, `one of ${Object.keys(ENTRIES).join(', ')}`);
  }
  check(
    'applications',
    applications,
    isApplications,
    'an array of applications, or what createAppsIndex made',
  );
  const isPolicy = (value: unknown): boolean => isGuard(value) || isCorePolicy(value);
  check('authPolicy', authPolicy, isPolicy, 'a function, an object with a method authenticate, or a guard');
  for (const name of ['allowAnonymous', 'authorizeResume'] as const) {
    check(name, options[name], (value) => typeof value === 'boolean', 'true or false');
  }
  check('serializer', options.serializer, hasMethod('serialize'), 'an object with a method serialize');
  check(
    'deserializer',
    options.deserializer,
    hasMethod('deserialize'),
    'an object with a method deserialize',
  );
  check(
    'sessionStorageProvider',
    options.sessionStorageProvider,
    (value) => hasMethod('get')(value) && hasMethod('set')(value),
    'an object with methods get and set',
  );
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
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  check('host', host, isText, 'a name or an address');
  check('path', path, isText, 'the path of an IPC socket');
  const isPort = (value: unknown): boolean =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_PORT;
  check('port', port, isPort, `an integer from 0 to ${MAX_PORT}`);
  const common = { backlog, exclusive, readableAll, writableAll, ipv6Only };
  if (path === undefined)
    return { ...defined(common), host: host ?? DEFAULT_HOST, port: port ?? DEFAULT_PORT };
  if (port !== undefined) throw new ConfigurationError('path', path, 'given without a port');
  return { ...defined(common), path };
}

function check(name: string, value: unknown, isAllowed: (value: unknown) => boolean, allowed: string): void {
  if (value !== undefined && value !== null && !isAllowed(value))
    throw new ConfigurationError(name, value, allowed);
}

function isApplications(value: unknown): boolean {
  return Array.isArray(value) || value instanceof Map;
}

function isCorePolicy(value: unknown): boolean {
  return typeof value === 'function' || hasMethod('authenticate')(value);
}

function hasMethod(name: string): (value: unknown) => boolean {
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Record<string, unknown>)[name] === 'function';
}

/** Node tells an undefined option from one that is missing. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
