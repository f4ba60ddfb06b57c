import { ConfigurationError } from '../protocol/configuration-error.js';

/** The highest port. */
export const MAX_PORT = 65_535;
/** The longest time of Node's timers: they fire at once for a longer one. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Tells whether a value is allowed. */
export type Test = (value: unknown) => boolean;

/**
 * Checks the value of an option.
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function check(option: string, given: unknown, allowed: string, test: Test): void {
  if (!test(given)) throw new ConfigurationError(option, given, allowed);
}

/**
 * Checks that the options are an object with known names only.
 * @throws ConfigurationError naming those there are
 */
export function checkNames(given: unknown, names: Readonly<Record<string, true>>): void {
  check('options', given, 'an object', isObject);
  for (const name of Object.keys(given as object)) {
    check('options', name, `none but ${Object.keys(names).join(', ')}`, () => Object.hasOwn(names, name));
  }
}

/** Allows undefined as well. */
export function optional(test: Test): Test {
  return (value) => isMissing(value) || test(value);
}

/** Allows undefined and null as well. */
export function nullable(test: Test): Test {
  return (value) => value === undefined || value === null || test(value);
}

export function isInteger(from: number, to: number): Test {
  return (value) => Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to;
}

/** The number of a port, 0 included. */
export const isPort: Test = isInteger(0, MAX_PORT);

export function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

export function isString(value: unknown): value is string {
  return typeof value === 'string';
}

export function isText(value: unknown): value is string {
  return isString(value) && value !== '';
}

export function isMissing(value: unknown): value is undefined {
  return value === undefined;
}

export function isUrlPath(value: unknown): boolean {
  return isText(value) && value.startsWith('/');
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

export function hasMethod(name: string): Test {
  return (value) => isObject(value) && typeof value[name] === 'function';
}
