import type { CanActivate, Type } from '@nestjs/common';
import { ContextIdFactory, type ModuleRef } from '@nestjs/core';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import type { JstpContext } from '../jstp-context.js';
import { ProvidedClass } from '../provided-class.js';

/** A guard as an option: an instance, or (with JstpModule) a class. */
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

/** Provides the guards that decide on handshakes, or on calls of reserved interfaces. */
export interface GuardSource {
  /** Makes what can be made before the first question; undefined where there is nothing to wait for. */
  prepare(): Promise<unknown> | undefined;
  /** Returns the guard for a message. */
  guardFor(data: unknown, context: JstpContext): CanActivate | Promise<CanActivate>;
}

/** Makes the source of the guards of a class; JstpModule provides one. */
export type GuardClassResolver = (guardClass: Type<CanActivate>) => GuardSource;

/**
 * Makes the source of an option that is a guard, or a guard's class; undefined where it is neither.
 * @param name the option, for the error
 * @throws ConfigurationError for a class without JstpModule
 */
export function guardOf(
  option: unknown,
  resolve: GuardClassResolver | undefined,
  name = 'authPolicy',
): GuardSource | undefined {
  if (isGuardClass(option)) {
    if (resolve) return resolve(option);
    throw new ConfigurationError(name, option, 'an instance of the guard (its class with JstpModule only)');
  }
  return isGuard(option) ? new GuardInstance(option) : undefined;
}

/** Provides a guard that the user has made. */
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
 * Provides the guards of a class: the application's provider, in request scope a new one for each message (its
 * REQUEST has getData, getContext and getPattern, as in Nest's microservices), or else one that is made.
 */
export class GuardClass implements GuardSource {
  private readonly guards: ProvidedClass<CanActivate>;

  /**
   * @param guardClass the class of the guard
   * @param moduleRef the module that injects into the guard
   */
  constructor(
    private readonly guardClass: Type<CanActivate>,
    private readonly moduleRef: ModuleRef,
  ) {
    this.guards = new ProvidedClass(guardClass, moduleRef);
  }

  prepare(): Promise<unknown> | undefined {
    // Why nothing for a provider: Nest has resolved its dependencies already.
    return this.guards.isProvided ? undefined : this.guards.make();
  }

  guardFor(data: unknown, context: JstpContext): Promise<CanActivate> {
    if (!this.guards.isProvided) return this.guards.make();
    const request = requestOf(data, context);
    const contextId = ContextIdFactory.getByRequest(request);
    this.moduleRef.registerRequestByContextId(request, contextId);
    return this.moduleRef.resolve<CanActivate>(this.guardClass, contextId, { strict: false });
  }
}

function requestOf(data: unknown, context: JstpContext): Record<string, unknown> {
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
