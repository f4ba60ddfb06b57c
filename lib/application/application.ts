import {
  ERR_INTERFACE_NOT_FOUND,
  ERR_INVALID_SIGNATURE,
  ERR_METHOD_NOT_FOUND,
  ERR_INTERNAL_API_ERROR,
} from '../protocol/error-codes.js';
import type { Metadata } from '../protocol/message.js';
import type { SessionStorageProvider } from '../session/session-storage.js';
import { canBeArguments, isThenable } from '../util/callback.js';
import { isError } from '../util/errors.js';
import { splitVersionedName } from '../util/versioned-name.js';
import type { IncomingCall } from './incoming-call.js';
import { isVersion } from './version-text.js';

/**
 * How a core method answers: an error, or no error and its results. An error given here is the author's own
 * text and is sent, except for a system error of the host (with `syscall` or `errno`): that is 16 without a text,
 * as is every Error that a method throws.
 */
export type MethodCallback = (error?: unknown, ...results: unknown[]) => void;

// Handlers are written by users with parameters of their own types; what arrives is checked by number only.
type UserFunction = (...args: never[]) => unknown;

/** Interface name -> method (or event) name -> function. */
export type Api = Record<string, Record<string, UserFunction>>;

/** What a connection needs of an application; {@link Application} is one, users may bring their own. */
export interface ApplicationLike<C = unknown> {
  readonly name: string;
  readonly version: string;
  /** Where sessions of this application are kept, if not where the server keeps the others. */
  readonly sessionsStorage?: SessionStorageProvider | undefined;
  /** Runs a method. */
  callMethod(
    connection: C,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
  ): void;
  /** The methods of an interface in the order of their definition; undefined for an unknown interface. */
  getMethods(interfaceName: string): string[] | undefined;
  /**
   * Handles an event.
   * @returns a Promise where that takes time: until it is settled the event counts as a call in service, and what
   * it is rejected with is reported
   */
  handleEvent?(
    connection: C,
    interfaceName: string,
    eventName: string,
    args: unknown[],
    metadata?: Metadata,
  ): unknown;
  /** Takes a call whole, instead of `callMethod`: for applications that stream, cancel or read metadata. */
  handleCall?(call: IncomingCall<C>): void;
}

/** Methods and event handlers under one name and version. */
export class Application<C = unknown> implements ApplicationLike<C> {
  readonly name: string;
  readonly version: string;
  readonly sessionsStorage: SessionStorageProvider | undefined;

  /**
   * @param name 'name' or 'name@version'
   * @param api interface name -> method name -> `method(connection, ...args, callback)` or `async method(connection, ...args)`
   * @param eventHandlers interface name -> event name -> `handler(connection, ...args)`
   * @param version a semver version; the one in the name wins. @default '1.0.0'
   * @param sessionStorageProvider where this application's sessions are kept; may stand in the place of `version`
   * @throws TypeError 'Invalid semver version'
   */
  constructor(
    name: string,
    readonly api: Api,
    readonly eventHandlers: Api = {},
    version?: string | SessionStorageProvider | null,
    sessionStorageProvider?: SessionStorageProvider,
  ) {
    const [bareName, versionInName] = splitVersionedName(name);
    const givenVersion = versionInName || (typeof version === 'string' ? version : undefined);
    if (givenVersion && !isVersion(givenVersion)) {
      throw new TypeError(`Invalid semver version: '${givenVersion}' of application '${bareName}'`);
    }
    this.name = bareName;
    this.version = givenVersion || '1.0.0';
    this.sessionsStorage =
      sessionStorageProvider ?? (typeof version === 'object' ? (version ?? undefined) : undefined);
  }

  /**
   * Runs a method and calls back with its outcome. The codes are those of PROTOCOL.md 3: 12 unknown
   * interface, 14 unknown method, 17 wrong number of arguments, 16 an async method that throws an Error.
   * @throws what a method without `async` throws
   */
  callMethod(
    connection: C,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
  ): void {
    const methods = own(this.api, interfaceName);
    if (!methods) {
      callback(ERR_INTERFACE_NOT_FOUND);
      return;
    }
    const method = own(methods, methodName);
    if (typeof method !== 'function') {
      callback(ERR_METHOD_NOT_FOUND);
      return;
    }
    const isAsync = Object.prototype.toString.call(method) === '[object AsyncFunction]';
    if (method.length !== args.length + (isAsync ? 1 : 2)) {
      callback(ERR_INVALID_SIGNATURE);
      return;
    }
    if (isAsync) runAsync(method, [connection, ...args], callback);
    else {
      const returned = invoke(method, [connection, ...args, callback]);
      if (isThenable(returned)) returned.then(undefined, failing(callback));
    }
  }

  /** The methods of an interface in the order of their definition; undefined for an unknown interface. */
  getMethods(interfaceName: string): string[] | undefined {
    const methods = own(this.api, interfaceName);
    return methods && Object.keys(methods);
  }

  /** Runs the handler of an event, if there is one, and returns what it returns. */
  handleEvent(connection: C, interfaceName: string, eventName: string, args: unknown[]): unknown {
    const handlers = own(this.eventHandlers, interfaceName);
    const handler = handlers && own(handlers, eventName);
    // More arguments than a function may have are no event of anybody.
    if (typeof handler !== 'function' || !canBeArguments(args)) return undefined;
    return invoke(handler, [connection, ...args]);
  }
}

/** Own properties alone: `constructor` or `__proto__` as a peer's interface or method is not found. */
function own<T>(table: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function invoke(method: UserFunction, args: unknown[]): unknown {
  return (method as (...args: unknown[]) => unknown)(...args);
}

function runAsync(method: UserFunction, args: unknown[], callback: MethodCallback): void {
  const run = async (): Promise<unknown> => invoke(method, args);
  run().then((result) => {
    if (result === undefined) callback(null);
    else callback(null, result);
  }, failing(callback));
}

/** Calls back with what a method has thrown. */
function failing(callback: MethodCallback): (error: unknown) => void {
  return (error) => {
    callback(isPlainError(error) ? new InternalApiError(error) : (error ?? ERR_INTERNAL_API_ERROR));
  };
}

function isPlainError(error: unknown): error is Error {
  return isError(error) && typeof (error as { toJSTP?: unknown }).toJSTP !== 'function';
}

/** An error that a method let escape: the peer gets the code 16 alone, the application gets to see the cause. */
export class InternalApiError extends Error {
  /** The wire's code of the error. */
  readonly code = ERR_INTERNAL_API_ERROR;

  constructor(override readonly cause: unknown) {
    super('Internal API error');
    this.name = 'InternalApiError';
  }

  /** What goes to the peer. */
  toJSTP(): [number] {
    return [this.code];
  }
}
