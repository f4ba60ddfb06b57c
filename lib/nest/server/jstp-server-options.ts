import type { Deserializer, Serializer } from '@nestjs/microservices';
import type { AuthPolicy } from '../../server/handshake/auth-policy.js';
import {
  APPLICATIONS_ALLOWED,
  resolveServerOptions,
  type ApplicationsOption,
  type ResolvedServerOptions,
  type ServerOptions,
} from '../../server/server-options.js';
import type { RoomsBroadcaster } from '../../server/rooms/rooms-broadcaster.js';
import {
  resolveReflection,
  type ReflectionOption,
  type ReflectionOptions,
} from '../reflection/reflection-option.js';
import { parseApplicationName, type ApplicationName } from '../decorators/application-name.js';
import { isClass } from '../../util/callback.js';
import { DEFAULT_APPLICATION } from '../constants.js';
import {
  resolveAdministration,
  type AdministrationOptions,
} from '../administration/administration-option.js';
import { checkAccessLog, type AccessLogOptions } from './access-log.js';
import { isGuard, isGuardClass, type GuardOption } from './guard-source.js';
import { resolveListening, type JstpListenerOptions, type ResolvedListening } from './listener-options.js';
import { check, hasMethod, isBoolean, isObject, nullable } from '../../protocol/option-checks.js';
import { checkTypes, type PayloadTypes } from '../types/payload-types.js';

/** Several listeners of one server, with the same applications, clients and sessions. */
export interface SeveralListeners {
  /**
   * The listeners: `[{ transport: 'net', port: 3000 }, { transport: 'ws', server: app.getHttpServer() }]`. The server
   * listens when all of them do; where one cannot listen, none does.
   */
  listeners: readonly JstpListenerOptions[];
}

/** The options of a JstpServer that are not about listening: what it serves, and to which clients. */
export interface JstpServiceOptions extends Omit<
  ServerOptions,
  'applications' | 'authPolicy' | 'extensions' | 'heartbeatInterval'
> {
  /**
   * Milliseconds between pings to a client that is silent. The connection of a client that does not answer in time is
   * closed, and its session kept. 0 or null: no pings. @default 15000
   */
  heartbeatInterval?: number | null;
  /** The application of handlers without `@JstpApplication`, as 'name@version'. @default 'jstp@1.0.0' */
  application?: string;
  /**
   * Core applications that the server serves as well. One with the name and version of decorated handlers is merged
   * with them; a method that both have is an error at the start. @default none
   */
  applications?: ApplicationsOption;
  /**
   * Decides on handshakes on which no `@JstpHandshake` handler decides: a function or object as in the core, a guard,
   * or (with JstpModule) the class of a guard. @default anonymous clients only
   */
  authPolicy?: AuthPolicy | GuardOption | null;
  /** Whether anonymous clients are let in without asking a guard or a `@JstpHandshake` handler. @default false */
  allowAnonymous?: boolean;
  /**
   * Whether the server describes its applications to clients, by the reserved interface `jstp.reflection`: names, arguments
   * and results as far as they are known. `{ guard }`: to those whom a guard lets. @default false
   */
  reflection?: ReflectionOption | null;
  /**
   * Whether the server lets clients look into it, and end what is there, by the reserved interface `jstp.administration`: its
   * connections, sessions, calls and budgets. The guard decides on each call. @default it does not
   */
  administration?: AdministrationOptions | null;
  /** Whether the guard, policy or handler decides on resumes too (strategy 'session'). @default false */
  authorizeResume?: boolean;
  /**
   * What a caller is told of arguments that a pipe has refused (`@Arg` with a schema, ValidationPipe, ParseIntPipe...): with
   * 'issues' a RemoteError that has the status (400) as its code and what is wrong in its `info`, see
   * {@link ValidationIssue}; with 'hidden' 'Internal server error', as by Nest's other transports. @default 'hidden'
   */
  validationErrors?: 'issues' | 'hidden';
  /**
   * Whether each call and event of a client is logged when it has ended, and how. The log has names and outcomes, no
   * arguments, results, ids of sessions or passwords. @default false
   */
  accessLog?: boolean | AccessLogOptions;
  /**
   * Connects the rooms and users of several servers: a `RedisBroadcaster` of `nestjs-jstp/redis`. The server attaches itself
   * when it listens, and detaches itself when it closes; `JstpRooms` sends through it. @default this server alone
   */
  broadcaster?: RoomsBroadcaster | null;
  /**
   * Makes what is sent from `{ id, response | err, isDisposed }`; may be asynchronous. @default sends values
   * unchanged
   */
  serializer?: Serializer;
  /** Makes `{ data }` from `{ pattern, data, id }` that has arrived; may be asynchronous. @default data unchanged */
  deserializer?: Deserializer;
  /**
   * Which values handlers get and give: 'plain', what messages carry by themselves, or 'extended': also Date, Map, Set, bigint,
   * RegExp, URL, Error and values that contain themselves, by the package `devalue`. Both sides have to have it.
   * @default 'plain'
   */
  types?: PayloadTypes;
}

