import type { ApplicationLike } from '../application/application.js';
import type {
  ContractApi,
  ContractEvent,
  ContractExposed,
  InterfaceOf,
  MethodOf,
  EventOf,
  EmitOf,
  GivenArguments,
  GottenResult,
  UncheckedName,
} from '../application/contract.js';
import type { ExposedApi } from '../application/exposed-methods.js';
import { JstpStream } from '../connection/calls/jstp-stream.js';
import type { StreamOptions } from '../connection/calls/open-stream.js';
import { ValueQueue } from '../connection/calls/value-queue.js';
import type { Connection } from '../connection/connection.js';
import { ClientApplication } from '../connection/keeper/client-application.js';
import type { KeptAddress } from '../connection/keeper/keeper-options.js';
import { ERR_JOURNAL_FULL } from '../protocol/error-codes.js';
import { check, isInteger } from '../protocol/option-checks.js';
import { RemoteError } from '../protocol/remote-error.js';
import { ignore, isThenable, promisify, unwrapResults, type Callback } from '../util/callback.js';
import { EventEmitter, reportRejection, type ListenerOf } from '../util/event-emitter.js';
import { PageCall, type CallOutcome } from './page-call.js';
import { PageConnection } from './page-connection.js';
import type { PageClientEvents, PageClientStatus } from './page-events.js';
import type { ResolvedPageOptions } from './page-options.js';
import { createRemoteInterface, type RemoteInterface } from './remote-interface.js';
import type { Waiting } from './waiting-room.js';

/** What is said about a call besides its arguments. */
export type PageCallOptions = StreamOptions;

/** How events are kept for a reader. */
export interface EventQueueOptions {
  /** How many events may wait for the reader; with one more, the reading fails. @default 1000 */
  readonly maxQueued?: number;
}

const DEFAULT_MAX_QUEUED = 1000;

/**
 * Calls a JSTP application from a page, or wherever there is a WebSocket: made by {@link createClient}.
 *
 * It connects with the first call, event or subscription, or by {@link connect}; resumes its session after a cut; logs in
 * afresh when the session is lost; and tries for ever. What is called and emitted meanwhile waits, for `resumeTimeoutMs`.
 *
 * @typeParam Contract the application's contract, for names and types that the compiler checks. @default anything
 */
export class PageClient<out Contract = unknown> {
  private readonly emitter = new EventEmitter<PageClientEvents>();
  private readonly application = new ClientApplication();
  private readonly kept: PageConnection;
  private readonly queues = new Set<ValueQueue<unknown>>();

  /** @internal */
  constructor(
    private readonly options: ResolvedPageOptions,
    entry: KeptAddress['entry'],
  ) {
    if (options.application) this.application.expose(options.application);
    this.kept = new PageConnection(options, this.application, this.emitter, entry);
  }

  /** Whether the client is connected, or why it is not. Each change of it is an event 'status'. */
  get status(): PageClientStatus {
    return this.kept.status;
  }

  /** Milliseconds until the next attempt to connect; undefined: none waits for its time. */
  get retryInMs(): number | undefined {
    return this.kept.keeper.retryInMs;
  }

  /** The core's connection, while it is up. */
  get connection(): Connection<Contract> | undefined {
    return this.kept.keeper.connection as Connection<Contract> | undefined;
  }

  /** Registers a listener. @returns removes it */
  on<Name extends keyof PageClientEvents>(
    name: Name,
    listener: ListenerOf<PageClientEvents, Name>,
  ): () => void {
    this.emitter.on(name, listener);
    return () => {
      this.emitter.off(name, listener);
    };
  }

  /**
   * Connects and logs in by an attempt that is made at once. Where it fails, others follow in the background, until
   * {@link close}.
   * @returns a Promise of the connection; it rejects with the error of that one attempt
   */
  connect(): Promise<Connection<Contract>> {
    return this.kept.connect() as Promise<Connection<Contract>>;
  }

  /**
   * Something speaks for a connection, or against it: an attempt that waits for its time is made at once, and a connection
   * that is up is asked whether it is. Browsers cause that by themselves, when the network is back or the page is seen
   * again. Call it for a button "Try now", or when an app for phones comes to the front.
   */
  wake(): void {
    if (!this.kept.isClosed) this.kept.keeper.wake();
  }

