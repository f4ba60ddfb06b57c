import {
  ERR_INTERFACE_NOT_FOUND,
  ERR_INVALID_SIGNATURE,
  ERR_METHOD_NOT_FOUND,
  ERR_INTERNAL_API_ERROR,
} from '../protocol/error-codes.js';
import type { Metadata } from '../protocol/message.js';
import type { SessionStorageProvider } from '../session/session-storage.js';
import { canBeArguments, ignore, isThenable } from '../util/callback.js';
import { isError } from '../util/errors.js';
import { splitVersionedName } from '../util/versioned-name.js';
import type { CallInfo, IncomingCall } from './incoming-call.js';
import type { MethodCallback } from './method-callback.js';
import { LocalCall } from './local-call.js';
import { isVersion } from './version-text.js';
import { takesCall } from './with-call.js';

// Why `never`: users write handlers with parameters of their own types. Only the number of arguments is checked.
type UserFunction = (...args: never[]) => unknown;

const FUNCTION: unknown = Function.prototype;
const ASYNC_FUNCTION: unknown = Object.getPrototypeOf(async () => {
  // Only its prototype is wanted.
});

/** Functions by interface name, then by method (or event) name. */
export type Api = Record<string, Record<string, UserFunction>>;

/** The names of an event, or of a pattern that stands for many. */
export interface EventNames {
  /** The name of the interface. */
  readonly interfaceName: string;
  /** The name of the event. */
  readonly name: string;
}

/** What a connection needs of an application. {@link Application} implements it; users may write their own. */
export interface ApplicationLike<C = unknown> {
  /** The application's name, without a version. */
  readonly name: string;
  /** The application's semver version, as `'1.0.0'`. */
  readonly version: string;
  /** The store of this application's sessions. @default the server's `sessionStorageProvider` */
  readonly sessionsStorage?: SessionStorageProvider | undefined;
  /**
   * Runs a method, and calls back once with its outcome.
   * @param args the caller's arguments, without the connection and the callback
   * @param call the call, for methods that read its metadata; undefined where no peer has made it
   */
  callMethod(
    connection: C,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
    call?: CallInfo<C>,
  ): void;
  /**
   * Returns the names of an interface's methods, in the order of their definition; undefined for an unknown
   * interface.
   */
  getMethods(interfaceName: string): string[] | undefined;
  /**
   * Handles an event.
   * @param failed told of what has failed and is no rejection of the Promise, as the application has dealt with it
   * @returns a Promise, where handling takes time: until it is settled the event counts as a call that is being served,
   * and its rejection is reported
   */
  handleEvent?(
    connection: C,
    interfaceName: string,
    eventName: string,
    args: unknown[],
    metadata?: Metadata,
    failed?: (error: unknown) => void,
  ): unknown;
  /** Returns whether there is a handler for an event. @default no handler is known */
  hasEvent?(interfaceName: string, eventName: string): boolean;
  /**
   * Returns the names of the pattern with wildcards that stands for an event which no handler has by its own names: the
   * event is counted under them. @default there are no wildcards
   */
  wildcardOf?(interfaceName: string, eventName: string): EventNames | undefined;
  /**
   * Serves a call in place of `callMethod`: for applications that stream, that notice a cancel, or that read
   * metadata.
   * @returns a Promise, where it streams or may be cancelled: a call that was cancelled counts as one that is being
   * served until that is settled. Without one it counts until it is answered after all. A rejection is reported, and the
   * caller gets the code 16
   */
  handleCall?(call: IncomingCall<C>): unknown;
}

/**
 * Methods and event handlers under one name and version.
 * @example
 * const application = new Application('chat@1.2.0', {
 *   rooms: {
 *     join: async (connection, room: string) => enter(connection, room),
 *     leave: (connection, room: string, callback) => callback(null, exit(connection, room)),
 *   },
 * });
 */
export class Application<C = unknown> implements ApplicationLike<C> {
  /** The application's name, without a version. */
  readonly name: string;
  /** The application's semver version. @default '1.0.0' */
  readonly version: string;
  /** The store of this application's sessions; undefined: the server's `sessionStorageProvider`. */
  readonly sessionsStorage: SessionStorageProvider | undefined;
  /** The methods, by interface name, then by method name. */
  readonly api: Api;
  /** The handlers of events, by interface name, then by event name. */
  readonly eventHandlers: Api;

  /**
   * @param name 'name' or 'name@version'
   * @param api interface name -> method name -> `method(connection, ...args, callback)` or `async method(connection,
   * ...args)`, or a method made by `withCall`
   * @param eventHandlers interface name -> event name -> `handler(connection, ...args)`, or one made by `withCall`
   * @param version a semver version; the one in the name wins. @default '1.0.0'
   * @param sessionStorageProvider the store of this application's sessions; may stand in the place of `version`
   * @throws TypeError 'Invalid semver version'
   */
  constructor(
    name: string,
    api: Api,
    eventHandlers: Api = {},
    version?: string | SessionStorageProvider | null,
    sessionStorageProvider?: SessionStorageProvider,
  ) {
    const [bareName, versionInName] = splitVersionedName(name);
    const givenVersion = versionInName || (typeof version === 'string' ? version : undefined);
    if (givenVersion && !isVersion(givenVersion)) {
      throw new TypeError(`Invalid semver version: '${givenVersion}' of application '${bareName}'`);
    }
    this.api = api;
    this.eventHandlers = eventHandlers;
    this.name = bareName;
    this.version = givenVersion || '1.0.0';
    this.sessionsStorage =
      sessionStorageProvider ?? (typeof version === 'object' ? (version ?? undefined) : undefined);
  }

