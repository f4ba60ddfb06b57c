import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import type { ApplicationLike } from '../../application/application.js';
import type { ClientsOf, InterfaceOf, EmitOf, GivenOrRecord } from '../../application/contract.js';
import type { Connection } from '../../connection/connection.js';
import { UnsendableAnswer } from '../../connection/calls/unsendable-answer.js';
import { observe } from '../../connection/observing/observe.js';
import { ALL_EXTENSIONS } from '../../connection/extensions.js';
import type { ListenerFactory } from '../../server/listener.js';
import { Audience, UserAudience } from '../../server/rooms/audience.js';
import type { Rooms } from '../../server/rooms/rooms.js';
import { selectRooms, selectUsers, type Excluded } from '../../server/rooms/selection.js';
import type { ServerMetrics } from '../../server/metrics/server-metrics.js';
import type { ServerUsage } from '../../server/usage.js';
import type { ServerEvents } from '../../server/server-events.js';
import { Server as CoreServer } from '../../server/server.js';
import type { ApplicationDescription } from '../../reflection/application-description.js';
import { SERVER_CONTROL } from '../../server/control.js';
import { onServerClose } from '../../transport/on-server-close.js';
import { JstpError } from '../../protocol/jstp-error.js';
import { ignore } from '../../util/callback.js';
import { messageOf } from '../jstp-record.js';
import { DEFAULT_HEARTBEAT_MS, JSTP } from '../constants.js';
import { PrintableLogger } from '../printable-logger.js';
import { guardOf, type GuardClassResolver, type GuardSource } from './guard-source.js';
import { jstpExtrasOf } from '../decorators/handler-extras.js';
import { interceptIterables } from '../handling/intercept-iterables.js';
import { tellValidationErrors } from '../handling/tell-validation-errors.js';
import { noteHandlers } from '../handling/note-handlers.js';
import { hideStreamTypes } from '../handling/stream-parameters.js';
import { followHandshakes } from '../handling/follow-handshakes.js';
import { HandlerRunner, type ProcessingHooks } from '../handling/handler-runner.js';
import { audienceSinkOf } from './audience-sink.js';
import { AccessLog } from './access-log.js';
import { ConnectionLog } from './connection-log.js';
import { exploredOf, type Explored } from './explored.js';
import { HandlerOrigins } from './handler-origins.js';
import { HandshakePolicy } from './handshake-policy.js';
import {
  corePolicyOf,
  resolveJstpServerOptions,
  type JstpServerOptions,
  type ResolvedJstpServerOptions,
} from './jstp-server-options.js';
import { logAddresses, type ListeningPlace } from './log-addresses.js';
import { NestApplication } from './nest-application.js';
import { flatten, Reserved } from './reserved.js';
import { handlersOf } from './registered-handlers.js';
import { methodsOf, watchRegistrations, type Registration } from './registration.js';
import { renewCertificates } from './renew-certificates.js';
import { MinuteLimit } from '../../util/minute-limit.js';
import { ExtendedTypes } from '../types/extended-types.js';
import { RouteTable } from './route-table.js';
import { INSPECT, inspectAsJson, type Inspect } from '../../util/inspect.js';

const MAX_LIMIT_WARNINGS_PER_MINUTE = 10;

/** The status of a server: 'connected' while it listens. */
export type JstpServerStatus = 'connected' | 'disconnected';

/** The events of a JstpServer, which are those of the core's server, as listeners for `on`. */
export type JstpServerEvents = {
  [Name in keyof ServerEvents]: (...args: ServerEvents[Name]) => void;
};

type EventName = keyof JstpServerEvents;
type App = ApplicationLike<Connection>;
type StartHook = Parameters<Server['setOnProcessingStartHook']>[0];
type EndHook = Parameters<Server['setOnProcessingEndHook']>[0];

/**
 * Serves the handlers of a Nest application by JSTP; the `strategy` of a microservice.
 *
 * @typeParam Contract the contract of the application, for names and types of what is sent to clients. @default anything
 * @example
 * const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
 *   strategy: new JstpServer({ host: '127.0.0.1', port: 3000 }),
 * });
 */
