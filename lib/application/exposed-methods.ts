import {
  ERR_INTERFACE_NOT_FOUND,
  ERR_INVALID_SIGNATURE,
  ERR_METHOD_NOT_FOUND,
} from '../protocol/error-codes.js';
import { RemoteError } from '../protocol/remote-error.js';
import { canBeArguments, callWith, isThenable } from '../util/callback.js';
import { InternalApiError, type ApplicationLike } from './application.js';
import type { CallInfo } from './incoming-call.js';
import { LocalCall } from './local-call.js';
import type { MethodCallback } from './method-callback.js';
import { takesCall } from './with-call.js';

// Why `never`: users write methods with parameters of their own types, and check what arrives.
type ExposedMethod = (...args: never[]) => unknown;

/**
 * Methods that a client exposes, by interface name, then by method name: functions of the arguments that return
 * the result, or a Promise of it. One that was made by `withCall` gets the call before the arguments.
 */
export type ExposedApi = Record<string, Record<string, ExposedMethod>>;

/** How outcomes of exposed functions become answers, where it is not as {@link ExposedMethods} has it. */
export interface OutcomeRules<C> {
  /** Makes the results of what a function has returned, which is not undefined. */
  resultsOf(value: unknown): readonly unknown[];
  /** Makes the error that the caller gets of what a function has thrown, which is no RemoteError. */
  errorOf(error: unknown, connection: C): unknown;
}

/** What goes for all that a client exposes. */
export interface ExposedRules<C> extends OutcomeRules<C> {
  /**
   * Runs what is called while its caller waits for so many milliseconds at most. Why: calls that it makes may inherit that.
   */
  runWithin<T>(remainingMs: number, run: () => T): T;
}

const ONE_RESULT: OutcomeRules<unknown> = {
  resultsOf: (value) => [value],
  errorOf: (error) => new InternalApiError(error),
};

/** Makes an application of plain functions, which the server may call. */
export class ExposedMethods<C> implements ApplicationLike<C> {
  readonly name = 'jstp';
  readonly version = '1.0.0';

  /**
   * @param api the functions; only own properties are methods
   * @param rules how outcomes become answers. @default a value is one result, a RemoteError says what it is, and any
   * other error is the code 16 alone
   */
  constructor(
    private readonly api: ExposedApi,
    private readonly rules: OutcomeRules<C> = ONE_RESULT,
  ) {}

  callMethod(
    connection: C,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
    call?: CallInfo<C>,
  ): void {
    const methods = this.methodsOf(interfaceName);
    const method: unknown = methods && Object.hasOwn(methods, methodName) ? methods[methodName] : undefined;
    if (typeof method !== 'function') {
      callback(methods ? ERR_METHOD_NOT_FOUND : ERR_INTERFACE_NOT_FOUND);
      return;
    }
    if (!canBeArguments(args)) {
      callback(ERR_INVALID_SIGNATURE);
      return;
    }
    const info = (): CallInfo<C> =>
      call ?? new LocalCall(connection, interfaceName, methodName, args, callback, undefined);
    const succeed = (value: unknown): void => {
      callWith(callback, null, value === undefined ? [] : this.rules.resultsOf(value));
    };
    const fail = (error: unknown): void => {
      callback(error instanceof RemoteError ? error : this.rules.errorOf(error, connection));
    };
    try {
      const value: unknown = Reflect.apply(method, methods, takesCall(method) ? [info(), ...args] : args);
      if (isThenable(value)) value.then(succeed, fail);
      else succeed(value);
    } catch (error) {
      fail(error);
    }
  }

  getMethods(interfaceName: string): string[] | undefined {
    const methods = this.methodsOf(interfaceName);
    return methods && Object.keys(methods).filter((name) => typeof methods[name] === 'function');
  }

  private methodsOf(interfaceName: string): Record<string, ExposedMethod> | undefined {
    return Object.hasOwn(this.api, interfaceName) ? this.api[interfaceName] : undefined;
  }
}
