import { TextCache } from '../util/text-cache.js';

/** The interface of handlers and patterns that do not name one. */
export const DEFAULT_INTERFACE = 'default';

/** Names a method or event of a JSTP application. */
export interface Target {
  /** The name of the interface. */
  readonly interfaceName: string;
  /** The name of the method or event. */
  readonly name: string;
}

/** Makes Nest's route string of a pattern; the method `normalizePattern` of `ClientProxy` and `Server`. */
export type PatternNormalizer = (pattern: never) => unknown;

/**
 * Returns the method or event that a Nest pattern names, for clients and servers alike:
 *
 * - `'iface.method'` is split at the last dot. Without a dot, where a part would be empty, and where the interface
 * would be
 *   'default', the whole string is a name in 'default'. A number counts as its text.
 * - `{ interface, method }` and `{ interface, event }` (own string properties, and no others) name both.
 * - Any other pattern is a name in 'default': Nest's route string.
 *
 * @param pattern the pattern of a handler, or of `send` and `emit`
 * @param normalizePattern makes Nest's route string of a pattern of the third kind
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
// engine's copies, and finding how they are written takes longer (`npm run bench:shortcuts`).
const targets = new TextCache<Target>(MAX_PATTERNS, MAX_PATTERN_LENGTH);

function targetOfText(text: string): Target {
  return targets.get(text) ?? targets.add(text, splitText);
}

function splitText(text: string): Target {
  const dot = text.lastIndexOf('.');
  const interfaceName = text.slice(0, Math.max(dot, 0));
  // 'default.sum' is another name than 'sum', as two patterns are never one name. The text of an object pattern (which
  // begins with a brace) is one name.
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
