import type { Type } from '@nestjs/common';
import type { ApplicationConfig, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { RpcException } from '@nestjs/microservices';
import { ERR_INTERNAL_API_ERROR } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { interceptIterables } from '../handling/intercept-iterables.js';
import { hideStreamTypes } from '../handling/stream-parameters.js';
import { PrintableLogger } from '../printable-logger.js';
import { assertApplied } from './applied-enhancers.js';
import { ClientLife, type ProviderSource } from './client-life.js';
import { DecoratedProviders, type ClientPlace, type ServedMethod } from './decorated-providers.js';
import { MethodHandlers } from './method-handlers.js';
import { ProviderApplication } from './provider-application.js';

/** Finds the providers of an application that serve its clients' servers. */
export class ModuleProviders implements ProviderSource {
  private readonly logger = new PrintableLogger('JstpClientModule');

  /**
   * @param moduleClass JstpClientModule
   * @param modules those of the application
   * @param external makes handlers
   * @param config has the global enhancers
   */
  constructor(
    private readonly moduleClass: Type,
    private readonly modules: ModulesContainer,
    private readonly external: ExternalContextCreator,
    private readonly config: ApplicationConfig,
  ) {}

  applicationFor(owner: ClientLife, report: (error: unknown) => void): ProviderApplication | undefined {
    const places = this.places();
    const host = places.find(({ life }) => life === owner)?.host;
    const found = host ? new DecoratedProviders(this.modules, places).of(host) : [];
    if (found.length === 0) return undefined;
    found.forEach(assertApplied);
    this.prepare(found);
    const errorOf = (error: unknown): unknown => answerOf(error, report);
    const handlers = new MethodHandlers(this.external, errorOf);
    const application = new ProviderApplication(found, {
      handlerOf: (method) => handlers.create(method),
      errorOf,
      report,
    });
    this.logger.log(`The server of the client "${owner.name}" reaches ${application.describe()}`);
    return application;
  }

  private places(): (ClientPlace & { readonly life: ClientLife })[] {
    return [...this.modules.values()].flatMap((host) => {
      const life: unknown =
        host.metatype === this.moduleClass ? host.providers.get(ClientLife)?.instance : undefined;
      return life instanceof ClientLife ? [{ name: life.name, host, life }] : [];
    });
  }

  /** So that interceptors and filters get the values of async iterables, and pipes leave streams as they are. */
  private prepare(found: readonly ServedMethod[]): void {
    const global = [...this.config.getGlobalInterceptors(), ...this.config.getGlobalRequestInterceptors()];
    const methods = found.map(({ type, declared }) => ({
      controller: type,
      name: declared.key,
      method: declared.method,
    }));
    hideStreamTypes(methods);
    interceptIterables({ methods, hasGlobalInterceptors: global.length > 0 });
  }
}

/** Makes what the caller gets of an error: the same as for functions that a client exposes. */
function answerOf(error: unknown, report: (error: unknown) => void): unknown {
  if (error instanceof RemoteError) return error;
  if (error instanceof RpcException) return error.getError();
  report(error);
  return new RemoteError(ERR_INTERNAL_API_ERROR);
}