/**
 * The options of a JstpServer: those of the core's `createServer`, those of Nest, and either one transport (with the
 * options of Node's server underneath) or several `listeners`.
 * @example
 * const options: JstpServerOptions = { transport: 'tls', port: 3000, key, cert, authPolicy: new TokenGuard() };
 */
export type JstpServerOptions = JstpServiceOptions & (JstpListenerOptions | SeveralListeners);

const SERVICE_NAMES = Object.keys({
  listeners: true,
  application: true,
  applications: true,
  authPolicy: true,
  allowAnonymous: true,
  authorizeResume: true,
  validationErrors: true,
  accessLog: true,
  broadcaster: true,
  heartbeatInterval: true,
  sessionStorageProvider: true,
  clientExpirationTime: true,
  drainStreams: true,
  introspection: true,
  reflection: true,
  administration: true,
  metrics: true,
  limits: true,
  serializer: true,
  deserializer: true,
  types: true,
} satisfies Record<keyof (JstpServiceOptions & SeveralListeners), true>);

/** The options of a JstpServer after their check. */
export interface ResolvedJstpServerOptions {
  readonly listening: ResolvedListening;
  readonly limits: ResolvedServerOptions['limits'];
  readonly application: ApplicationName;
  readonly reflection: ReflectionOptions | undefined;
  readonly administration: AdministrationOptions | undefined;
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
  check('applications', applications, APPLICATIONS_ALLOWED, nullable(isApplications));
  check(
    'authPolicy',
    authPolicy,
    'a function, an object with a method authenticate, or a guard',
    nullable(isPolicy),
  );
  for (const name of ['allowAnonymous', 'authorizeResume'] as const) {
    check(name, options[name], 'true or false', nullable(isBoolean));
  }
  check('validationErrors', options.validationErrors, "'issues' or 'hidden'", nullable(isDisclosure));
  checkAccessLog(options.accessLog);
  const broadcaster = 'a RedisBroadcaster, or another object with attach, emitTo, callAny and who';
  check('broadcaster', options.broadcaster, broadcaster, nullable(isBroadcaster));
  check('serializer', serializer, 'an object with a method serialize', nullable(hasMethod('serialize')));
  check(
    'deserializer',
    deserializer,
    'an object with a method deserialize',
    nullable(hasMethod('deserialize')),
  );
  checkTypes(options);
  // Why here: the core checks the rest, and would do so only when the application starts.
  const { limits, introspection } = resolveServerOptions({ ...options, applications: [], authPolicy: null });
  return {
    listening,
    limits,
    application: parseApplicationName(application, 'application'),
    reflection: resolveReflection(options.reflection, introspection),
    administration: resolveAdministration(options.administration),
  };
}

/** Returns the option, if it is a policy of the core; undefined where it is a guard, or its class. */
export function corePolicyOf(option: JstpServiceOptions['authPolicy']): AuthPolicy | undefined {
  return option && !isGuard(option) && !isGuardClass(option) ? option : undefined;
}

function isBroadcaster(value: unknown): boolean {
  return ['attach', 'emitTo', 'callAny', 'who'].every((name) => hasMethod(name)(value));
}

function isDisclosure(value: unknown): boolean {
  return value === 'issues' || value === 'hidden';
}

function isApplications(value: unknown): boolean {
  return Array.isArray(value) ? value.every(hasMethod('callMethod')) : value instanceof Map;
}

/** Whether a function may be a policy. Why not a class: it cannot be called. That of a guard can be resolved. */
function isPolicyFunction(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  return isGuardClass(value) || !isClass(value);
}

function isPolicy(value: unknown): boolean {
  return isPolicyFunction(value) || hasMethod('authenticate')(value) || isGuard(value);
}
