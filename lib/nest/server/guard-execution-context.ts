import type { CanActivate, ContextType, ExecutionContext, Type } from '@nestjs/common';
import type { JstpContext } from '../jstp-context.js';

type HttpHost = ReturnType<ExecutionContext['switchToHttp']>;
type RpcHost = ReturnType<ExecutionContext['switchToRpc']>;
type WsHost = ReturnType<ExecutionContext['switchToWs']>;

/**
 * The context of a guard that is asked where there is no handler of a controller: an RPC message. For the server's
 * `authPolicy` its data are those of the handshake.
 */
export class GuardExecutionContext implements ExecutionContext {
  private readonly args: [unknown, JstpContext];

  /**
   * @param guard the guard that is asked
   * @param data the strategy and the credentials of a handshake, or the arguments of a call
   * @param context the context of the message
   * @param handler what stands for the handler; its name says what is decided on
   */
  constructor(
    private readonly guard: CanActivate,
    data: unknown,
    context: JstpContext,
    private readonly handler: () => void = handshake,
  ) {
    this.args = [data, context];
  }

  getType<TContext extends string = ContextType>(): TContext {
    return 'rpc' as TContext;
  }

  /** Returns the guard's own class. Why: a Reflector finds the guard's metadata there. */
  getClass<T>(): Type<T> {
    return this.guard.constructor as Type<T>;
  }

  /** Returns a function that is named 'handshake', or as the method that is called: there is no handler. */
  getHandler(): () => void {
    return this.handler;
  }

  getArgs<T extends unknown[] = unknown[]>(): T {
    return this.args as unknown[] as T;
  }

  getArgByIndex<T = unknown>(index: number): T {
    return this.args[index] as T;
  }

  switchToRpc(): RpcHost {
    return { getData: () => this.getArgByIndex(0), getContext: () => this.getArgByIndex(1) };
  }

  switchToHttp(): HttpHost {
    return {
      getRequest: () => this.getArgByIndex(0),
      getResponse: () => this.getArgByIndex(1),
      getNext: () => this.getArgByIndex(2),
    };
  }

  switchToWs(): WsHost {
    const [, context] = this.args;
    return {
      getClient: () => this.getArgByIndex(0),
      getData: () => this.getArgByIndex(1),
      getPattern: () => context.getPattern(),
    };
  }
}

function handshake(): void {
  // Stands for the handler that a handshake does not have.
}