  /**
   * Calls a method with any number of arguments.
   * @returns the result, the array of several, or the last value of a stream. It rejects with a RemoteError: with the
   * server's, or with -1 where it is not known whether the call ran
   */
  call<Interface extends InterfaceOf<Contract>, Method extends MethodOf<Contract, Interface>>(
    interfaceName: Interface,
    method: Method,
    ...args: GivenArguments<Contract, Interface, 'methods', Method>
  ): Promise<GottenResult<Contract, Interface, 'methods', Method>>;
  call(interfaceName: string, method: string, ...args: unknown[]): Promise<unknown> {
    return this.callWith(interfaceName, method, args, {});
  }

  /**
   * A remote interface as an object with a function for each method: `proxy<Rooms>('rooms').join('lobby')`. Nothing is
   * asked of the server before a method is called.
   * @param options what is said about each of its calls. @default the client's `timeout`
   */
  proxy<Api = unknown, Name extends InterfaceOf<Contract> = UncheckedName<Contract>>(
    interfaceName: Name,
    options?: PageCallOptions,
  ): RemoteInterface<ContractApi<Contract, Name, Api>>;
  proxy(interfaceName: string, options: PageCallOptions = {}): object {
    return createRemoteInterface((method, args) => this.callWith(interfaceName, method, args, options));
  }

  /**
   * Sends an event.
   * @returns resolves when it is on its way (in the session, whose resume it waits for), or rejects with what keeps it
   */
  emit<Interface extends InterfaceOf<Contract>, Event extends EventOf<Contract, Interface>>(
    interfaceName: Interface,
    event: Event,
    ...args: GivenArguments<Contract, Interface, 'events', Event>
  ): Promise<void> {
    return promisify<undefined>((done) => {
      const waiting: Waiting = {
        args,
        send: (connection) => {
          done(connection.sendEvent(interfaceName, event, args), undefined);
        },
        fail: (error) => {
          done(error, undefined);
        },
      };
      const { carrier } = this.kept.keeper;
      if (carrier) waiting.send(carrier);
      else this.kept.wait(waiting);
    });
  }

  /**
   * The values of a call as they come: the server sends no more than is read. Leaving the loop cancels the call.
   * @example for await (const said of client.stream<Said>('rooms', 'history', 'kitchen')) show(said);
   */
  stream<
    T = unknown,
    Interface extends InterfaceOf<Contract> = UncheckedName<Contract>,
    Method extends MethodOf<Contract, Interface> = UncheckedName<Contract>,
  >(
    interfaceName: Interface,
    method: Method,
    ...args: GivenArguments<Contract, Interface, 'methods', Method>
  ): JstpStream<GottenResult<Contract, Interface, 'methods', Method, T>> {
    return this.streamWith(interfaceName, method, args, {});
  }

  /** Calls a method as {@link stream} does. @param options what is said about the call besides its arguments */
  streamWith<
    T = unknown,
    Interface extends InterfaceOf<Contract> = UncheckedName<Contract>,
    Method extends MethodOf<Contract, Interface> = UncheckedName<Contract>,
  >(
    interfaceName: Interface,
    method: Method,
    args: GivenArguments<Contract, Interface, 'methods', Method>,
    options: PageCallOptions,
  ): JstpStream<GottenResult<Contract, Interface, 'methods', Method, T>>;
  streamWith<T>(
    interfaceName: string,
    method: string,
    args: unknown[],
    options: PageCallOptions,
  ): JstpStream<T> {
    const queue = new ValueQueue<T>({
      asked: () => {
        call.askForMore();
      },
      left: () => {
        call.cancel();
      },
    });
    const push = (value: unknown): void => {
      queue.push(value as T);
    };
    const call = this.start(interfaceName, method, args, options, {
      onItem: push,
      backlog: () => queue.size,
      succeed: (results) => {
        if (results.length > 0) push(unwrapResults(results));
        queue.end();
      },
      fail: (error) => {
        queue.fail(error);
      },
    });
    return new JstpStream(queue);
  }

