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

/** Gives the guard for a handshake. */
export type GuardSource = (
  data: JstpHandshakeData,
  context: JstpContext,
) => CanActivate | Promise<CanActivate>;

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
  return isGuard(authPolicy) ? (): typeof authPolicy => authPolicy : undefined;
}

/**
 * Gives the instance of a guard's class: the provider of the application, in request scope a new one for
 * each handshake (its REQUEST has getData, getContext and getPattern, as Nest's microservices have it); a
 * class that is no provider is made once, with what the module can inject.
 */
export function guardFromModule(guardClass: Type<CanActivate>, moduleRef: ModuleRef): GuardSource {
  let made: Promise<CanActivate> | undefined;
  return (data, context) => {
    if (!isProvided(guardClass, moduleRef)) {
      made ??= moduleRef.create(guardClass);
      return made;
    }
    const request = requestOf(data, context);
    const contextId = ContextIdFactory.getByRequest(request);
    moduleRef.registerRequestByContextId(request, contextId);
    return moduleRef.resolve<CanActivate>(guardClass, contextId, { strict: false });
  };
}

function isProvided(guardClass: Type<CanActivate>, moduleRef: ModuleRef): boolean {
  try {
    moduleRef.introspect(guardClass);
    return true;
  } catch {
    return false;
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
