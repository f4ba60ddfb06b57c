import { check, isBoolean, nullable } from '../protocol/option-checks.js';

/**
 * Node's flags of sockets. Why they are checked here: Node takes every value, so that the text 'false' of an
 * environment variable would mean true.
 */
export const SOCKET_FLAGS = ['noDelay', 'keepAlive', 'allowHalfOpen', 'pauseOnConnect'] as const;

/**
 * Checks options that are true or false.
 * @param prefix what stands before their names in errors
 * @throws ConfigurationError for any other value but null and undefined
 */
export function checkFlags(
  given: Readonly<Record<string, unknown>>,
  prefix: string,
  names: readonly string[],
): void {
  for (const name of names) check(`${prefix}${name}`, given[name], 'true or false', nullable(isBoolean));
}