  /**
   * Takes the server's events of a name: the argument, the array of several, undefined of none. It lasts until it is
   * unsubscribed, over all connections; while there is none, the client dials.
   * @param listener called with each event; what it throws, or rejects with, is an 'error' of the client
   * @returns unsubscribes
   */
  fromEvent<
    T = unknown,
    Interface extends InterfaceOf<Contract> = UncheckedName<Contract>,
    Event extends EmitOf<Contract, Interface> = UncheckedName<Contract>,
  >(
    interfaceName: Interface,
    event: Event,
    listener: (value: ContractEvent<Contract, Interface, Event, T>) => void,
  ): () => void;
  /**
   * The same events as an async iterable. It takes them from this call on, and ends when the loop is left, or at
   * {@link close}. A reader that is too slow gets a RemoteError ERR_JOURNAL_FULL.
   * @example for await (const said of client.fromEvent<Said>('rooms', 'said')) show(said);
   */
  fromEvent<
    T = unknown,
    Interface extends InterfaceOf<Contract> = UncheckedName<Contract>,
    Event extends EmitOf<Contract, Interface> = UncheckedName<Contract>,
  >(
    interfaceName: Interface,
    event: Event,
    options?: EventQueueOptions,
  ): JstpStream<ContractEvent<Contract, Interface, Event, T>>;
  fromEvent<T>(
    interfaceName: string,
    event: string,
    how: ((value: T) => void) | EventQueueOptions = {},
  ): (() => void) | JstpStream<T> {
    if (typeof how === 'function')
      return this.subscribe(interfaceName, event, how as (value: unknown) => void);
    const { maxQueued = DEFAULT_MAX_QUEUED } = how;
    check('maxQueued', maxQueued, 'an integer above 0', isInteger(1, Number.MAX_SAFE_INTEGER));
    const left = (): void => {
      this.queues.delete(queue);
      unsubscribe();
    };
    const queue = new ValueQueue<T>({ asked: ignore, left });
    const unsubscribe = this.subscribe(interfaceName, event, (value) => {
      if (queue.size < maxQueued) {
        queue.push(value as T);
        return;
      }
      const text = `More than ${maxQueued} events of '${interfaceName}.${event}' wait for their reader (maxQueued)`;
      queue.fail(new RemoteError(ERR_JOURNAL_FULL, text));
      left();
    });
    if (this.kept.isClosed) queue.end();
    else this.queues.add(queue);
    return new JstpStream(queue);
  }

  /**
   * Says what the server may call here from now on, in the place of what was exposed before.
   * @param application functions, `{ iface: { method: (...args) => value } }`, which return a value or a Promise of it; or
   * an Application of the core. What a function throws is 16 to the server and this client's 'error', but a RemoteError
   * is sent
   * @throws ConfigurationError for what is neither, and for functions that are in no interface
   * @example client.expose({ screen: { size: () => [innerWidth, innerHeight] } })
   */
  expose<Exposed = ApplicationLike<Connection> | ContractExposed<Contract>>(
    application: NoInfer<Exposed>,
  ): void {
    this.application.expose(application as ApplicationLike<Connection> | ExposedApi);
  }

  /**
   * Ends the client for good: the session too, and all that waits. Calls and streams under way get `limits.drainTimeoutMs`
   * to end, and then fail with -1. Nothing of it stays open: no connection, no timer, no listener.
   * @returns resolves when the connection is closed
   */
  close(): Promise<void> {
    const closed = this.kept.close();
    for (const queue of this.queues) queue.leave();
    return closed;
  }

  private callWith(
    interfaceName: string,
    method: string,
    args: unknown[],
    options: PageCallOptions,
  ): Promise<unknown> {
    return promisify<unknown>((done: Callback) => {
      this.start(interfaceName, method, args, options, {
        succeed: (results) => {
          done(null, unwrapResults(results));
        },
        fail: (error) => {
          done(error);
        },
      });
    });
  }

  private start(
    interfaceName: string,
    method: string,
    args: unknown[],
    options: PageCallOptions,
    outcome: CallOutcome,
  ): PageCall {
    return new PageCall(
      this.kept,
      interfaceName,
      method,
      args,
      { timeout: this.options.timeout, ...options },
      outcome,
    );
  }

  private subscribe(interfaceName: string, event: string, listener: (value: unknown) => unknown): () => void {
    const { kept } = this;
    if (kept.isClosed) return ignore;
    // Calls may wait for the connection as well: only `close` ends the dialling.
    const source = {
      keepUp: () => {
        kept.keeper.keepUp();
      },
      letGo: ignore,
    };
    return this.application.subscribe(interfaceName, event, source, (value) => {
      try {
        const outcome: unknown = listener(value);
        if (isThenable(outcome)) reportRejection(outcome, kept);
      } catch (error) {
        kept.reportError(error);
      }
    });
  }
}
