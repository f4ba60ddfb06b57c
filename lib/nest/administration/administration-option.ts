import { check, checkNames, isObject, nullable } from '../../protocol/option-checks.js';
import { isGuard, isGuardClass, type GuardOption } from '../server/guard-source.js';

/** The options of the reserved interface `jstp.administration`. */
export interface AdministrationOptions {
  /**
   * Decides on each call of `jstp.administration`: a guard, or (with JstpModule) the class of one. It has no default: who
   * may look into a server, and end what is there, must be said.
   */
  readonly guard: GuardOption;
}

/** Checks the option; undefined: the server cannot be administered. */
export function resolveAdministration(
  given: AdministrationOptions | null | undefined,
): AdministrationOptions | undefined {
  check('administration', given, '{ guard }', nullable(isObject));
  if (!given) return undefined;
  checkNames('administration', given, ['guard']);
  const { guard } = given as { guard?: unknown };
  check(
    'administration.guard',
    guard,
    'a guard, or the class of one: it says who may administer the server',
    (value) => isGuard(value) || isGuardClass(value),
  );
  return given;
}
