import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from './read-all-ways.js';
import { Finding } from './target.js';
import { isBlank, isComment, tokensOf } from './tokens.js';

// The reference package `mdsf`, without its native part: that is told by console.warn.
interface Reference {
  parse(text: string): unknown;
  stringify(value: unknown): string;
}
const { warn } = console;
console.warn = () => undefined;
export const reference = createRequire(import.meta.url)('mdsf') as Reference;
console.warn = warn;

const NUMBER =
  /^[+-]?(?:0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|Infinity|NaN)$/;

/** A difference that is meant: why, and whether a text may have it. */
interface Difference {
  readonly why: string;
  readonly isIn: (tokens: readonly string[]) => boolean;
}

const isNumber = (token: string): boolean => /^[+\-.\d]/.test(token);
const somePair =
  (test: (token: string, next: string) => boolean) =>
  (tokens: readonly string[]): boolean =>
    tokens.some((token, i) => test(token, tokens[i + 1] ?? ''));
const isClutter = (token: string): boolean => isBlank(token) || isComment(token);

/** What this package reads and the reference's JavaScript parser refuses. */
const MORE: readonly Difference[] = [
  {
    why: 'NaN and Infinity, which its stringify writes and its native parser reads',
    isIn: (tokens) => tokens.some((token) => /^[+-]?(NaN|Infinity)$/.test(token)),
  },
  {
    why: 'several comments in a row, as the native parser has it',
    isIn: (tokens) =>
      somePair((one, other) => isComment(one) && isComment(other))(tokens.filter((token) => !isBlank(token))),
  },
  {
    why: 'numeric keys, as the native parser has it',
    isIn: (tokens) =>
      somePair((token, next) => isNumber(token) && next === ':')(tokens.filter((token) => !isClutter(token))),
  },
  {
    why: 'prefixes in capitals, as the native parser has it',
    isIn: (tokens) => tokens.some((token) => /^[+-]?0[XOB]/.test(token)),
  },
  {
    why: 'blanks of Unicode, as the native parser has it',
    isIn: (tokens) => tokens.some((token) => isBlank(token) && /[^ \f\n\r\t\v]/.test(token)),
  },
  {
    why: 'blanks and comments in an empty object',
    isIn: somePair((token, next) => token === '{' && isClutter(next)),
  },
  {
    why: 'blanks and comments before a colon',
    isIn: somePair((token, next) => isClutter(token) && next === ':'),
  },
];

/** What the reference reads and this package refuses. */
const LESS: readonly Difference[] = [
  {
    why: 'a number is read to its end, has one sign, and digits in its exponent',
    isIn: (tokens) => tokens.some((token) => isNumber(token) && !NUMBER.test(token)),
  },
];

/** What both read, each in its way. */
const OTHER: readonly Difference[] = [
  {
    why: 'a line that goes on in the next one, as in JavaScript and the native parser',
    isIn: (tokens) => tokens.some((token) => /^['"]/.test(token) && /\\[\n\r\u2028\u2029]/.test(token)),
  },
];

/**
 * Compares what this package has read with what the reference reads.
 * @throws {Finding} for a difference that is not meant
 */
export function checkWithReference(text: string, ours: Outcome): void {
  // A key __proto__ is data here, and sets a prototype there; it may be written with escapes.
  if (text.includes('__proto__') || (text.includes('\\') && text.includes('__'))) return;
  const isBounded = ours.error?.code === 'ERR_MDSF_DEPTH' || ours.error?.code === 'ERR_MDSF_VALUES';
  if (isBounded) return;
  const theirs = outcomeOf(text);
  const isRead = 'value' in theirs;
  if (ours.error && !isRead) return;
  const known = ours.error ? LESS : isRead ? OTHER : MORE;
  if (!ours.error && isRead && isDeepStrictEqual(ours.value, theirs.value)) return;
  const tokens = tokensOf(text);
  if (known.some(({ isIn }) => isIn(tokens))) return;
  const shown = ours.error?.message ?? JSON.stringify(ours.value);
  throw new Finding(
    `read differently by the reference: ${isRead ? JSON.stringify(theirs.value) : 'refused'}; here: ${shown}`,
  );
}

function outcomeOf(text: string): { readonly value?: unknown } {
  try {
    return { value: reference.parse(text) };
  } catch {
    return {};
  }
}
