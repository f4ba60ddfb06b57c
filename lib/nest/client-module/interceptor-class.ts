import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { Observable } from 'rxjs';
import type { JstpClientCall, JstpClientInterceptor, JstpClientNext } from '../client/client-interceptors.js';
import { ProvidedClass } from '../provided-class.js';

/** The interceptor of a class: the application's provider, or one that is made. */
export class InterceptorClass implements JstpClientInterceptor {
  private readonly provided: ProvidedClass<JstpClientInterceptor>;
  private ready: JstpClientInterceptor | undefined;

  /**
   * @param type the class
   * @param moduleRef the module that injects into the interceptor
   */
  constructor(type: Type<JstpClientInterceptor>, moduleRef: ModuleRef) {
    this.provided = new ProvidedClass(type, moduleRef);
  }

  /**
   * Finds or makes the interceptor.
   * @throws Error where it cannot be injected, or has no one instance (request scope)
   */
  async prepare(): Promise<JstpClientInterceptor> {
    this.ready ??= await this.provided.instance();
    return this.ready;
  }

  intercept(call: JstpClientCall, next: JstpClientNext): Observable<unknown> | Promise<Observable<unknown>> {
    // Why it may not be ready: a provider may call from its own onModuleInit, or before.
    return this.ready
      ? this.ready.intercept(call, next)
      : this.prepare().then((interceptor) => interceptor.intercept(call, next));
  }
}
