import type { Deserializer, Serializer } from '@nestjs/microservices';
import { ConfigurationError } from '../protocol/configuration-error.js';
import type { AuthPolicy } from '../server/auth-policy.js';
import {
  resolveServerOptions,
  type ApplicationsOption,
  type ResolvedServerOptions,
  type ServerOptions,
} from '../server/server-options.js';
import { parseApplicationName, type ApplicationName } from './application-name.js';
import { DEFAULT_APPLICATION } from './constants.js';
import { isGuard, isGuardClass, type GuardOption } from './guard-source.js';
import { resolveListening, type JstpListenerOptions, type ResolvedListening } from './listener-options.js';

/** Several transports, all of them serving the same applications, clients and sessions. */
export interface SeveralListeners {
  /**
   * What to listen on: `[{ transport: 'net', port: 3000 }, { transport: 'ws', server: app.getHttpServer() }]`.
   * The server is up when all of them are; the error of one ends the others.
   */
  listeners: readonly JstpListenerOptions[];
}

/** What is served, and to whom: the options of a JstpServer whatever it listens on. */
export interface JstpServiceOptions extends Omit<
  ServerOptions,
  'applications' | 'authPolicy' | 'extensions'
> {
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

/**
 * The options of a JstpServer: those of the core's `createServer`, what is Nest's, and what to listen on: one
 * transport with the options of Node's server underneath, or several.
 */
export type JstpServerOptions = JstpServiceOptions & (JstpListenerOptions | SeveralListeners);

/** The options after their check. */
export interface ResolvedJstpServerOptions {
  readonly listening: ResolvedListening;
  readonly limits: ResolvedServerOptions['limits'];
  readonly application: ApplicationName;
}

/**
 * Checks the options of a JstpServer.
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function resolveJstpServerOptions(options: JstpServerOptions): ResolvedJstpServerOptions {
  const { application = DEFAULT_APPLICATION, applications, authPolicy } = options;
  const listening = resolveListening(options);
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
  const { limits } = resolveServerOptions({ ...options, applications: [], authPolicy: null });
  return {
    listening,
    limits,
    application: parseApplicationName(application, 'application'),
  };
}

/** The policy of the core, where the option is one. */
export function corePolicyOf(option: JstpServiceOptions['authPolicy']): AuthPolicy | undefined {
  return option && !isGuard(option) && !isGuardClass(option) ? option : undefined;
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