export class JstpServer<out Contract = unknown>
  extends Server<JstpServerEvents, JstpServerStatus>
  implements CustomTransportStrategy
{
  /** The transport id {@link JSTP}, for handlers that are meant for this transport only. */
  override readonly transportId: symbol = JSTP;
  protected override readonly logger: Logger = new PrintableLogger('JstpServer');
  private readonly resolved: ResolvedJstpServerOptions;
  private readonly routes: RouteTable;
  private readonly origins = new HandlerOrigins();
  private readonly runner: HandlerRunner;
  private readonly hooks: ProcessingHooks = { start: undefined, end: undefined };
  private readonly guard: GuardSource | undefined;
  /** The interfaces beside those of the applications. */
  private readonly reserved: Reserved;
  private readonly eventListeners: [name: EventName, listener: (...args: never[]) => void][] = [];
  private core: CoreServer | undefined;
  private readonly connectionLog = new ConnectionLog(this.logger, (error) => {
    this.report(error);
  });
  private unwatchShared: () => void = ignore;
  /** Stops waiting for shared HTTP servers whose addresses are still to be logged. */
  private stopLogging: () => void = ignore;
  private stopAccessLog: () => void = ignore;
  /** Where the server listens, since `listen`. */
  private places: readonly ListeningPlace[] = [];
  /** Undefined: messages carry what they carry by themselves. */
  private readonly types: ExtendedTypes | undefined;
  /** Ends the delivery of events of other servers. */
  private detach: () => void = ignore;
  /** The core's server while it listens, or is about to listen. */
  private running: CoreServer | undefined;

  /**
   * @param options where to listen, what to serve, which clients to let in. @default TCP on localhost:3000
   * @throws ConfigurationError naming the option, what was given and what is allowed
   */
  constructor(options?: JstpServerOptions);
  /** @internal As JstpModule makes it, which resolves the class of a guard. */
  constructor(options: JstpServerOptions | undefined, resolveGuardClass: GuardClassResolver);
  constructor(
    private readonly options: JstpServerOptions = {},
    resolveGuardClass?: GuardClassResolver,
  ) {
    super();
    watchRegistrations((strategy) => strategy instanceof JstpServer);
    this.resolved = resolveJstpServerOptions(options);
    this.guard = guardOf(options.authPolicy, resolveGuardClass);
    if (options.types === 'extended') this.types = new ExtendedTypes(this.resolved.limits);
    const { serializer = this.types?.serverSerializer, deserializer = this.types?.serverDeserializer } =
      options;
    this.initializeSerializer({ serializer });
    this.initializeDeserializer({ deserializer });
    const { application, limits } = this.resolved;
    this.routes = new RouteTable(
      application,
      (pattern) => this.normalizePattern(pattern),
      limits.maxNameLength,
    );
    this.reserved = new Reserved(options, this.resolved, this.routes, resolveGuardClass, (error) => {
      this.report(error);
    });
    this.runner = new HandlerRunner({
      handlers: this.messageHandlers,
      hooks: this.hooks,
      serializer,
      deserializer,
      report: (error) => {
        this.report(error);
      },
    });
  }

  /**
   * Starts to listen. Nest calls it.
   * @param callback called once: without an argument when the server listens, with the error when it cannot listen (a
   * port in use, two handlers of one method...)
   */
  override listen(callback: (error?: unknown) => unknown): void {
    if (this.running) {
      callback(new Error('The JSTP server listens already'));
      return;
    }
    let isTold = false;
    const tell = (...outcome: [error?: unknown]): void => {
      if (isTold) return;
      isTold = true;
      callback(...outcome);
    };
    try {
      const { createListener, places } = this.resolved.listening.open(this.resolved.limits);
      this.places = places;
      const core = this.createCore(createListener);
      this.core = core;
      this.running = core;
      core.on('error', (error) => {
        if (isTold) this.logger.error(error);
        else this.stopped(core);
        tell(error);
      });
      core.on('listening', () => {
        this._status$.next('connected');
        this.logAccess(core);
        this.logApplications();
        this.logAddresses(core, places);
        tell();
      });
      core.on('close', () => {
        this.stopped(core);
        tell(closedTooSoon());
      });
      this.unwatchShared();
      const shared = places.flatMap((place) => place.shared ?? []);
      // Why: a hybrid application closes its HTTP server before its microservices.
      this.unwatchShared = onServerClose(shared, () => void this.close());
      this.listenAfter(this.prepare(), core, tell);
    } catch (error) {
      this.stopped(this.core);
      tell(error);
    }
  }

  /**
   * Accepts nobody any more, refuses new calls, tells clients to go elsewhere, and gives what is under way
   * `limits.drainTimeoutMs`; sessions of stores that other servers share go on there. Resolves when all connections are
   * closed and no handler runs, or `limits.closeTimeoutMs` later. Does nothing before `listen`.
   */
  override async close(): Promise<void> {
    const { core } = this;
    this.unwatchShared();
    this.stopLogging();
    if (!core) return;
    this.running = undefined;
    this.reserved.closing();
    const closed = new Promise<void>((resolve) => {
      core.close(() => {
        resolve();
      });
    });
    await core.drain();
    await closed;
    this.warnOfHandlers(core);
    this.connectionLog.stop();
    this.stopAccessLog();
    // Why one more turn: Node emits 'close' of a server before that of its sockets.
    await nextTurn();
  }

  private warnOfHandlers(core: CoreServer): void {
    const { used } = core.getUsage().callsInFlight;
    if (used > 0)
      this.logger.warn(`Handlers that run on after the close, though their signals were aborted: ${used}`);
  }

  /** Adds a listener of an event, before or after `listen`. It stays for later calls of `listen`. */
  override on<
    Name extends EventName = EventName,
    Listener extends JstpServerEvents[Name] = JstpServerEvents[Name],
  >(event: Name, callback: Listener): this {
    this.eventListeners.push([event, callback]);
    this.core?.on(event, callback);
    return this;
  }

  /**
   * Returns the core's server, whose `getRawServer()` is Node's.
   * @throws Error before `listen`
   */
  override unwrap<T = CoreServer>(): T {
    return this.listened() as T;
  }

  /**
   * Renews the certificates for clients that connect from now on. Open connections stay.
   * @param options those of Node's `tls.createSecureContext`: `key`, `cert`, `ca`... What is left out is Node's default
   * from then on, also where the server was made with something else
   * @throws Error before `listen`, and where no listener uses TLS; Node's error for a certificate that cannot be used,
   * which leaves the one before in force
   */
  setSecureContext(options: SecureContextOptions): void {
    renewCertificates(this.listened().getRawServer(), options);
  }

  /**
   * Sends an event to all clients of all applications. A client that is away gets the event when it resumes its
   * session. A {@link JstpRecord} stands in the place of all arguments, and its metadata goes along.
   * @throws Error before `listen`
   */
  broadcast<Interface extends InterfaceOf<Contract>, Event extends EmitOf<Contract, Interface>>(
    interfaceName: Interface,
    event: Event,
    ...given: GivenOrRecord<Contract, Interface, 'emits', Event>
  ): void {
    const { args, options } = messageOf(given);
    this.rooms.broadcast(interfaceName, event, args, options?.metadata);
  }

  /**
   * The rooms of this server, and who is in them.
   * @throws Error before `listen`
   */
  get rooms(): Rooms {
    return this.listened().rooms;
  }

  /**
   * Selects the members of rooms of this server, for events: `server.to('kitchen').emit('chat', 'said', 'hello')`.
   * {@link JstpRooms} reaches those of several servers.
   * @throws ConfigurationError for what is no text; its `emit` throws Error before `listen`
   */
  to(...rooms: readonly string[]): Audience<void, Contract> {
    return new Audience(audienceSinkOf(this), selectRooms({}, rooms));
  }

  /** Selects the sessions of a user on this server, for events and calls. */
  toUser(name: string): UserAudience<void, Contract> {
    return new UserAudience(audienceSinkOf(this), selectUsers({}, [name]));
  }

  /** Selects all clients of this server, but for the members of rooms, and single contexts, connections or sessions. */
  except(...excluded: readonly Excluded[]): Audience<void, Contract> {
    return new Audience<void, Contract>(audienceSinkOf(this), {}).except(...excluded);
  }

  /**
   * Returns how much of the budgets of this server is used now, and their limits. Costs little, and may be asked often.
   * @throws Error before `listen`
   */
  getUsage(): ServerUsage {
    return this.listened().getUsage();
  }

  /** Whether the server was made with the option `metrics`. */
  get countsMetrics(): boolean {
    return this.options.metrics === true;
  }

  /**
   * Returns what the server has counted since it began to listen, see the core's `Server.getMetrics`.
   * @throws Error before `listen`, and without the option `metrics`
   */
  getMetrics(): ServerMetrics {
    return this.listened().getMetrics();
  }

  /**
   * Returns the connected clients.
   * @throws Error before `listen`
   */
  getClients<Peer = ClientsOf<Contract>>(): IterableIterator<Connection<Peer>> {
    return this.listened().getClients() as IterableIterator<Connection<Peer>>;
  }

  /**
   * Describes an application, as clients get it by `jstp.reflection` with the option `reflection`. It needs the handlers, and
   * not that the server listens.
   * @param application 'name' or 'name@version'. @default the only one
   * @throws ConfigurationError where there is no such application, or more than one and none is named
   */
  async describe(application?: string): Promise<ApplicationDescription> {
    return this.reserved.describeNamed(this.createApplications(), application);
  }

  /** @internal Returns a server with the handlers of an application, which is described alone. */
  copyWith(modules: ModulesContainer): JstpServer {
    // Its guards are never asked.
    const resolve: GuardClassResolver = () => ({
      prepare: () => undefined,
      guardFor: () => ({ canActivate: () => false }),
    });
    const copy = new JstpServer(this.options, resolve);
    copy.origins.add(methodsOf(modules));
    for (const { pattern, isEvent, extras } of handlersOf(modules))
      copy.addHandler(pattern, nothing, isEvent, extras);
    copy.routes.assertSound();
    return copy;
  }

  /** @internal Called before Nest makes the handlers of an application. */
  beforeRegistration(registration: Registration): void {
    this.origins.add(registration.methods);
    followHandshakes(registration);
    // After `followHandshakes`, as the last interceptor of a method is the innermost.
    interceptIterables(registration);
    noteHandlers(registration.interceptorsRunner);
    if (this.options.validationErrors === 'issues') tellValidationErrors(registration.pipesRunner);
    hideStreamTypes(registration.methods);
  }

  /**
   * Returns the clients that events reach: the connected ones, and those whose sessions wait here to be resumed.
   * @throws Error before `listen`
   */
  getReachableClients(): IterableIterator<Connection> {
    return this.listened().getReachableClients();
  }

  /** @internal Registers a handler. Nest calls it. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const { core, messageHandlers } = this;
    const origin = this.origins.next(extras, pattern);
    const definition = { pattern, handler: callback, isEvent: isEventHandler, extras, origin };
    const { handshake } = jstpExtrasOf(extras);
    if (handshake) this.routes.addHandshake(definition, handshake);
    else {
      const key = this.routes.add(definition, (taken) => messageHandlers.has(taken));
      if (key !== undefined) super.addHandler(key, callback, isEventHandler, extras);
    }
    if (!core?.listening) return;
    // The server runs already: it is checked and updated now, and not at the start.
    this.routes.assertSound();
    core.updateApplications(this.createApplications());
  }

  /** @internal Sets the hook that runs before a handler. Nest calls it. */
  override setOnProcessingStartHook(hook: StartHook): void {
    super.setOnProcessingStartHook(hook);
    this.hooks.start = (context, done) => hook(this.transportId, context, done);
  }

  /** @internal Sets the hook that runs after a handler. Nest calls it. */
  override setOnProcessingEndHook(hook: EndHook): void {
    super.setOnProcessingEndHook(hook);
    this.hooks.end = (context) => {
      hook(this.transportId, context);
    };
  }

  /** Prepares the guard, and lets events of other servers come; undefined where there is nothing to do. */
  private prepare(): Promise<unknown> | undefined {
    const { broadcaster } = this.options;
    const waits = [this.guard?.prepare(), this.reserved.prepare(), this.types?.ready];
    const waiting = waits.filter((wait) => wait !== undefined);
    const prepared = waiting.length > 0 ? Promise.all(waiting) : undefined;
    if (!broadcaster) return prepared;
    const attached = broadcaster.attach(this).then((detach) => {
      this.detach = detach;
    });
    return Promise.all([prepared, attached]);
  }

  /** Listens as soon as all is prepared. A failure of that goes to `tell`. */
  private listenAfter(
    prepared: Promise<unknown> | undefined,
    core: CoreServer,
    tell: (error?: unknown) => void,
  ): void {
    const { listen } = this.resolved.listening;
    if (!prepared) {
      core.listen(listen);
      return;
    }
    prepared.then(
      () => {
        if (core === this.running) {
          core.listen(listen);
          return;
        }
        this.detach();
        tell(closedTooSoon());
      },
      (error: unknown) => {
        this.stopped(core);
        tell(error);
      },
    );
  }

  private logAccess(core: CoreServer): void {
    const { accessLog = false } = this.options;
    this.stopAccessLog();
    if (accessLog === false) return;
    const reports = new MinuteLimit(MAX_LIMIT_WARNINGS_PER_MINUTE);
    const log = new AccessLog(core, accessLog, (error) => {
      if (reports.allows()) this.report(error);
    });
    this.stopAccessLog = observe(log);
  }

  private listened(): CoreServer {
    if (this.core) return this.core;
    throw new JstpError(
      'ERR_JSTP_NOT_LISTENING',
      'The JSTP server has not been started: call "listen" or "startAllMicroservices" first',
    );
  }

  /** Logs an error of the application; that of an answer that cannot be sent with the name of its handler. */
  private report(error: unknown): void {
    if (!(error instanceof UnsendableAnswer)) {
      this.logger.error(error);
      return;
    }
    const handler = this.routes.handlerOf(error.application, error.interfaceName, error.methodName);
    this.logger.error(handler === undefined ? error : `${handler}: ${error.message}`);
  }

  /** Notes that a core's server does not listen any more. Ignores one that was replaced by a later `listen`. */
  private stopped(core: CoreServer | undefined): void {
    if (core !== this.core) return;
    this.running = undefined;
    this.detach();
    this._status$.next('disconnected');
  }

  private createCore(createListener: ListenerFactory): CoreServer {
    this.routes.assertSound();
    const {
      application,
      allowAnonymous = false,
      authorizeResume = false,
      authPolicy,
      ...rest
    } = this.options;
    const applications = this.createApplications();
    const policy = new HandshakePolicy({
      routes: this.routes,
      guard: this.guard,
      policy: corePolicyOf(authPolicy),
      allowAnonymous,
      authorizeResume,
      report: (error) => {
        this.logger.error(error);
      },
    });
    const core = new CoreServer(
      {
        ...rest,
        heartbeatInterval:
          rest.heartbeatInterval === undefined ? DEFAULT_HEARTBEAT_MS : rest.heartbeatInterval,
        applications,
        authPolicy: policy,
        extensions: ALL_EXTENSIONS,
      },
      createListener,
      undefined,
      this.reserved.createDetails(),
    );
    core[SERVER_CONTROL].lastResort = {
      reportError: (error) => {
        this.logger.error(error);
      },
    };
    this.connectionLog.watch(core);
    for (const [name, listener] of this.eventListeners) core.on(name, listener as never);
    return core;
  }

  /** @internal What the explorer's page is told. */
  get explored(): Explored {
    return exploredOf(this.options, this.routes, this.places, this.core?.address());
  }

  /** Makes the applications: those of the core, and those of the handlers; the default one where there are none. */
  private createApplications(): App[] {
    const { routes, runner } = this;
    const given = [...new Set(flatten(this.options.applications ?? []))];
    if (given.length === 0 && routes.applications.next().done) routes.getOrCreate(this.resolved.application);
    const decorated = [...routes.applications].map((own) => {
      const core = given.find(({ name, version }) => name === own.name && version === own.version);
      return new NestApplication(own, runner, core);
    });
    const all = [...given.filter(({ name, version }) => !routes.find(name, version)), ...decorated];
    return this.reserved.besides(all);
  }

  private logAddresses(core: CoreServer, places: readonly ListeningPlace[]): void {
    // A user's listener of 'listening' may have closed the server already.
    if (core !== this.running) return;
    this.stopLogging = logAddresses(places, core.address(), (text) => {
      this.logger.log(text);
    });
  }

  private logApplications(): void {
    for (const application of this.routes.applications) {
      this.logger.log(`Application ${application.full}: ${application.describe()}`);
    }
  }

  /** @internal Returns what `JSON.stringify` shows: no options. */
  toJSON(): object {
    return { application: this.resolved.application, listening: this.running?.listening ?? false };
  }

  /** @internal Returns what Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('JstpServer', this, options, inspect);
  }
}

/** Stands for handlers that are never called. */
function nothing(): Promise<undefined> {
  return Promise.resolve(undefined);
}

function closedTooSoon(): Error {
  return new Error('The JSTP server was closed before it listened');
}
