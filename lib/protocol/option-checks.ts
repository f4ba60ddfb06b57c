import { nearestName } from '../util/nearest-name.js';
import { toLogText } from '../util/log-text.js';
import { ConfigurationError } from './configuration-error.js';

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

/** Names of somebody else's options, which are passed on. */
export interface PassedNames {
  readonly names: readonly string[];
  /** Whose they are: "Node's net.createServer". */
  readonly whose: string;
}

/**
 * Checks that options are an object with known names only. What is unknown is named without its value, which may be
 * a misspelt password.
 * @param option what the object is: 'options', 'limits'...
 * @param names ours
 * @param passed those that are passed on
 * @throws ConfigurationError naming those there are, and a similar one that may have been meant
 */
export function checkNames(
  option: string,
  given: unknown,
  names: readonly string[],
  passed?: PassedNames,
): void {
  check(option, given, 'an object', isObject);
  const all = passed ? [...names, ...passed.names] : names;
  const unknown = Object.keys(given as object).find((name) => !all.includes(name));
  if (unknown === undefined) return;
  const known = [...names, ...(passed ? [`those of ${passed.whose}`] : [])].join(', ');
  const nearest = nearestName(unknown, all);
  const hint = nearest === undefined ? '.' : `: did you mean "${nearest}"?`;
  const text = `Unknown name ${JSON.stringify(toLogText(unknown))} in ${option}${hint} Known are ${known}`;
  throw new ConfigurationError(option, unknown, known, text);
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

const isPortNumber = isInteger(0, MAX_PORT);

/** Whether a value is a port, 0 included; as for Node it may be a text of digits, as environment variables are. */
export const isPort: Test = (value) =>
  isPortNumber(isString(value) && /^\d+$/.test(value) ? Number(value) : value);

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

export function isHttpServer(value: unknown): boolean {
  return hasMethod('on')(value) && hasMethod('address')(value);
}
