import { isReservedInterface } from '../../application/reserved-application.js';
import { check } from '../../protocol/option-checks.js';

const ALLOWED = "a name that does not begin with 'jstp.': those are reserved";

/**
 * Checks that an interface has no reserved name.
 * @param what what has the name, for the error
 * @throws ConfigurationError
 */
export function assertFree(interfaceName: string, what: string): void {
  check(what, interfaceName, ALLOWED, () => !isReservedInterface(interfaceName));
}
