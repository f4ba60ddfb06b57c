import { check, checkNames, isBoolean, isObject, nullable } from '../../protocol/option-checks.js';
import type { Introspection } from '../../server/server-options.js';
import { isGuard, isGuardClass, type GuardOption } from '../server/guard-source.js';

/** The options of the reserved interface `jstp.reflection`. */
export interface ReflectionOptions {
  /**
   * Decides on each call of `jstp.reflection`: a guard, or (with JstpModule) the class of one. @default all clients that
   * `introspection` lets see names
   */
  readonly guard?: GuardOption;
}

/** The option `reflection` of JstpServer. */
export type ReflectionOption = boolean | ReflectionOptions;

/** The options with their defaults; undefined: the server does not describe its applications. */
export function resolveReflection(
  given: ReflectionOption | null | undefined,
  introspection: Introspection | undefined,
): ReflectionOptions | undefined {
  check(
    'reflection',
    given,
    'true, false or { guard }',
    (value) => nullable(isBoolean)(value) || isObject(value),
  );
  if (!given) return undefined;
  const options = given === true ? {} : given;
  checkNames('reflection', options, ['guard']);
  const { guard } = options;
  check('reflection.guard', guard, 'a guard, or the class of one', (value) => {
    return value === undefined || isGuard(value) || isGuardClass(value);
  });
  check(
    'reflection',
    given,
    "{ guard } where introspection is 'none', which says that nobody sees names",
    () => introspection !== 'none' || guard !== undefined,
  );
  return options;
}
