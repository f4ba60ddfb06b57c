import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { defer, from, Observable, ReplaySubject, throwError, type Subscriber } from 'rxjs';
import type { ApplicationLike } from '../../application/application.js';
import type {
  ContractApi,
  ContractEvent,
  ContractExposed,
  InterfaceOf,
  MethodOf,
  EmitOf,
  UncheckedName,
} from '../../application/contract.js';
import type { JstpStream } from '../../connection/calls/jstp-stream.js';
import type { Connection } from '../../connection/connection.js';
import { parseAppSpecifier } from '../../connection/handshake/client-handshake.js';
import { listMethods } from '../../connection/client-control.js';
import { ERR_SESSION_TAKEN } from '../../protocol/error-codes.js';
import { isBeyondLimit } from '../../protocol/message-size.js';
import { ExtendedTypes } from '../types/extended-types.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ignore } from '../../util/callback.js';
import { EventEmitter, SAFE_EMIT, type ErrorReporter } from '../../util/event-emitter.js';
import { ClientApplication } from '../../connection/keeper/client-application.js';
import { BesideProviders, type ProvidedApplication } from './beside-providers.js';
import type { JstpClientEventArguments, JstpClientEvents, JstpClientStatus } from './client-events.js';
import { InterceptorChain, type InterceptorClassResolver } from './client-interceptors.js';
import { CallRules } from './call-rules.js';
import { ClientMeter } from './client-meter.js';
import type { ClientMetrics } from './client-metrics.js';
import { ConnectionKeeper, type ConnectionObserver } from '../../connection/keeper/connection-keeper.js';
import { resolveClientOptions, type JstpClientOptions } from './client-options.js';
import { lostAnswer } from '../../connection/keeper/answers.js';
import { dataOf, keepErrors, sentBy } from './call-data.js';
import { ClientPackets, type Conversions } from './client-packets.js';
import { StreamFlow } from './stream-flow.js';
import type { ExposedApi } from '../../application/exposed-methods.js';
import { NEST_OUTCOMES } from './nest-outcomes.js';
import type {
  BarePattern,
  ContractArguments,
  ContractData,
  ContractOutcome,
  ContractPattern,
  ContractResult,
  UncheckedPattern,
} from '../contract/client-contract.js';
import { createRemoteApi, type RemoteApi, type RemoteStreams } from './client-remote-api.js';
import { isNetworkError } from '../../connection/keeper/connection-trouble.js';
import { LimitedSend } from './limited-send.js';
import type { Teardown } from './sent-call.js';
import { JstpArgs } from '../jstp-args.js';
import { JstpRecord, type Attempt, type Flow, type JstpRecordOptions } from '../jstp-record.js';
import { PrintableLogger } from '../printable-logger.js';
import { INSPECT, inspectAsJson, type Inspect } from '../../util/inspect.js';

/** What only Nest 12 has of `ClientProxy`. */
interface PacketMaker {
  readonly createPacket?: (pattern: unknown, data: unknown) => ReadPacket;
}

/**
 * Calls a JSTP application from Nest: `send` and `emit` as with every Nest transport, and what JSTP has
 * besides: several arguments, typed proxies, introspection, the server's events, methods that the server
 * may call.
 *
 * It connects when it is first needed, comes back by itself when the connection is cut, and resumes its session then. For
 * `resumeTimeoutMs` from the cut on it behaves as if it were connected: calls under way wait for the server,
 * and so does what `send` and `emit` are given. Then, at `close()`, and when the session is gone, calls fail with a
 * RemoteError of the code -1 (`ERR_CALLBACK_LOST`), and `send` and `emit` make an attempt at once and fail with its
 * error, as `connect` always does.
 *
 * @example ClientsModule.register([{ name: 'CHAT', customClass: JstpClient, options: { app: 'chat@^1.0.0', port: 3000 } }])
 */
