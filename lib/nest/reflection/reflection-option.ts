import { check, checkNames, isBoolean, isObject, isString, nullable } from '../../protocol/option-checks.js';
import type { Introspection } from '../../server/server-options.js';
import { isGuard, isGuardClass, type GuardOption } from '../server/guard-source.js';

/** The options of the reserved interface `jstp.reflection`. */
export interface ReflectionOptions {
  /**
   * Decides on each call of `jstp.reflection`: a guard, or (with JstpModule) the class of one. @default all clients that
   * `introspection` lets see names
   */
  readonly guard?: GuardOption;
  /** What the applications are for, by name or by 'name@version': plain text or Markdown. @default nothing is said */
  readonly descriptions?: Readonly<Record<string, string>>;
}

/** The option `reflection` of JstpServer. */
export type ReflectionOption = boolean | ReflectionOptions;

/** The options with their defaults; undefined: the server does not describe its applications. */
export function resolveReflection(
  given: ReflectionOption | null | undefined,
  introspection: Introspection | undefined,
): ReflectionOptions | undefined {
  const allowed = 'true, false or { guard, descriptions }';
  check('reflection', given, allowed, (value) => nullable(isBoolean)(value) || isObject(value));
  if (!given) return undefined;
  const options = given === true ? {} : given;
  checkNames('reflection', options, ['guard', 'descriptions']);
  const { guard, descriptions } = options;
  const isGuardOption = (value: unknown): boolean =>
    value === undefined || isGuard(value) || isGuardClass(value);
  check('reflection.guard', guard, 'a guard, or the class of one', isGuardOption);
  const isTexts = (value: unknown): boolean => isObject(value) && Object.values(value).every(isString);
  check('reflection.descriptions', descriptions ?? {}, 'an object of texts', isTexts);
  const needed = "{ guard } where introspection is 'none', which says that nobody sees names";
  check('reflection', given, needed, () => introspection !== 'none' || guard !== undefined);
  return options;
}
