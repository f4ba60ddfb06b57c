import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { RemoteError } from '../../protocol/remote-error.js';
import type { NestCall } from '../handling/answering.js';
import { failureOf } from '../handling/nest-failure.js';
import { JstpContext } from '../jstp-context.js';
import { toWireError } from '../nest-error.js';
import { GuardExecutionContext } from './guard-execution-context.js';
import type { GuardSource } from './guard-source.js';

/** What Nest answers where a guard says no. */
const FORBIDDEN = Object.freeze({ status: 'error', message: 'Forbidden resource' });

/**
 * Decides on calls of reserved interfaces by a guard. The guard sees what guards of handlers see: an RPC message, with the
 * call's arguments as its data; `getHandler()` is a function with the method's name.
 */
export class ReservedGuard {
  /**
   * @param source provides the guard
   * @param report gets what a guard throws that the caller is not told of
   */
  constructor(
    private readonly source: GuardSource,
    private readonly report: (error: unknown) => void,
  ) {}

  /** Makes what can be made before the first call; undefined where there is nothing to wait for. */
  prepare(): Promise<unknown> | undefined {
    return this.source.prepare();
  }

  /** Asks the guard, and answers the call where it does not say yes. @returns whether the call may be served */
  async allows(call: NestCall): Promise<boolean> {
    try {
      if (await this.ask(call)) return true;
      this.refuse(call, FORBIDDEN);
    } catch (error) {
      this.refuse(call, this.shown(error));
    }
    return false;
  }

  private async ask(call: NestCall): Promise<boolean> {
    const { connection, interfaceName, methodName, args } = call;
    const context = new JstpContext([connection, `${interfaceName}.${methodName}`, call]);
    const data = args.length > 1 ? args : args[0];
    const guard = await this.source.guardFor(data, context);
    const execution = new GuardExecutionContext(guard, data, context, namedFunction(methodName));
    const answer: unknown = await guard.canActivate(execution);
    // As for handshakes, `true` alone is a yes.
    return (isObservable(answer) ? await lastValueFrom(answer, { defaultValue: false }) : answer) === true;
  }

  private shown(error: unknown): unknown {
    if (error instanceof RemoteError) return error;
    if (error instanceof RpcException && error.getError() instanceof RemoteError) return error.getError();
    if (error instanceof HttpException) return { status: 'error', message: error.message };
    return failureOf(error, this.report);
  }

  private refuse(call: NestCall, value: unknown): void {
    call.fail(toWireError(value, call.connection.extensions.nest));
  }
}

function namedFunction(name: string): () => void {
  // A guard's Reflector asks a function for its metadata; a log wants its name.
  return { [name]: () => undefined }[name];
}
