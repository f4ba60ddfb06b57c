import { UseInterceptors } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '../constants.js';
import { isAsyncGenerator } from '../decorators/handler-extras.js';
import { asyncIterableInterceptor } from './async-iterable.interceptor.js';

/** A method of a class, which has the metadata of its interceptors. */
interface InterceptedMethod {
  readonly controller: object;
  readonly name: string;
  readonly method: object;
}

/** The methods of an application that may return an async iterable. */
interface Intercepted {
  readonly methods: readonly InterceptedMethod[];
  readonly hasGlobalInterceptors: boolean;
}

const prepared = new WeakSet<object>();

/**
 * Adds the interceptor of async iterables to the handlers that may return one, as their innermost: to async
 * generators, so that filters get their errors, and to each method that has interceptors, as it is not known what a
 * plain function returns. Why not to all: an interceptor costs time.
 */
export function interceptIterables({ methods, hasGlobalInterceptors }: Intercepted): void {
  for (const entry of methods) {
    const { method, name } = entry;
    if (prepared.has(method)) continue;
    if (!isAsyncGenerator(method) && !hasGlobalInterceptors && !hasInterceptors(entry)) continue;
    prepared.add(method);
    UseInterceptors(asyncIterableInterceptor)({}, name, { value: method });
  }
}

function hasInterceptors({ controller, method }: InterceptedMethod): boolean {
  return [controller, method].some((target) => Reflect.hasMetadata(INTERCEPTORS_METADATA, target));
}
