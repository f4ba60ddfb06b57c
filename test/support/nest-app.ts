import { Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { ClientProxy } from '@nestjs/microservices';

/** Whether this is Nest 12, told by the dispatch hook that came with it; else it is Nest 11. */
export const isNest12 = 'setOnDispatchHook' in ClientProxy.prototype;

/** Nest options of every application in the tests: silent, and a failed start is thrown instead of ending the process. */
export const QUIET = { logger: false, abortOnError: false } as const;

/** A root module made of its metadata. */
export function moduleOf(metadata: ModuleMetadata): Type<object> {
  class TestModule {}
  Module(metadata)(TestModule);
  return TestModule;
}
