import type { NestInterceptor, Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer, type ApplicationConfig } from '@nestjs/core';
import { NestMicroservice } from '@nestjs/microservices';
import { hasExtras } from '../decorators/handler-extras.js';

/** A method of a controller that may be a handler. */
export interface ControllerMethod {
  readonly controller: Type;
  readonly name: string;
  readonly method: object;
  /** The name of the module that has the controller. */
  readonly moduleName: string;
}

/** What an application is made of, as far as its handlers are concerned. */
export interface Registration {
  readonly methods: readonly ControllerMethod[];
  /** Whether interceptors of the application stand around each of its handlers. */
  readonly hasGlobalInterceptors: boolean;
  /** Puts an interceptor around those of the application, if there are any: without them handlers run faster. */
  putOutermost(this: void, interceptor: NestInterceptor): void;
}

/** A strategy that is told of an application before that registers its handlers. */
export interface RegistrationListener {
  /** Runs before Nest makes the handlers. */
  beforeRegistration(registration: Registration): void;
}

/** The parts of a microservice that Nest has declared private; in Nest 11 and 12 they are the same. */
interface MicroserviceParts {
  readonly serverInstance?: unknown;
  readonly applicationConfig?: Pick<
    ApplicationConfig,
    'getGlobalInterceptors' | 'getGlobalRequestInterceptors'
  >;
}

const scanner = new MetadataScanner();
let isWatching = false;
/** The strategies of ours that applications have been connected to. */
const connected = new WeakMap<ModulesContainer, Set<unknown>>();

/** The strategies of ours that an application has been connected to. */
export function strategiesOf(modules: ModulesContainer): ReadonlySet<unknown> {
  return connected.get(modules) ?? new Set();
}

/**
 * From now on tells strategies of what they serve. Nest hands a strategy functions only: neither whose method one
 * is, nor could its result still be seen before the interceptors see it. `NestMicroservice.registerListeners` is
 * where Nest makes these functions, of a microservice as of a hybrid application.
 *
 * @param isListener whether a strategy is one of ours
 */
export function watchRegistrations(
  isListener: (strategy: unknown) => strategy is RegistrationListener,
): void {
  if (isWatching) return;
  isWatching = true;
  const prototype = NestMicroservice.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the microservice below
  const { registerListeners } = prototype;
  prototype.registerListeners = function (this: NestMicroservice): void {
    const { serverInstance, applicationConfig } = this as unknown as MicroserviceParts;
    if (isListener(serverInstance)) {
      const modules = this.get(ModulesContainer);
      connected.set(modules, new Set([...strategiesOf(modules), serverInstance]));
      const everywhere = applicationConfig?.getGlobalInterceptors() ?? [];
      const ofRequests = applicationConfig?.getGlobalRequestInterceptors() ?? [];
      const hasGlobalInterceptors = everywhere.length > 0 || ofRequests.length > 0;
      serverInstance.beforeRegistration({
        methods: methodsOf(modules),
        hasGlobalInterceptors,
        putOutermost: (interceptor) => {
          // Nest's own list, in which those of requests come last.
          if (hasGlobalInterceptors && !everywhere.includes(interceptor)) everywhere.unshift(interceptor);
        },
      });
    }
    registerListeners.call(this);
  };
}

/** In the order in which Nest registers them. */
function methodsOf(modules: ModulesContainer): ControllerMethod[] {
  const methods: ControllerMethod[] = [];
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      const prototype = metatype.prototype as Record<string, object>;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const method = prototype[name];
        if (hasExtras(method)) {
          methods.push({ controller: metatype as Type, name, method, moduleName: module.name });
        }
      }
    }
  }
  return methods;
}