export class JstpClient<out Contract = unknown> extends ClientProxy<JstpClientEvents, string> {
  private readonly logger = new PrintableLogger(JstpClient.name);
  /** Told what a listener throws. */
  private readonly reporter: ErrorReporter = {
    reportError: (error) => {
      this.logger.error(error);
    },
  };
  private readonly emitter = new EventEmitter<JstpClientEventArguments>();
  private readonly application = new ClientApplication(NEST_OUTCOMES);
  /** What the user exposes, for providers that are served beside it. */
  private exposed: ApplicationLike<Connection> | ExposedApi | undefined;
  /** Undefined: no provider serves the server. */
  private beside: BesideProviders | undefined;
  private provided: ProvidedApplication | undefined;
  private unsubscribe: (() => void)[] = [];
  private readonly keeper: ConnectionKeeper;
  private readonly packets: ClientPackets;
  private readonly rules: CallRules;
  /** Undefined: nobody has asked for metrics. */
  private readonly meter: ClientMeter | undefined;
  private readonly chain: InterceptorChain | undefined;
  /** Undefined: messages carry what they carry by themselves. */
  private readonly types: ExtendedTypes | undefined;

  /**
   * Only checks and keeps the options.
   * @throws {ConfigurationError} for an unknown option or a value that is not allowed
   */
  constructor(options?: JstpClientOptions);
  /** @internal As JstpClientModule makes it, which resolves the classes of interceptors. */
  constructor(options: JstpClientOptions, resolveInterceptor: InterceptorClassResolver);
  constructor(options: JstpClientOptions = {}, resolveInterceptor?: InterceptorClassResolver) {
    super();
    const resolved = resolveClientOptions(options);
    const { interceptors = [] } = options;
    if (interceptors.length > 0)
      this.chain = new InterceptorChain(
        interceptors,
        (pattern) => this.normalizePattern(pattern),
        resolveInterceptor,
      );
    if (resolved.metrics) this.meter = new ClientMeter(parseAppSpecifier(resolved.app).name);
    if (resolved.application) (this as JstpClient).expose(resolved.application);
    if (options.types === 'extended') this.types = new ExtendedTypes(resolved.limits);
    const { serializer = this.types?.clientSerializer, deserializer = this.types?.clientDeserializer } =
      options;
    this.initializeSerializer({ serializer });
    this.initializeDeserializer({ deserializer });
    this.rules = new CallRules(resolved.rules, (pattern) => this.normalizePattern(pattern));
    const observer = this.createObserverOf(resolved.address.shown);
    this.keeper = new ConnectionKeeper(resolved, this.application, observer, this.meter?.calls);
    this.packets = new ClientPackets(
      this.keeper,
      (pattern) => this.normalizePattern(pattern),
      this.conversionsBeside({ serializer, deserializer }),
    );
  }

  /** 'connected' while there is a connection that can be used; nothing before the first attempt. */
  override get status(): Observable<JstpClientStatus> {
    return super.status as Observable<JstpClientStatus>;
  }

  /** Registers a listener of one of the client's events, for all of its connections. */
  override on<
    EventKey extends keyof JstpClientEvents = keyof JstpClientEvents,
    EventCallback extends JstpClientEvents[EventKey] = JstpClientEvents[EventKey],
  >(event: EventKey, callback: EventCallback): void {
    this.emitter.on(event, callback);
  }

  /**
   * Connects and logs in, or comes back at once where the connection is cut. Called by everything that needs a
   * connection; after 'sessionTaken' the client waits for the user to call it.
   * @returns a Promise of the core's connection, the same one until the attempt fails or the connection is lost
   */
  connect(): Promise<Connection<Contract>> {
    const connected = this.untilReady?.then(() => this.keeper.connect()) ?? this.keeper.connect();
    return connected as Promise<Connection<Contract>>;
  }

  /**
   * Ends the connection and its session; the next use makes new ones. Calls and streams under way get
   * `limits.drainTimeoutMs` to end, and then fail with -1. May be called at any time, and again.
   * @returns resolves when the connection is closed
   */
  close(_signal?: string): Promise<void> {
    return this.keeper.close();
  }

  /**
   * The core's connection.
   * @throws Error while there is none
   */
  unwrap<T = Connection<Contract>>(): T {
    const { connection } = this.keeper;
    if (!connection) throw new Error('Not initialized. Please call the "connect" method first.');
    return connection as T;
  }

