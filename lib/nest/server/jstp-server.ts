import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SecureContextOptions } from 'node:tls';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import type { ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import { UnsendableAnswer } from '../../connection/calls/unsendable-answer.js';
import { ALL_EXTENSIONS } from '../../connection/extensions.js';
import type { ListenerFactory } from '../../server/listener.js';
import type { ServerEvents } from '../../server/server-events.js';
import { Server as CoreServer } from '../../server/server.js';
import { SERVER_CONTROL } from '../../server/control.js';
import { onServerClose } from '../../transport/on-server-close.js';
import { isTooLarge } from '../../protocol/message-size.js';
import { toSafeString } from '../../protocol/safe-string.js';
import { ignore } from '../../util/callback.js';
import { isNetworkError } from '../connection-trouble.js';
import { DEFAULT_HEARTBEAT_MS, JSTP } from '../constants.js';
import { PrintableLogger } from '../printable-logger.js';
import { guardOf, type GuardClassResolver, type GuardSource } from './guard-source.js';
import { jstpExtrasOf } from '../decorators/handler-extras.js';
import { interceptIterables } from '../handling/intercept-iterables.js';
import { followHandshakes } from '../handling/follow-handshakes.js';
import { HandlerRunner, type ProcessingHooks } from '../handling/handler-runner.js';
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
import { watchRegistrations, type Registration } from './registration.js';
import { renewCertificates } from './renew-certificates.js';
import { RefusalLog } from './refusal-log.js';
import { Seldom } from './seldom.js';
import { RouteTable } from './route-table.js';
import { INSPECT, inspectAsJson, type Inspect } from '../../util/inspect.js';

const MAX_SIZE_WARNINGS_A_MINUTE = 10;

/** What a server is: it listens, or it does not. */
export type JstpServerStatus = 'connected' | 'disconnected';

/** The events of a JstpServer: those of the core's server, as `on` takes them. */
export type JstpServerEvents = {
  [Name in keyof ServerEvents]: (...args: ServerEvents[Name]) => void;
};

type EventName = keyof JstpServerEvents;
type App = ApplicationLike<Connection>;
type StartHook = Parameters<Server['setOnProcessingStartHook']>[0];
type EndHook = Parameters<Server['setOnProcessingEndHook']>[0];

/**
 * Nest's strategy for JSTP: serves the application's handlers as JSTP applications.
 *
 * @example
 * const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
 *   strategy: new JstpServer({ host: '127.0.0.1', port: 3000 }),
 * });
 */
export class JstpServer
  extends Server<JstpServerEvents, JstpServerStatus>
  implements CustomTransportStrategy
{
  /** {@link JSTP}, for handlers that are meant for this transport only. */
  override readonly transportId: symbol = JSTP;
  protected override readonly logger = new PrintableLogger('JstpServer');
  private readonly resolved: ResolvedJstpServerOptions;
  private readonly routes: RouteTable;
  private readonly origins = new HandlerOrigins();
  private readonly runner: HandlerRunner;
  private readonly hooks: ProcessingHooks = { start: undefined, end: undefined };
  private readonly guard: GuardSource | undefined;
  private readonly eventListeners: [name: EventName, listener: (...args: never[]) => void][] = [];
  private readonly sizeWarnings = new Seldom(MAX_SIZE_WARNINGS_A_MINUTE);
  private core: CoreServer | undefined;
  private readonly refusals = new RefusalLog(this.logger);
  private unwatchShared: () => void = ignore;
  /** Waits no longer for a shared server, to log its address. */
  private stopLogging: () => void = ignore;
  /** The core while it listens, or is about to. */
  private running: CoreServer | undefined;

  /**
   * @param options where to listen, what to serve, whom to let in
   * @param resolveGuardClass makes a guard of its class; JstpModule gives it
   * @throws ConfigurationError naming the option, what was given and what is allowed
   */
  constructor(
    private readonly options: JstpServerOptions = {},
    resolveGuardClass?: GuardClassResolver,
  ) {
    super();
    watchRegistrations((strategy) => strategy instanceof JstpServer);
    this.resolved = resolveJstpServerOptions(options);
    this.guard = guardOf(options.authPolicy, resolveGuardClass);
    const { serializer, deserializer } = options;
    this.initializeSerializer({ serializer });
    this.initializeDeserializer({ deserializer });
    this.routes = new RouteTable(this.resolved.application, (pattern) => this.normalizePattern(pattern));
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
   * Starts to listen.
   * @param callback called once: without an argument when the server listens, with the error when it cannot
   * (a port in use, two handlers of one method...)
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
      // A hybrid application closes its server of HTTP before its microservices.
      this.unwatchShared = onServerClose(shared, () => void this.close());
      this.listenAfter(this.guard?.prepare(), core, tell);
    } catch (error) {
      this.stopped(this.core);
      tell(error);
    }
  }

  /**
   * Accepts nobody any more and ends all connections; sessions in a store that others share are handed over first.
   * Resolves when all is gone; does nothing before `listen`.
   */
  override async close(): Promise<void> {
    const { core } = this;
    this.unwatchShared();
    this.stopLogging();
    if (!core) return;
    this.running = undefined;
    const closed = new Promise<void>((resolve) => {
      core.close(() => {
        resolve();
      });
    });
    // Not to be waited for without need: what arrives meanwhile would be handled.
    if (core[SERVER_CONTROL].isDrainable) await core.drain();
    core.closeConnections();
    await closed;
    this.refusals.stop();
    // Node tells the server's end before the sockets'.
    await nextTurn();
  }

  /** Adds a listener of one of the server's events, before or after `listen`; it stays for later ones. */
  override on<
    Name extends EventName = EventName,
    Listener extends JstpServerEvents[Name] = JstpServerEvents[Name],
  >(event: Name, callback: Listener): this {
    this.eventListeners.push([event, callback]);
    this.core?.on(event, callback);
    return this;
  }

  /**
   * The server of the core; its `getRawServer()` is Node's.
   * @throws Error before `listen`
   */
  override unwrap<T = CoreServer>(): T {
    return this.listened() as T;
  }

  /**
   * Renews the certificates: clients that connect from now on get the new ones, the others stay.
   * @param options as for Node's `tls.createSecureContext`: `key`, `cert`, `ca`...
   * @throws Error before `listen`, and where nothing listens on TLS; what Node says of a bad certificate
   */
  setSecureContext(options: SecureContextOptions): void {
    renewCertificates(this.listened().getRawServer(), options);
  }

  /**
   * Sends an event to all clients, of all applications; those whose sessions wait for their resume get it then.
   * @throws Error before `listen`
   */
  broadcast(interfaceName: string, event: string, ...args: unknown[]): void {
    this.listened().broadcast(interfaceName, event, ...args);
  }

  /**
   * The connected clients.
   * @throws Error before `listen`
   */
  getClients(): IterableIterator<Connection> {
    return this.listened().getClients();
  }

  /** @internal Runs before Nest makes the handlers of an application. */
  beforeRegistration(registration: Registration): void {
    this.origins.add(registration.methods);
    followHandshakes(registration);
    // Last, so that it is the innermost.
    interceptIterables(registration);
  }

  /**
   * The clients that events reach: the connected ones, and those whose sessions wait here for their resume.
   * @throws Error before `listen`
   */
  getReachableClients(): IterableIterator<Connection> {
    return this.listened().getReachableClients();
  }

  /** @internal Nest's: registers a handler. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const { core, messageHandlers } = this;
    const origin = this.origins.take(extras, pattern);
    const definition = { pattern, handler: callback, isEvent: isEventHandler, extras, origin };
    const { handshake } = jstpExtrasOf(extras);
    if (handshake) this.routes.addHandshake(definition, handshake);
    else {
      const key = this.routes.add(definition, (taken) => messageHandlers.has(taken));
      if (key !== undefined) super.addHandler(key, callback, isEventHandler, extras);
    }
    if (!core?.listening) return;
    // Too late for an error at start.
    this.routes.assertSound();
    core.updateApplications(this.createApplications());
  }

  /** @internal Nest's. */
  override setOnProcessingStartHook(hook: StartHook): void {
    super.setOnProcessingStartHook(hook);
    this.hooks.start = (context, done) => hook(this.transportId, context, done);
  }

  /** @internal Nest's. */
  override setOnProcessingEndHook(hook: EndHook): void {
    super.setOnProcessingEndHook(hook);
    this.hooks.end = (context) => {
      hook(this.transportId, context);
    };
  }

  /** Listens as soon as what it needs is there; where that fails, it does not. */
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
        if (core === this.running) core.listen(listen);
        else tell(closedTooSoon());
      },
      (error: unknown) => {
        this.stopped(core);
        tell(error);
      },
    );
  }

  private listened(): CoreServer {
    if (this.core) return this.core;
    throw new Error('The JSTP server has not been started: call "listen" or "startAllMicroservices" first');
  }

  /** An error of the application, for the log; of an answer that cannot be sent with its handler. */
  private report(error: unknown): void {
    if (!(error instanceof UnsendableAnswer)) {
      this.logger.error(error);
      return;
    }
    const handler = this.routes.handlerOf(error.application, error.interfaceName, error.methodName);
    this.logger.error(handler === undefined ? error : `${handler}: ${error.message}`);
  }

  /** A core listens no more; if it is not the present one, that is of no importance. */
  private stopped(core: CoreServer | undefined): void {
    if (core !== this.core) return;
    this.running = undefined;
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
    );
    core[SERVER_CONTROL].lastResort = {
      reportError: (error) => {
        this.logger.error(error);
      },
    };
    core.on('connectionError', (error, { remoteAddress }) => {
      if (isTooLarge(error) && this.sizeWarnings.allows()) this.logger.warn(error);
      else if (isNetworkError(error))
        this.logger.debug(`${remoteAddress ?? 'a local peer'}: ${toSafeString(error)}`);
      else this.report(error);
    });
    core.on('storageError', (error) => {
      this.logger.error(error);
    });
    core.on('handshakeRefused', (connection, refusal) => {
      this.refusals.add(connection, refusal);
    });
    for (const [name, listener] of this.eventListeners) core.on(name, listener as never);
    return core;
  }

  /** The core applications, and those of the handlers; the default one also where there is no other. */
  private createApplications(): App[] {
    const { routes, runner } = this;
    const given = [...new Set(flatten(this.options.applications ?? []))];
    if (given.length === 0 && routes.applications.next().done) routes.open(this.resolved.application);
    const decorated = [...routes.applications].map((own) => {
      const core = given.find(({ name, version }) => name === own.name && version === own.version);
      return new NestApplication(own, runner, core);
    });
    return [...given.filter(({ name, version }) => !routes.find(name, version)), ...decorated];
  }

  private logAddresses(core: CoreServer, places: readonly ListeningPlace[]): void {
    // A listener of the user's may have closed it already.
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

  /** @internal What `JSON.stringify` shows: no options. */
  toJSON(): object {
    return { application: this.resolved.application, listening: this.running?.listening ?? false };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('JstpServer', this, options, inspect);
  }
}

function closedTooSoon(): Error {
  return new Error('The JSTP server was closed before it listened');
}

function* flatten(applications: NonNullable<JstpServerOptions['applications']>): Generator<App> {
  if (!(applications instanceof Map)) yield* applications as readonly App[];
  else for (const versions of applications.values()) yield* versions.values();
}
