import { nearestName } from '../util/nearest-name.js';
import { toLogText } from '../util/log-text.js';
import { ConfigurationError } from './configuration-error.js';

/** The highest port. */
export const MAX_PORT = 65_535;
/** The longest time of a timer, in milliseconds: Node's timers fire at once for a longer one. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Tells whether a value is allowed. */
export type Test = (value: unknown) => boolean;

/**
 * Checks the value of an option.
 * @param option the option's name, as `'limits.maxDepth'`
 * @param allowed what is allowed, for people: `'an integer from 1 to 100'`
 * @throws {ConfigurationError} naming the option, what was given and what is allowed
 */
export function check(option: string, given: unknown, allowed: string, test: Test): void {
  if (!test(given)) throw new ConfigurationError(option, given, allowed);
}

/** Names of options that are passed on to somebody else. */
export interface PassedNames {
  readonly names: readonly string[];
  /** To whom: "Node's net.createServer". */
  readonly whose: string;
}

/**
 * Checks that options are an object with known names only. The error does not show the value of an unknown name, which
 * may be a password under a misspelt name.
 * @param option what the object is: `'options'`, `'limits'`...
 * @param names the names that are known here
 * @param passed the names that are passed on
 * @throws {ConfigurationError} naming the unknown name, a known one that is similar, and all known names
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

/** Allows undefined besides what a test allows. */
export function optional(test: Test): Test {
  return (value) => isMissing(value) || test(value);
}

/** Allows undefined and null besides what a test allows. */
export function nullable(test: Test): Test {
  return (value) => value === undefined || value === null || test(value);
}

/** Allows integers in a range, both ends included. */
export function isInteger(from: number, to: number): Test {
  return (value) => Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to;
}

const isPortNumber = isInteger(0, MAX_PORT);

/** Whether a value is a port, 0 included. As for Node, it may be a text of digits, since environment variables are texts. */
export const isPort: Test = (value) =>
  isPortNumber(isString(value) && /^\d+$/.test(value) ? Number(value) : value);

export function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

export function isString(value: unknown): value is string {
  return typeof value === 'string';
}

/** Whether a value is a string that is not empty. */
export function isText(value: unknown): value is string {
  return isString(value) && value !== '';
}

export function isMissing(value: unknown): value is undefined {
  return value === undefined;
}

/** Whether a value is the path of a URL, such as '/jstp'. */
export function isUrlPath(value: unknown): boolean {
  return isText(value) && value.startsWith('/');
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Allows objects with a method of that name. */
export function hasMethod(name: string): Test {
  return (value) => isObject(value) && typeof value[name] === 'function';
}

/** Whether a value is an HTTP server, of any module and realm. */
export function isHttpServer(value: unknown): boolean {
  return hasMethod('on')(value) && hasMethod('address')(value);
}
