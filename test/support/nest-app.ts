import { Module, type ModuleMetadata, type Type } from '@nestjs/common';

/** Nest options of every application in the tests: silent, and a failed start is thrown instead of ending the process. */
export const QUIET = { logger: false, abortOnError: false } as const;

/** A root module made of its metadata. */
export function moduleOf(metadata: ModuleMetadata): Type<object> {
  class TestModule {}
  Module(metadata)(TestModule);
  return TestModule;
}