  /**
   * Runs a method, and calls back with its outcome. Error codes: 12 for an unknown interface, 14 for an unknown
   * method, 17 for a wrong number of arguments, 16 for an async method that throws an Error.
   * @throws what a method without `async` throws
   */
  callMethod(
    connection: C,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
    call?: CallInfo<C>,
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
    if (takesCall(method)) {
      const info = call ?? new LocalCall(connection, interfaceName, methodName, args, callback, undefined);
      runWithCall(method, info, args, callback);
      return;
    }
    const isAsync = isAsyncFunction(method);
    if (method.length !== args.length + (isAsync ? 1 : 2)) {
      callback(ERR_INVALID_SIGNATURE);
      return;
    }
    if (isAsync) runAsync(method, connection, args, callback);
    else {
      const returned = invokeWithCallback(method, connection, args, callback);
      if (isThenable(returned)) returned.then(undefined, failing(callback));
    }
  }

  /**
   * Returns the names of an interface's methods, in the order of their definition; undefined for an unknown
   * interface.
   */
  getMethods(interfaceName: string): string[] | undefined {
    const methods = own(this.api, interfaceName);
    return methods && Object.keys(methods);
  }

  /** Returns whether there is a handler for an event. */
  hasEvent(interfaceName: string, eventName: string): boolean {
    const handlers = own(this.eventHandlers, interfaceName);
    return handlers !== undefined && own(handlers, eventName) !== undefined;
  }

  /** Runs the handler of an event. @returns what the handler returns; undefined where there is none */
  handleEvent(
    connection: C,
    interfaceName: string,
    eventName: string,
    args: unknown[],
    metadata?: Metadata,
  ): unknown {
    const handlers = own(this.eventHandlers, interfaceName);
    const handler = handlers && own(handlers, eventName);
    // Why the number is checked: JavaScript cannot call a function with arbitrarily many arguments.
    if (typeof handler !== 'function' || !canBeArguments(args)) return undefined;
    const first = takesCall(handler)
      ? new LocalCall(connection, interfaceName, eventName, args, ignore, metadata)
      : connection;
    return invoke(handler, first, args);
  }
}

/** Looks up an own property. Why: `constructor` or `__proto__`, sent by a peer as a name, must not be found. */
function own<T>(table: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/**
 * Runs a user's function with one argument before others.
 * Why no array of all of them: an array literal that holds the values of each call is made in V8's old generation after a
 * while, and so keeps values long after their call is over.
 */
function invoke(method: UserFunction, first: unknown, rest: readonly unknown[]): unknown {
  return (method as (...args: unknown[]) => unknown)(first, ...rest);
}

/** The same with a callback behind the others. Why without an array where they are few: it takes four times as long. */
function invokeWithCallback(
  method: UserFunction,
  first: unknown,
  args: readonly unknown[],
  callback: MethodCallback,
): unknown {
  const run = method as (...args: unknown[]) => unknown;
  switch (args.length) {
    case 0:
      return run(first, callback);
    case 1:
      return run(first, args[0], callback);
    case 2:
      return run(first, args[0], args[1], callback);
    default: {
      const rest = args.slice();
      rest.push(callback);
      return run(first, ...rest);
    }
  }
}

function runWithCall(method: UserFunction, call: CallInfo, args: unknown[], callback: MethodCallback): void {
  if (method.length === args.length + 1) runAsync(method, call, args, callback);
  else callback(ERR_INVALID_SIGNATURE);
}

function runAsync(
  method: UserFunction,
  first: unknown,
  rest: readonly unknown[],
  callback: MethodCallback,
): void {
  resultOf(method, first, rest).then((result) => {
    if (result === undefined) callback(null);
    else callback(null, result);
  }, failing(callback));
}

/** Runs a method. What it throws is the rejection of the Promise. */
function resultOf(method: UserFunction, first: unknown, rest: readonly unknown[]): Promise<unknown> {
  try {
    return Promise.resolve(invoke(method, first, rest));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Whether a function is declared as `async`. */
function isAsyncFunction(method: UserFunction): boolean {
  const prototype: unknown = Object.getPrototypeOf(method);
  // By the prototype of this realm, and only then by the tag, which is slow to read: it would be a fiftieth of a call.
  if (prototype === FUNCTION || prototype === ASYNC_FUNCTION) return prototype === ASYNC_FUNCTION;
  return Object.prototype.toString.call(method) === '[object AsyncFunction]';
}

/** Makes a function that calls back with what a method has thrown. */
function failing(callback: MethodCallback): (error: unknown) => void {
  return (error) => {
    callback(isPlainError(error) ? new InternalApiError(error) : (error ?? ERR_INTERNAL_API_ERROR));
  };
}

function isPlainError(error: unknown): error is Error {
  return isError(error) && typeof (error as { toJSTP?: unknown }).toJSTP !== 'function';
}

/** Wraps an error that a method has thrown: the peer gets the code 16 alone, this side's listeners get the cause. */
export class InternalApiError extends Error {
  /** The wire's code of the error. */
  readonly code = ERR_INTERNAL_API_ERROR;

  constructor(override readonly cause: unknown) {
    super('Internal API error');
    this.name = 'InternalApiError';
  }

  /** Returns what is sent to the peer. */
  toJSTP(): [number] {
    return [this.code];
  }
}
