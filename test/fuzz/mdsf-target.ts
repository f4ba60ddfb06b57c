import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import { largeText, type MdsfSyntaxError, parse, stringify, useLargeWriter } from '../../lib/mdsf/index.js';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { jsonText, valueText } from './grammar.js';
import { mutatePiece } from './mutate.js';
import { readAllWays, type Outcome } from './read-all-ways.js';
import { checkWithReference } from './reference.js';
import { bytesOf, Finding, pieceOf, type Input, type Target } from './target.js';

/** So much, and beyond ASCII, that `JSON.parse` reads what is around it, where that looks like JSON. */
const PADDING = `"${'é'.repeat(100)}"`;
/** So many values that `JSON.stringify` may write them. */
const COPIES = 6;
/** So many values that what is with them counts as large. */
const NULLS = new Array<null>(20).fill(null);
const MORE_DEPTH = { maxDepth: 300 };
const WITH_BYTES = { ...MORE_DEPTH, bytes: true };
const CHECKS = 4;
/** The reference takes most of the time. */
const REFERENCE_SHARE = 2;

/** Reading and writing of MDSF. */
export class MdsfTarget implements Target {
  readonly name = 'mdsf';

  /** @param isThorough whether each input is checked in all ways; else in one of them, which saves time */
  constructor(private readonly isThorough = true) {}

  generate(random: SeededRandom): Input {
    return [pieceOf(random.happens(0.3) ? jsonText(random) : valueText(random))];
  }

  mutate([piece = '']: Input, random: SeededRandom, [other = '']: Input): Input {
    return [mutatePiece(piece, random, other)];
  }

  count(): number {
    return 1;
  }

  run([piece = '']: Input): string {
    const bytes = bytesOf(piece);
    const outcome = readAllWays(bytes);
    const sum = bytes.reduce((total, byte) => total + byte, 0);
    const isDue = (check: number): boolean => this.isThorough || sum % CHECKS === check;
    if (piece.includes('`')) checkBytes(bytes, outcome);
    if (isUtf8(bytes)) this.check(bytes.toString(), outcome, isDue);
    if (isDue(3)) readAllWays(bytes, { maxDepth: bytes.length % 7, maxValues: bytes.length % 11 });
    return outcome.error ? wordsOf(outcome.error) : shapeOf(outcome.value, 2);
  }

  private check(text: string, outcome: Outcome, isDue: (check: number) => boolean): void {
    checkWithJson(text, outcome);
    if (isDue(0) && (this.isThorough || text.length % REFERENCE_SHARE === 0))
      checkWithReference(text, outcome);
    if (outcome.error) return;
    if (isDue(1)) checkWithin(text, outcome.value);
    if (isDue(2)) checkWriting(outcome.value);
  }
}

/** Where bytes are allowed, all else is read as ever, and what is read is what is written. */
function checkBytes(bytes: Buffer, outcome: Outcome): void {
  const { error, value } = readAllWays(bytes, WITH_BYTES);
  const isOther = error !== undefined || !isDeepStrictEqual(value, outcome.value);
  if (!outcome.error && isOther) throw new Finding('read differently where bytes are allowed');
  if (error) return;
  const text = stringify(value, WITH_BYTES);
  if (!isDeepStrictEqual(parse(text, WITH_BYTES), canonical(value)))
    throw new Finding(`${JSON.stringify(value)} is written with bytes as ${text}`);
}

function checkWithJson(text: string, outcome: Outcome): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  if (outcome.error?.code === 'ERR_MDSF_DEPTH') return;
  if (outcome.error || !isDeepStrictEqual(value, outcome.value))
    throw new Finding(
      `read differently by JSON.parse: ${JSON.stringify(value)}; here: ${outcome.error?.message ?? JSON.stringify(outcome.value)}`,
    );
}

/** A value must not depend on what is around it, which decides whether `JSON.parse` reads it. */
function checkWithin(text: string, value: unknown): void {
  const around = parse(`[${text}\n,${PADDING}]`, MORE_DEPTH);
  const [first, padding] = around as unknown[];
  if (!isDeepStrictEqual(first, value) || padding !== JSON.parse(PADDING))
    throw new Finding(`read as ${JSON.stringify(value)} alone, as ${JSON.stringify(first)} within an array`);
}

function checkWriting(value: unknown): void {
  checkRoundTrip(value);
  checkWriters(value);
  checkWriters(dressed(value));
}

/** The writer of large values makes the same text as the writer of all others, or leaves a value to that. */
function checkWriters(value: unknown): void {
  const large = [...NULLS, value];
  const ours = largeText(large, MORE_DEPTH.maxDepth);
  if (ours === undefined) return;
  useLargeWriter(() => undefined);
  try {
    const text = stringify(large, MORE_DEPTH);
    if (text !== ours) throw new Finding(`written as ${text}, and where it is large, as ${ours}`);
  } finally {
    useLargeWriter(largeText);
  }
}

/** What some objects inherit from. */
const INHERITED = { inherited: 'and so not written' };

/** The same value with dates in the place of numbers, and objects that inherit members, or nothing at all, in the place of others. */
function dressed(value: unknown): unknown {
  if (typeof value === 'number') return new Date(value % 1 === 0 ? value : value * 1e12);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.map(dressed);
  const members = Object.entries(value);
  const object = Object.create(members.length % 2 === 0 ? INHERITED : null) as object;
  for (const [key, member] of members)
    Object.defineProperty(object, key, { value: dressed(member), enumerable: true, configurable: true });
  return object;
}

function checkRoundTrip(value: unknown): void {
  const expected = canonical(value);
  const text = stringify(value, MORE_DEPTH);
  if (/[\0\r\n\u2028\u2029]/.test(text))
    throw new Finding(`written with a line end or NUL: ${JSON.stringify(text)}`);
  if (!isDeepStrictEqual(parse(text, MORE_DEPTH), expected))
    throw new Finding(`${JSON.stringify(value)} is written as ${text}`);
  const many = stringify(new Array(COPIES).fill(value), MORE_DEPTH);
  if (!isDeepStrictEqual(parse(many, MORE_DEPTH), new Array(COPIES).fill(expected)))
    throw new Finding(`many of ${JSON.stringify(value)} are written as ${many}`);
}

/** What becomes of a value that was written: MDSF has no -0 and writes no NaN. */
function canonical(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  if (Buffer.isBuffer(value)) return value;
  const object = {};
  for (const [key, member] of Object.entries(value)) {
    const property = { value: canonical(member), writable: true, enumerable: true, configurable: true };
    Object.defineProperty(object, key, property);
  }
  return object;
}

function wordsOf({ code, message }: MdsfSyntaxError): string {
  return `${code} ${message.replace(/ at position \d+$/, '').replaceAll(/\d+/g, '#')}`;
}

/** What kind of value it is, down to a level. */
function shapeOf(value: unknown, levels: number): string {
  if (typeof value === 'string')
    return value.length > 31 ? 'long string' : /[^ -~]/.test(value) ? 'odd string' : 'string';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value !== 'object' || value === null) return String(value);
  if (levels === 0) return 'deep';
  const members = Object.values(value).map((member) => shapeOf(member, levels - 1));
  const kinds = [...new Set(members)].sort();
  return `${Array.isArray(value) ? '[' : '{'}${members.length > 15 ? 'many ' : ''}${kinds.join()}`;
}