  /**
   * Calls a method. Nothing happens until somebody subscribes, and each subscription is a call of its own;
   * unsubscribing before the end cancels it.
   * @param pattern `'interface.method'`, `{ interface, method }` or any pattern of a Nest handler
   * @param data the argument; {@link JstpArgs} for several; a {@link JstpRecord} with more about this one message
   */
  override send<
    TResult = unknown,
    TInput = unknown,
    Pattern extends ContractPattern<Contract, 'methods'> = UncheckedPattern<Contract>,
  >(
    pattern: Pattern,
    data: ContractData<Contract, 'methods', Pattern, TInput>,
  ): Observable<ContractOutcome<Contract, Pattern, TResult>>;
  /** Calls a method without arguments. */
  override send<
    TResult = unknown,
    Pattern extends BarePattern<Contract, 'methods'> = UncheckedPattern<Contract>,
  >(pattern: Pattern): Observable<ContractOutcome<Contract, Pattern, TResult>>;
  override send(pattern: unknown, data?: unknown): Observable<never> {
    if (pattern == null || data == null) {
      if (pattern != null && arguments.length === 1)
        return (this as JstpClient).send<never>(pattern, JstpArgs.of());
      // Nest's own error for them is not exported.
      return super.send(pattern, data);
    }
    if (!this.chain) return this.sendPlain(pattern, data);
    const sent = this.chain.run('call', pattern, data, (...next) => this.sendPlain(...next));
    return sent as Observable<never>;
  }

  /** Sends a call behind the interceptors, within its limits. */
  private sendPlain<TResult>(pattern: unknown, data: unknown, flow?: Flow): Observable<TResult> {
    const { rules } = this;
    if (!rules.areAny && !(data instanceof JstpRecord)) return this.sendOnce(pattern, data, undefined, flow);
    return new Observable<TResult>((subscriber) => {
      const rule = rules.of(pattern, data);
      if (!rule) return this.sendOnce<TResult>(pattern, data, undefined, flow).subscribe(subscriber);
      const call = new LimitedSend<TResult>(rule, subscriber, (attempt) =>
        this.sendOnce(pattern, data, attempt, flow),
      );
      return () => {
        call.stop();
      };
    });
  }

  private sendOnce<TResult>(
    pattern: unknown,
    data: unknown,
    attempt?: Attempt,
    flow?: Flow,
  ): Observable<TResult> {
    return new Observable<TResult>((subscriber) => {
      const given = flow ? sentBy(attempt, data, flow) : data;
      return this.subscribeTo(subscriber, pattern, given, attempt);
    });
  }

  /** Sends a call for its subscriber. @returns cancels it */
  private subscribeTo<TResult>(
    subscriber: Subscriber<TResult>,
    pattern: unknown,
    data: unknown,
    attempt: Attempt | undefined,
  ): Teardown {
    // Why apart: what waits, or has an attempt, needs closures that would cost each call.
    if (attempt || !this.keeper.carrier) return this.sendWhenConnected(subscriber, pattern, data, attempt);
    return this.publish(this.packetOf(pattern, data), this.createObserver(subscriber));
  }

  private sendWhenConnected<TResult>(
    subscriber: Subscriber<TResult>,
    pattern: unknown,
    data: unknown,
    attempt: Attempt | undefined,
  ): Teardown {
    let teardown: Teardown = ignore;
    const start = (): void => {
      const packet = this.packetOf(pattern, attempt ? sentBy(attempt, data) : data);
      teardown = this.publish(packet, this.createObserver(subscriber));
    };
    if (this.keeper.carrier) start();
    else {
      keepErrors(data);
      this.ensureConnected()
        .then(() => {
          if (!subscriber.closed) start();
        })
        .catch((error: unknown) => {
          subscriber.error(error);
        });
    }
    return () => {
      teardown(attempt?.reason);
    };
  }

