import { UseInterceptors } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '../constants.js';
import { isAsyncGenerator } from '../decorators/handler-extras.js';
import type { ControllerMethod, Registration } from '../server/registration.js';
import { asyncIterableInterceptor } from './async-iterable.interceptor.js';

const prepared = new WeakSet<object>();

/**
 * Puts the interceptor of async iterables around the handlers that may give one, inside of all others: around async
 * generators, whose errors filters are to see, and around every method under an interceptor, because what a plain
 * function returns is not known before. Other handlers stay as they are: an interceptor costs time.
 */
export function interceptIterables({ methods, hasGlobalInterceptors }: Registration): void {
  for (const entry of methods) {
    const { method, name } = entry;
    if (prepared.has(method)) continue;
    if (!isAsyncGenerator(method) && !hasGlobalInterceptors && !hasInterceptors(entry)) continue;
    prepared.add(method);
    UseInterceptors(asyncIterableInterceptor)({}, name, { value: method });
  }
}

function hasInterceptors({ controller, method }: ControllerMethod): boolean {
  return [controller, method].some((target) => Reflect.hasMetadata(INTERCEPTORS_METADATA, target));
}
