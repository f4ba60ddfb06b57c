import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

/**
 * The instances of a class that a user has named in options. If the class is a provider of the application, that
 * provider is used; any other class is made once, with what the module can inject.
 */
export class ProvidedClass<T> {
  private made: Promise<T> | undefined;

  /**
   * @param type the class
   * @param moduleRef the module that injects into what is made
   */
  constructor(
    private readonly type: Type<T>,
    private readonly moduleRef: ModuleRef,
  ) {}

  /** Whether the class is a provider of the application, which tests can override. */
  get isProvided(): boolean {
    try {
      this.moduleRef.introspect(this.type);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * The one instance.
   * @throws Error for a provider in request scope or a transient one, which has no one instance
   */
  instance(): T | Promise<T> {
    return this.isProvided ? this.moduleRef.get<T>(this.type, { strict: false }) : this.make();
  }

  /** Makes the instance of a class that is no provider. */
  make(): Promise<T> {
    this.made ??= this.moduleRef.create(this.type);
    return this.made;
  }
}
