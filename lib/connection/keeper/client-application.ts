import type { ApplicationLike, EventNames } from '../../application/application.js';
import { ExposedMethods, type ExposedApi, type ExposedRules } from '../../application/exposed-methods.js';
import type { CallInfo, IncomingCall } from '../../application/incoming-call.js';
import type { MethodCallback } from '../../application/method-callback.js';
import { check, isObject } from '../../protocol/option-checks.js';
import type { Metadata } from '../../protocol/message.js';
import { bindContext, runInRootContext } from '../../util/async-context.js';
import { unwrapResults } from '../../util/callback.js';
import type { Connection } from '../connection.js';

const METHODS_ALLOWED = 'an object of functions, as in { screen: { size: () => [80, 25] } }';

/** The functions that get an event, each in the async context of its subscriber. */
type EventSubscribers = Set<(value: unknown) => void>;

/** The connection by which events come. */
interface EventSource {
  /** Keeps the client connected, as subscribers wait for events from now on. */
  keepUp(): void;
  /** Ends that, as no subscribers are left. */
  letGo(): void;
}

/**
 * The application that a client's connections offer to the server: the methods and event handlers of the exposed
 * application, which may change, and the subscribers of events. It outlives connections.
 */
export class ClientApplication implements ApplicationLike<Connection> {
  readonly name = 'jstp';
  readonly version = '1.0.0';
  private exposed: ApplicationLike<Connection>;
  private readonly subscribers = new Map<string, Map<string, EventSubscribers>>();

  /** @param rules what goes for exposed functions. @default as {@link ExposedMethods} has it */
  constructor(private readonly rules?: ExposedRules<Connection>) {
    this.exposed = new ExposedMethods({}, rules);
  }

  /**
   * Sets the application (or the methods) that the server may call from now on; it replaces the one before.
   * @throws ConfigurationError for anything else, and for functions outside of an interface
   */
  expose(application: ApplicationLike<Connection> | ExposedApi): void {
    check('application', application, 'an Application, or interfaces with their methods', isObject);
    if (isApplication(application)) {
      this.exposed = application;
      return;
    }
    for (const [name, methods] of Object.entries(application)) {
      check(`application.${name}`, methods, METHODS_ALLOWED, isObject);
    }
    this.exposed = new ExposedMethods(application, this.rules);
  }

  /** Whether there are subscribers of events. */
  get hasSubscribers(): boolean {
    return this.subscribers.size > 0;
  }

  /**
   * Subscribes to the events of a name: `next` gets the value of each, in the caller's async context. The client
   * reconnects for as long as there are subscribers.
   * @returns unsubscribes
   */
  subscribe(
    interfaceName: string,
    eventName: string,
    source: EventSource,
    next: (value: unknown) => void,
  ): () => void {
    // A function of its own for each subscription, also of the same function.
    const subscriber = bindContext((value: unknown) => {
      next(value);
    });
    this.add(interfaceName, eventName, subscriber);
    runInRootContext(() => {
      source.keepUp();
    });
    return () => {
      this.remove(interfaceName, eventName, subscriber);
      if (!this.hasSubscribers) source.letGo();
    };
  }

  /** The exposed application's `handleCall`, if it has one. */
  get handleCall(): ((call: IncomingCall<Connection>) => unknown) | undefined {
    const { exposed } = this;
    if (!exposed.handleCall) return undefined;
    return (call) => this.within(call, () => exposed.handleCall?.(call));
  }

  callMethod(
    connection: Connection,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
    call?: CallInfo<Connection>,
  ): void {
    this.within(call, () => {
      this.exposed.callMethod(connection, interfaceName, methodName, args, callback, call);
    });
  }

  getMethods(interfaceName: string): string[] | undefined {
    return this.exposed.getMethods(interfaceName);
  }

  handleEvent(
    connection: Connection,
    interfaceName: string,
    eventName: string,
    args: unknown[],
    metadata?: Metadata,
    failed?: (error: unknown) => void,
  ): unknown {
    const subscribers = this.subscribers.get(interfaceName)?.get(eventName);
    // Why a copy: a subscriber may unsubscribe itself or others while it handles the event.
    if (subscribers) for (const next of [...subscribers]) next(unwrapResults(args));
    return this.exposed.handleEvent?.(connection, interfaceName, eventName, args, metadata, failed);
  }

  hasEvent(interfaceName: string, eventName: string): boolean {
    const isAwaited = this.subscribers.get(interfaceName)?.has(eventName) ?? false;
    return isAwaited || (this.exposed.hasEvent?.(interfaceName, eventName) ?? false);
  }

  wildcardOf(interfaceName: string, eventName: string): EventNames | undefined {
    return this.exposed.wildcardOf?.(interfaceName, eventName);
  }

  private within<T>(call: CallInfo<Connection> | undefined, run: () => T): T {
    const { rules } = this;
    return rules && call?.remainingMs !== undefined ? rules.runWithin(call.remainingMs, run) : run();
  }

  private add(interfaceName: string, eventName: string, next: (value: unknown) => void): void {
    const events = this.subscribers.get(interfaceName) ?? new Map<string, EventSubscribers>();
    this.subscribers.set(interfaceName, events);
    const subscribers = events.get(eventName) ?? new Set();
    events.set(eventName, subscribers);
    subscribers.add(next);
  }

  private remove(interfaceName: string, eventName: string, next: (value: unknown) => void): void {
    const events = this.subscribers.get(interfaceName);
    const subscribers = events?.get(eventName);
    subscribers?.delete(next);
    if (subscribers?.size === 0) events?.delete(eventName);
    if (events?.size === 0) this.subscribers.delete(interfaceName);
  }
}

function isApplication(
  given: ApplicationLike<Connection> | ExposedApi,
): given is ApplicationLike<Connection> {
  return typeof given.callMethod === 'function';
}
