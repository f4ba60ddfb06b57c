import type { NestInterceptor, Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer, type ApplicationConfig } from '@nestjs/core';
import { NestMicroservice } from '@nestjs/microservices';
import { hasExtras } from '../decorators/handler-extras.js';
import type { InterceptorsRunner } from '../handling/note-handlers.js';
import type { PipesRunner } from '../handling/tell-validation-errors.js';

/** A method of a controller that may be a handler. */
export interface ControllerMethod {
  /** The controller's class. */
  readonly controller: Type;
  /** The name of the method. */
  readonly name: string;
  /** The function, which has the metadata. */
  readonly method: object;
  /** The name of the module that has the controller. */
  readonly moduleName: string;
}

/** The parts of an application that concern its handlers. */
export interface Registration {
  /** The methods that may be handlers, in the order in which Nest registers them. */
  readonly methods: readonly ControllerMethod[];
  /** Runs the handlers within their interceptors; undefined where this Nest keeps it elsewhere. */
  readonly interceptorsRunner: InterceptorsRunner | undefined;
  /** Runs the pipes of the handlers; undefined where this Nest keeps it elsewhere. */
  readonly pipesRunner: PipesRunner | undefined;
  /** Whether the application has global interceptors. */
  readonly hasGlobalInterceptors: boolean;
  /**
   * Puts an interceptor outside of the global ones, if there are any. Why not otherwise: handlers without
   * interceptors are faster.
   */
  putOutermost(this: void, interceptor: NestInterceptor): void;
}

/** A strategy that is told about an application before the application registers its handlers. */
export interface RegistrationListener {
  /** Called before Nest makes the handlers. */
  beforeRegistration(registration: Registration): void;
}

/** Private parts of Nest's microservice; they are the same in Nest 11 and 12. */
interface MicroserviceParts {
  readonly serverInstance?: unknown;
  readonly microservicesModule?: {
    readonly listenersController?: {
      readonly contextCreator?: {
        readonly interceptorsConsumer?: InterceptorsRunner;
        readonly pipesConsumer?: PipesRunner;
      };
    };
  };
  readonly applicationConfig?: Pick<
    ApplicationConfig,
    'getGlobalInterceptors' | 'getGlobalRequestInterceptors'
  >;
}

const scanner = new MetadataScanner();
let isWatching = false;
/** The strategies of this package, by the applications that they are connected to. */
const connected = new WeakMap<ModulesContainer, Set<unknown>>();

/** Returns the strategies of this package to which an application is connected. */
export function strategiesOf(modules: ModulesContainer): ReadonlySet<unknown> {
  return connected.get(modules) ?? new Set();
}

/**
 * Calls `beforeRegistration` of strategies from now on. Why: Nest hands a strategy functions, which show neither
 * whose method they run, nor the result before the interceptors get it. Nest makes these functions in
 * `NestMicroservice.registerListeners`, for microservices and hybrid applications alike, so that method is replaced.
 *
 * @param isListener whether a strategy is one of this package
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
    const { serverInstance, applicationConfig, microservicesModule } = this as unknown as MicroserviceParts;
    if (isListener(serverInstance)) {
      const modules = this.get(ModulesContainer);
      const contextCreator = microservicesModule?.listenersController?.contextCreator;
      connected.set(modules, new Set([...strategiesOf(modules), serverInstance]));
      const interceptors = applicationConfig?.getGlobalInterceptors() ?? [];
      const ofRequests = applicationConfig?.getGlobalRequestInterceptors() ?? [];
      const hasGlobalInterceptors = interceptors.length > 0 || ofRequests.length > 0;
      serverInstance.beforeRegistration({
        methods: methodsOf(modules),
        interceptorsRunner: contextCreator?.interceptorsConsumer,
        pipesRunner: contextCreator?.pipesConsumer,
        hasGlobalInterceptors,
        putOutermost: (interceptor) => {
          // This is Nest's own list. Nest runs its interceptors before those of request scope.
          if (hasGlobalInterceptors && !interceptors.includes(interceptor)) interceptors.unshift(interceptor);
        },
      });
    }
    registerListeners.call(this);
  };
}

/** Returns the methods that may be handlers, in the order in which Nest registers them. */
export function methodsOf(modules: ModulesContainer): ControllerMethod[] {
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
