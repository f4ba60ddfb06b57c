import type { Deserializer, Serializer } from '@nestjs/microservices';
import type { AuthPolicy } from '../../server/handshake/auth-policy.js';
import {
  resolveServerOptions,
  type ApplicationsOption,
  type ResolvedServerOptions,
  type ServerOptions,
} from '../../server/server-options.js';
import { parseApplicationName, type ApplicationName } from '../decorators/application-name.js';
import { isClass } from '../../util/callback.js';
import { DEFAULT_APPLICATION } from '../constants.js';
import { isGuard, isGuardClass, type GuardOption } from './guard-source.js';
import { resolveListening, type JstpListenerOptions, type ResolvedListening } from './listener-options.js';
import {
  check,
  hasMethod,
  isBoolean,
  isObject,
  MAX_TIMER_MS,
  nullable,
} from '../../protocol/option-checks.js';

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
  'applications' | 'authPolicy' | 'extensions' | 'heartbeatInterval'
> {
  /** Milliseconds between pings; a client that answers none in time is given up. 0 or null: none. @default 15000 */
  heartbeatInterval?: number | null;
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

const SERVICE_NAMES = Object.keys({
  listeners: true,
  application: true,
  applications: true,
  authPolicy: true,
  allowAnonymous: true,
  authorizeResume: true,
  heartbeatInterval: true,
  sessionStorageProvider: true,
  clientExpirationTime: true,
  drainStreams: true,
  limits: true,
  serializer: true,
  deserializer: true,
} satisfies Record<keyof (JstpServiceOptions & SeveralListeners), true>);

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
  check('options', options, 'an object', isObject);
  const { application = DEFAULT_APPLICATION, applications, authPolicy } = options;
  const { serializer, deserializer } = options;
  const listening = resolveListening(options, SERVICE_NAMES);
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
  const leasts = { heartbeatInterval: '0 (none)', clientExpirationTime: '1' };
  for (const name of ['heartbeatInterval', 'clientExpirationTime'] as const) {
    check(
      name,
      options[name],
      `a number of milliseconds from ${leasts[name]} to ${MAX_TIMER_MS}`,
      nullable((value) => typeof value === 'number' && value >= 0 && value <= MAX_TIMER_MS),
    );
  }
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

function isApplications(value: unknown): boolean {
  return Array.isArray(value) ? value.every(hasMethod('callMethod')) : value instanceof Map;
}

/** A class cannot be called, as a policy is; that of a guard is none either, but may be resolved. */
function isPolicyFunction(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  return isGuardClass(value) || !isClass(value);
}

function isPolicy(value: unknown): boolean {
  return isPolicyFunction(value) || hasMethod('authenticate')(value) || isGuard(value);
}