  /**
   * Sends an event, at once, whether somebody subscribes or not.
   * @param pattern `'interface.event'`, `{ interface, event }` or any pattern of a Nest handler
   * @param data the argument; {@link JstpArgs} for several; a {@link JstpRecord} with more about this one message
   * @returns completes when the event is on its way, or fails with what keeps it
   */
  override emit<
    TResult = unknown,
    TInput = unknown,
    Pattern extends ContractPattern<Contract, 'events'> = UncheckedPattern<Contract>,
  >(pattern: Pattern, data: ContractData<Contract, 'events', Pattern, TInput>): Observable<TResult>;
  /** Sends an event without arguments. */
  override emit<
    TResult = unknown,
    Pattern extends BarePattern<Contract, 'events'> = UncheckedPattern<Contract>,
  >(pattern: Pattern): Observable<TResult>;
  override emit(pattern: unknown, data?: unknown): Observable<never> {
    if (pattern == null || data == null) {
      if (pattern != null && arguments.length === 1)
        return (this as JstpClient).emit<never>(pattern, JstpArgs.of());
      return super.emit(pattern, data);
    }
    if (!this.chain) return this.emitPlain(pattern, data);
    const sent = new ReplaySubject<unknown>();
    this.chain.run('event', pattern, data, (...next) => defer(() => this.emitPlain(...next))).subscribe(sent);
    return sent.asObservable() as Observable<never>;
  }

  private emitPlain<TResult>(pattern: unknown, data: unknown): Observable<TResult> {
    const start = (): Promise<TResult> => this.dispatchEvent<TResult>(this.packetOf(pattern, data));
    try {
      const sent = this.keeper.carrier ? start() : this.ensureConnected().then(start);
      sent.catch(ignore);
      return from(sent);
    } catch (error) {
      return throwError(() => error);
    }
  }

