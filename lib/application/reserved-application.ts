import { ERR_METHOD_NOT_FOUND } from '../protocol/error-codes.js';
import type { Metadata } from '../protocol/message.js';
import type { SessionStorageProvider } from '../session/session-storage.js';
import type { ErrorReporter } from '../util/event-emitter.js';
import type { ApplicationLike, EventNames } from './application.js';
import type { CallInfo, IncomingCall } from './incoming-call.js';
import { LocalCall } from './local-call.js';
import type { MethodCallback } from './method-callback.js';
import { serveCall } from './serve-call.js';

/** The names of interfaces that begin with this are those of the package. */
const RESERVED_PREFIX = 'jstp.';

/** Whether no application may have an interface of this name. */
export function isReservedInterface(interfaceName: string): boolean {
  return interfaceName.startsWith(RESERVED_PREFIX);
}

/**
 * Serves a call of a reserved method: answers it, now or later.
 * @param application the application of the caller's connection, as the server was given it
 * @returns a Promise of the end, where it takes time
 */
export type ReservedMethod<C> = (call: IncomingCall<C>, application: ApplicationLike<C>) => unknown;

/** The interfaces that a server offers beside those of its applications: their methods, by interface name, then by name. */
export type ReservedInterfaces<C> = ReadonlyMap<string, ReadonlyMap<string, ReservedMethod<C>>>;

/** An application with the reserved interfaces of its server. */
export class ReservedApplication<C> implements ApplicationLike<C> {
  /**
   * @param inner the application itself
   * @param reserved the reserved interfaces
   * @param reporter gets what methods of the application let escape
   */
  constructor(
    private readonly inner: ApplicationLike<C>,
    private readonly reserved: ReservedInterfaces<C>,
    private readonly reporter: ErrorReporter,
  ) {}

  get name(): string {
    return this.inner.name;
  }

  get version(): string {
    return this.inner.version;
  }

  get sessionsStorage(): SessionStorageProvider | undefined {
    return this.inner.sessionsStorage;
  }

  handleCall(call: IncomingCall<C>): unknown {
    const methods = this.reserved.get(call.interfaceName);
    if (!methods) return serveCall(this.inner, call, this.reporter);
    const method = methods.get(call.methodName);
    if (method) return method(call, this.inner);
    call.fail(ERR_METHOD_NOT_FOUND);
    return undefined;
  }

  callMethod(
    connection: C,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
    call?: CallInfo<C>,
  ): void {
    if (!this.reserved.has(interfaceName))
      this.inner.callMethod(connection, interfaceName, methodName, args, callback, call);
    else
      this.handleCall(new LocalCall(connection, interfaceName, methodName, args, callback, call?.metadata));
  }

  getMethods(interfaceName: string): string[] | undefined {
    const reserved = this.reserved.get(interfaceName);
    return reserved ? [...reserved.keys()] : this.inner.getMethods(interfaceName);
  }

  handleEvent(
    connection: C,
    interfaceName: string,
    eventName: string,
    args: unknown[],
    metadata?: Metadata,
    failed?: (error: unknown) => void,
  ): unknown {
    return this.inner.handleEvent?.(connection, interfaceName, eventName, args, metadata, failed);
  }

  hasEvent(interfaceName: string, eventName: string): boolean {
    return this.inner.hasEvent?.(interfaceName, eventName) ?? false;
  }

  wildcardOf(interfaceName: string, eventName: string): EventNames | undefined {
    return this.inner.wildcardOf?.(interfaceName, eventName);
  }
}
