import type { CanActivate, ContextType, ExecutionContext, Type } from '@nestjs/common';
import type { JstpContext, JstpHandshakeData } from '../jstp-context.js';

type HttpHost = ReturnType<ExecutionContext['switchToHttp']>;
type RpcHost = ReturnType<ExecutionContext['switchToRpc']>;
type WsHost = ReturnType<ExecutionContext['switchToWs']>;

/** The context of a guard that is the server's `authPolicy`: an RPC message whose data are those of the handshake. */
export class GuardExecutionContext implements ExecutionContext {
  private readonly args: [JstpHandshakeData, JstpContext];

  /**
   * @param guard the guard that is asked
   * @param data the strategy and the credentials
   * @param context the context of the handshake
   */
  constructor(
    private readonly guard: CanActivate,
    data: JstpHandshakeData,
    context: JstpContext,
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

  /** Returns a function named 'handshake', as there is no handler. */
  getHandler(): typeof handshake {
    return handshake;
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
