import type { CanActivate, Type } from '@nestjs/common';
import { ContextIdFactory, type ModuleRef } from '@nestjs/core';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import type { JstpContext, JstpHandshakeData } from '../jstp-context.js';

/** A guard as `authPolicy` has it: an instance, or a class that JstpModule resolves. */
export type GuardOption = CanActivate | Type<CanActivate>;

/** Whether an option is a guard's class. */
export function isGuardClass(option: unknown): option is Type<CanActivate> {
  return typeof option === 'function' && isGuard(option.prototype);
}

/** Whether an option is a guard. */
export function isGuard(option: unknown): option is CanActivate {
  const isObject = typeof option === 'object' && option !== null;
  return isObject && typeof (option as Partial<CanActivate>).canActivate === 'function';
}

/** Gives the guards that handshakes are decided by. */
export interface GuardSource {
  /** Makes what can be made before there is a handshake; rejects where that cannot be done. */
  prepare(): Promise<unknown> | undefined;
  /** Gives the guard for a handshake. */
  guardFor(data: JstpHandshakeData, context: JstpContext): CanActivate | Promise<CanActivate>;
}

/** Gives the guard of a class; JstpModule has one. */
export type GuardClassResolver = (guardClass: Type<CanActivate>) => GuardSource;

/** The guard that an `authPolicy` is, an instance or a class; undefined where it is none. */
export function guardOf(
  authPolicy: unknown,
  resolve: GuardClassResolver | undefined,
): GuardSource | undefined {
  if (isGuardClass(authPolicy)) {
    if (resolve) return resolve(authPolicy);
    throw new ConfigurationError(
      'authPolicy',
      authPolicy,
      'an instance of the guard (its class with JstpModule only)',
    );
  }
  return isGuard(authPolicy) ? new GuardInstance(authPolicy) : undefined;
}

/** A guard that is there already. */
class GuardInstance implements GuardSource {
  constructor(private readonly guard: CanActivate) {}

  prepare(): undefined {
    return undefined;
  }

  guardFor(): CanActivate {
    return this.guard;
  }
}

/**
 * The guards of a class: the provider of the application, in request scope a new one for each handshake (its
 * REQUEST has getData, getContext and getPattern, as Nest's microservices have it); a class that is no provider
 * is made once, with what the module can inject.
 */
export class GuardClass implements GuardSource {
  private made: Promise<CanActivate> | undefined;

  /**
   * @param guardClass the class
   * @param moduleRef the module that asks for it
   */
  constructor(
    private readonly guardClass: Type<CanActivate>,
    private readonly moduleRef: ModuleRef,
  ) {}

  prepare(): Promise<unknown> | undefined {
    // Nest has found the dependencies of providers already.
    return this.isProvided ? undefined : this.make();
  }

  guardFor(data: JstpHandshakeData, context: JstpContext): Promise<CanActivate> {
    if (!this.isProvided) return this.make();
    const request = requestOf(data, context);
    const contextId = ContextIdFactory.getByRequest(request);
    this.moduleRef.registerRequestByContextId(request, contextId);
    return this.moduleRef.resolve<CanActivate>(this.guardClass, contextId, { strict: false });
  }

  private get isProvided(): boolean {
    try {
      this.moduleRef.introspect(this.guardClass);
      return true;
    } catch {
      return false;
    }
  }

  private make(): Promise<CanActivate> {
    this.made ??= this.moduleRef.create(this.guardClass);
    return this.made;
  }
}

function requestOf(data: JstpHandshakeData, context: JstpContext): Record<string, unknown> {
  const pattern = context.getPattern();
  return {
    pattern,
    data,
    context,
    getData: () => data,
    getContext: () => context,
    getPattern: () => pattern,
  };
}