  /**
   * Calls a method with any number of arguments; a {@link JstpRecord} stands in the place of all.
   * @returns the result, the array of several, or the last value of a stream
   */
  call<Interface extends InterfaceOf<Contract>, Method extends MethodOf<Contract, Interface>>(
    interfaceName: Interface,
    method: Method,
    ...args: ContractArguments<Contract, Interface, 'methods', Method>
  ): Promise<ContractResult<Contract, Interface, 'methods', Method>>;
  call(interfaceName: string, method: string, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let last: unknown;
      const pattern = { interface: interfaceName, method };
      (this as JstpClient).send(pattern, dataOf(args)).subscribe({
        next: (value) => {
          last = value;
        },
        error: reject,
        complete: () => {
          resolve(last);
        },
      });
    });
  }

  /**
   * Calls a method that answers with many values, at once. They are read one by one, and the server sends no more than is
   * read: a loop that waits holds it back, and one that is left cancels the call. A method that does not stream brings its
   * one result.
   * @param args any number of arguments, some of which may be streams: the call streams both ways then. A
   * {@link JstpRecord} stands in the place of all
   * @example for await (const line of client.stream('log', 'follow', 'app')) console.log(line);
   */
  stream<
    T = unknown,
    Interface extends InterfaceOf<Contract> = UncheckedName<Contract>,
    Method extends MethodOf<Contract, Interface> = UncheckedName<Contract>,
  >(
    interfaceName: Interface,
    method: Method,
    ...args: ContractArguments<Contract, Interface, 'methods', Method>
  ): JstpStream<ContractResult<Contract, Interface, 'methods', Method, T>>;
  stream<T>(interfaceName: string, method: string, ...args: unknown[]): JstpStream<T> {
    const data = dataOf(args);
    const pattern = { interface: interfaceName, method };
    const flow = new StreamFlow<T>();
    const values = this.chain
      ? this.chain.run('call', pattern, data, (...given) => this.sendPlain(...given, flow))
      : this.sendPlain(pattern, data, flow);
    return flow.start(values as Observable<T>);
  }

  /**
   * A remote interface whose methods stream: `streams<Log>('log').follow('app')` does what {@link stream} does.
   * @param options what is said about each of its calls. @default nothing
   */
  streams<RemoteInterface = unknown, Name extends InterfaceOf<Contract> = UncheckedName<Contract>>(
    interfaceName: Name,
    options?: JstpRecordOptions,
  ): RemoteStreams<ContractApi<Contract, Name, RemoteInterface>>;
  streams(interfaceName: string, options?: JstpRecordOptions): object {
    const client = this as JstpClient;
    return createRemoteApi((method, args) =>
      options
        ? client.stream(interfaceName, method, new JstpRecord(JstpArgs.of(...args), options))
        : client.stream(interfaceName, method, ...args),
    );
  }

  /**
   * A remote interface as an object with a function for each method: `proxy<Rooms>('rooms').join('lobby')`.
   * Nothing is asked of the server before a method is called. `then` and the names of Nest's lifecycle hooks
   * are no methods of it: use {@link call} for those.
   * @param options what is said about each of its calls. @default nothing
   */
  proxy<RemoteInterface = unknown, Name extends InterfaceOf<Contract> = UncheckedName<Contract>>(
    interfaceName: Name,
    options?: JstpRecordOptions,
  ): RemoteApi<ContractApi<Contract, Name, RemoteInterface>>;
  proxy(interfaceName: string, options?: JstpRecordOptions): object {
    const client = this as JstpClient;
    return createRemoteApi((method, args) =>
      options
        ? client.call(interfaceName, method, new JstpRecord(JstpArgs.of(...args), options))
        : client.call(interfaceName, method, ...args),
    );
  }

  /** The names of an interface's methods. Fails with the RemoteError 12 for an unknown interface. */
  async inspect(interfaceName: string): Promise<string[]> {
    const connection = this.keeper.carrier ?? (await this.ensureConnected());
    return new Promise((resolve, reject) => {
      listMethods(connection, interfaceName, (error, methods = []) => {
        if (!error) resolve(methods);
        else if (error instanceof Error) reject(error);
        // The core's only error that is none.
        else reject(lostAnswer(interfaceName));
      });
    });
  }

  /**
   * An event of the server: its argument, the array of several, undefined of none. Connects when somebody
   * subscribes, and lasts until it is unsubscribed: while the server is not there, or refuses, it waits, and the client
   * dials in the background. What keeps it from connecting is told by the event 'error' and by {@link status}. After
   * {@link close}, and after 'sessionTaken', it waits for the client's next use. Without `reconnect` one attempt is made.
   */
  fromEvent<
    T = unknown,
    Interface extends InterfaceOf<Contract> = UncheckedName<Contract>,
    Event extends EmitOf<Contract, Interface> = UncheckedName<Contract>,
  >(interfaceName: Interface, event: Event): Observable<ContractEvent<Contract, Interface, Event, T>>;
  fromEvent(interfaceName: string, event: string): Observable<unknown> {
    return new Observable((subscriber) =>
      this.application.subscribe(interfaceName, event, this.keeper, (value) => {
        subscriber.next(value);
      }),
    );
  }

  /** Whether the client was made with the option `metrics`. */
  get countsMetrics(): boolean {
    return this.meter !== undefined;
  }

  /**
   * Returns what the client has counted: calls and events by name and outcome, connections, bytes... Plain data, safe for
   * `JSON.stringify`.
   * @throws Error without the option `metrics`
   */
  getMetrics(): ClientMetrics {
    if (!this.meter) throw new Error('Nothing is counted: the client was made without the option metrics');
    const { holder, connection } = this.keeper;
    return this.meter.read(holder, connection !== undefined);
  }

  /**
   * Says what the server may call on this side, from now on, in the place of what was exposed before.
   * @param application functions, `{ iface: { method: (...args) => value } }`, which return a value or a Promise of
   * it ({@link JstpArgs}: of several) and are called with what the server has given, however much that is; or an
   * Application of the core, whose methods are `(connection, ...args, callback)`. What a function throws is 16 to the
   * server and this client's 'error', but a RemoteError or an RpcException is sent.
   * @throws ConfigurationError for what is neither, and for functions that are in no interface
   * @example client.expose({ screen: { size: () => [80, 25] } })
   */
  expose<Exposed = ApplicationLike<Connection> | ContractExposed<Contract>>(
    application: NoInfer<Exposed>,
  ): void;
  expose(application: object): void {
    const exposed = application as ApplicationLike<Connection> | ExposedApi;
    (this.beside ?? this.application).expose(exposed);
    this.exposed = exposed;
  }

  /** @internal Serves methods of providers, beside what is exposed; for JstpClientModule. */
  provide(provided: ProvidedApplication): void {
    const reportError = this.report.bind(this);
    this.beside = new BesideProviders(provided, this.exposed, { reportError });
    this.application.expose(this.beside);
    this.provided = provided;
  }

  /** @internal Begins or ends to hand events to methods of providers; for JstpClientModule. */
  listen(isListening: boolean): void {
    const { provided, application, keeper } = this;
    if (!provided) return;
    provided.isListening = isListening;
    for (const unsubscribe of this.unsubscribe.splice(0)) unsubscribe();
    if (!isListening) return;
    // The methods get each event with its connection and metadata; this keeps the client connected for them.
    for (const [interfaceName, event] of provided.subscribed)
      this.unsubscribe.push(application.subscribe(interfaceName, event, keeper, ignore));
  }

  /** @internal Reports an error that no caller gets; for JstpClientModule. */
  report(error: unknown): void {
    this.reportError(error);
  }

  protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): Teardown {
    return this.packets.call(packet, callback);
  }

  protected override dispatchEvent<T = unknown>(packet: ReadPacket): Promise<T> {
    return this.packets.emit(packet) as Promise<T>;
  }

  /** Observes the connection. @param address that of the server, for the log */
  private createObserverOf(address: string): ConnectionObserver {
    return {
      setStatus: (status) => {
        this._status$.next(status);
      },
      emit: (name, ...args) => {
        this.tell(name, args);
      },
      reportError: (error) => {
        this.reportError(error);
      },
      attemptFailed: (error, isWorthWarning) => {
        const text = `Cannot connect to ${address}: ${textOf(error)}; trying again`;
        if (this.tell('error', [error]) || !isWorthWarning) this.logger.debug(text);
        else this.logger.warn(text);
      },
      debug: (text) => {
        this.logger.debug(text);
      },
      warn: (text) => {
        this.logger.warn(text);
      },
    };
  }

  /** Tells which conversions are in force, beside Nest's own that change nothing; read at each use: they can be set. */
  private conversionsBeside(
    options: Pick<JstpClientOptions, 'serializer' | 'deserializer'>,
  ): () => Conversions | undefined {
    const plainSerializer = options.serializer ? undefined : this.serializer;
    const plainDeserializer = options.deserializer ? undefined : this.deserializer;
    return () => {
      const { serializer, deserializer } = this;
      if (serializer === plainSerializer && deserializer === plainDeserializer) return undefined;
      return {
        serializer: serializer === plainSerializer ? undefined : serializer,
        deserializer: deserializer === plainDeserializer ? undefined : deserializer,
      };
    };
  }

  /** The packet of Nest 12, whose dispatch hook may attach metadata, or that of Nest 11. */
  private packetOf(pattern: unknown, data: unknown): ReadPacket {
    const maker = this as unknown as PacketMaker;
    return maker.createPacket ? maker.createPacket(pattern, data) : { pattern, data };
  }

  /** Waits for the package of the types; undefined: nothing has to be waited for. */
  private get untilReady(): Promise<void> | undefined {
    return this.types?.isReady === false ? this.types.ready : undefined;
  }

  private ensureConnected(): Promise<Connection> {
    if (this.keeper.isTaken) return Promise.reject(new RemoteError(ERR_SESSION_TAKEN));
    return this.untilReady?.then(() => this.keeper.next()) ?? this.keeper.next();
  }

  /** An error that no caller gets: of the connection, or of what the application has exposed. */
  private reportError(error: unknown): void {
    if (this.tell('error', [error])) return;
    // A connection that breaks is everyday life; its loss and its return are logged by themselves.
    if (isBeyondLimit(error)) this.logger.warn(error);
    else if (isNetworkError(error)) this.logger.debug(textOf(error));
    else this.logger.error(error);
  }

  private tell<Name extends keyof JstpClientEventArguments>(
    name: Name,
    args: JstpClientEventArguments[Name],
  ): boolean {
    this.meter?.note(name, args);
    return this.emitter[SAFE_EMIT](name, args, this.reporter);
  }

  /** @internal What `JSON.stringify` shows: no options. */
  toJSON(): object {
    return { connection: this.keeper.connection?.toJSON() };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('JstpClient', this, options, inspect);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
