import { RpcException } from '@nestjs/microservices';
import { InternalApiError, type ApplicationLike } from '../../application/application.js';
import type { CallInfo } from '../../application/incoming-call.js';
import { LocalCall } from '../../application/local-call.js';
import { takesCall } from '../../application/with-call.js';
import type { MethodCallback } from '../../application/method-callback.js';
import type { Connection } from '../../connection/connection.js';
import {
  ERR_INTERFACE_NOT_FOUND,
  ERR_INVALID_SIGNATURE,
  ERR_METHOD_NOT_FOUND,
} from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { canBeArguments, callWith, isThenable } from '../../util/callback.js';
import { JstpArgs } from '../jstp-args.js';
import { toWireError } from '../nest-error.js';

// Why `never`: users write methods with parameters of their own types, and check what arrives.
type ExposedMethod = (...args: never[]) => unknown;

/**
 * Methods that a Nest client exposes, by interface name, then by method name: functions of the arguments that return
 * the result, or a Promise of it. One that was made by `withCall` gets the call before the arguments.
 */
export type ExposedApi = Record<string, Record<string, ExposedMethod>>;

/** Makes an application of plain functions, which the server may call. */
export class ExposedMethods implements ApplicationLike<Connection> {
  readonly name = 'jstp';
  readonly version = '1.0.0';

  /** @param api the functions; only own properties are methods */
  constructor(private readonly api: ExposedApi) {}

  callMethod(
    connection: Connection,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
    call?: CallInfo<Connection>,
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
    const info = (): CallInfo<Connection> =>
      call ?? new LocalCall(connection, interfaceName, methodName, args, callback, undefined);
    const succeed = (value: unknown): void => {
      callWith(callback, null, resultsOf(value));
    };
    const fail = (error: unknown): void => {
      callback(errorOf(error, connection));
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

function resultsOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return value instanceof JstpArgs ? (value as JstpArgs).values : [value];
}

/**
 * Makes the error that the caller gets: an RpcException and a RemoteError say it, any other error is the code 16
 * alone.
 */
function errorOf(error: unknown, { extensions }: Connection): unknown {
  if (error instanceof RemoteError) return error;
  if (error instanceof RpcException) return toWireError(error.getError(), extensions.nest);
  return new InternalApiError(error);
}
