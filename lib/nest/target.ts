import { TextCache } from '../util/text-cache.js';

/** The interface of handlers and patterns that name none. */
export const DEFAULT_INTERFACE = 'default';

/** A method or event of a JSTP application. */
export interface Target {
  readonly interfaceName: string;
  /** The method's or the event's name. */
  readonly name: string;
}

/** Makes Nest's route string of a pattern: `ClientProxy` and `Server` have it as `normalizePattern`. */
export type PatternNormalizer = (pattern: never) => unknown;

/**
 * What a Nest pattern means in JSTP, for both sides of the line:
 *
 * - `'iface.method'`: split at the last dot; where a part would be empty, or the interface 'default', or
 *   without a dot, the whole string is a name in 'default'. A number is taken as its text.
 * - `{ interface, method }` and `{ interface, event }` (own string properties, no others): as they say.
 * - any other pattern: Nest's route string as a name in 'default'.
 *
 * @param pattern the pattern of a handler or of `send` and `emit`
 * @param normalizePattern gives Nest's route string of a pattern that is none of JSTP's
 */
export function targetOf(pattern: unknown, normalizePattern: PatternNormalizer): Target {
  if (typeof pattern === 'string') return targetOfText(pattern);
  if (typeof pattern === 'number') return targetOfText(String(pattern));
  return (
    namedTarget(pattern) ?? {
      interfaceName: DEFAULT_INTERFACE,
      name: String(normalizePattern(pattern as never)),
    }
  );
}

const MAX_PATTERNS = 16_384;
/** The longest pattern that is kept, in UTF-16 units. */
const MAX_PATTERN_LENGTH = 128;

// Why they are kept: a program sends few patterns, again and again. The texts that are cut out of one are not the
// engine's copies, and finding how they are written takes longer (`test/bench/shortcuts.js`).
const targets = new TextCache<Target>(MAX_PATTERNS, MAX_PATTERN_LENGTH);

function targetOfText(text: string): Target {
  return targets.get(text) ?? targets.add(text, splitText);
}

function splitText(text: string): Target {
  const dot = text.lastIndexOf('.');
  const interfaceName = text.slice(0, Math.max(dot, 0));
  // 'default.sum' is not 'sum' (two patterns are never one name), and the text of an object pattern is one name.
  const isName = interfaceName === '' || interfaceName === DEFAULT_INTERFACE || text.startsWith('{');
  return isName || dot === text.length - 1
    ? { interfaceName: DEFAULT_INTERFACE, name: text }
    : { interfaceName, name: text.slice(dot + 1) };
}

function namedTarget(pattern: unknown): Target | undefined {
  if (!isPlainObject(pattern)) return undefined;
  const keys = Reflect.ownKeys(pattern);
  if (keys.length !== 2 || !Object.hasOwn(pattern, 'interface')) return undefined;
  const key = keys.find((other) => other !== 'interface');
  if (key !== 'method' && key !== 'event') return undefined;
  const { interface: interfaceName, [key]: name } = pattern;
  return typeof interfaceName === 'string' && typeof name === 'string' ? { interfaceName, name } : undefined;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
