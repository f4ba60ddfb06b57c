import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MdsfSyntaxError, parse, stringify } from '../../lib/mdsf/index.js';
import { type Outcome, readAllWays } from '../fuzz/read-all-ways.js';
import { checkWithReference, reference } from '../fuzz/reference.js';
import { Finding } from '../fuzz/target.js';
import { expectEqual } from './expect-equal.js';
import { parseBoth } from './parse-both.js';
import { anyValue } from './values.js';

/** What a value becomes by way of the reference: it sets prototypes for `__proto__`, and loses trailing undefined. */
function hasReferenceFlaw(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.at(-1) === undefined || value.some(hasReferenceFlaw);
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasReferenceFlaw);
}

function outcomeOf(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch {
    return 'refused';
  }
}

describe('the reference package', () => {
  it('reads what we write', () => {
    fc.assert(
      fc.property(
        anyValue.filter((value) => !JSON.stringify([value]).includes('__proto__')),
        (value) => {
          expectEqual(reference.parse(stringify([value, 0])), [value, 0]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('writes what we read', () => {
    fc.assert(
      fc.property(
        anyValue.filter((value) => value !== undefined && !hasReferenceFlaw([value])),
        (value) => {
          expectEqual(parseBoth(reference.stringify(value)), value);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['{a:1,b:[1,2,],c:{},}', "{'a b':\"x\",$c_1:'y'}", '[,1,,]', '[1,undefined]', '{a:undefined,b:1}', '[ ]'],
    [
      "'\\b\\f\\n\\r\\t\\v\\'\\\"\\\\'",
      "'\\x41\\u0041\\u{1F600}'",
      "'\\101\\7\\0'",
      "'\\q'",
      "'raw\nline\ttab'",
      "'é€'",
    ],
    [
      '0',
      '-0',
      '+5',
      '.5',
      '5.',
      '1.5e3',
      '1E-3',
      '0x1f',
      '-0xFF',
      '0o17',
      '0b11',
      '12345678901234567890',
      '5.4799999999999995',
    ],
    ['/* c */1', '1 // c', '[1,/*c*/2]', '[1 // c\n,2]', ' \t\n\r\v\f1'],
    [
      '01',
      '.',
      '--',
      'nul',
      'True',
      '[1 2]',
      '{a}',
      '{a:}',
      "'abc",
      '"abc\'',
      '[',
      '{',
      '',
      '{,}',
      "'\\xg'",
      '0xg',
      '1 2',
      '/',
    ],
  ])('agrees about %s and its like', (...texts) => {
    for (const text of texts) {
      expect([text, outcomeOf(() => parse(text))]).toStrictEqual([
        text,
        outcomeOf(() => reference.parse(text)),
      ]);
    }
  });

  /** Where we differ on purpose: text, what we read, what the reference (its JavaScript parser) reads. */
  const differences: [string, string, unknown, unknown][] = [
    ['a key __proto__ is data, it sets no prototype', '{__proto__:1}', 'own key', 'none'],
    ['NaN, which its stringify writes and its native parser reads', '[NaN]', [NaN], 'refused'],
    ['Infinity, for the same reason', '[-Infinity]', [-Infinity], 'refused'],
    ['a number is read to its end', '1-2', 'refused', 1],
    ['an exponent has digits', '1e', 'refused', 1],
    ['one sign is enough', '+-5', 'refused', -5],
    ['a line that goes on in the next one, as in JavaScript and the native parser', "'a\\\nb'", 'ab', 'a\nb'],
    ['several comments in a row, as the native parser has it', '/*1*//*2*/1', 1, 'refused'],
    ['numeric keys, as the native parser has it', '{17:1}', { 17: 1 }, 'refused'],
    ['upper case prefixes, as the native parser has it', '0X1F', 31, 'refused'],
    ['blanks of Unicode, as the native parser has it', '\u00a0\ufeff1', 1, 'refused'],
    ['blanks in an empty object', '{ }', {}, 'refused'],
    ['blanks between a key and its colon', '{a :1}', { a: 1 }, 'refused'],
  ];
  it.each(differences)('differs: %s', (_why, text, ours, theirs) => {
    const show = (outcome: unknown): unknown => {
      const value =
        typeof outcome === 'object' && outcome !== null && 'value' in outcome ? outcome.value : outcome;
      if (!text.includes('__proto__')) return value;
      return Object.hasOwn(value as object, '__proto__') ? 'own key' : 'none';
    };
    expect(show(outcomeOf(() => parseBoth(text)))).toStrictEqual(ours);
    expect(show(outcomeOf(() => reference.parse(text)))).toStrictEqual(theirs);
    // The fuzz runs know it, too.
    expect(() => checkWithReference(text, readAllWays(Buffer.from(text)))).not.toThrow();
  });

  it.each<[string, string, unknown]>([
    ['a value that both read', '[1]', { value: [2] }],
    ['a text that the reference refuses', '[1', { value: [1] }],
    ['a text that the reference reads', '[1]', { error: new MdsfSyntaxError('ERR_MDSF_SYNTAX', 'no', 0) }],
  ])('another difference is a finding of the fuzz runs: %s', (_what, text, ours) => {
    expect(() => checkWithReference(text, ours as Outcome)).toThrow(Finding);
  });

  it('differs: an unfinished comment or string is an error, it never hangs', () => {
    expect(() => parse('/* never')).toThrow(SyntaxError);
    expect(() => parse("'never")).toThrow(SyntaxError);
  });

  it('differs: what we write keeps undefined in arrays and has no NaN', () => {
    expect([stringify([1, undefined]), reference.stringify([1, undefined])]).toStrictEqual([
      '[1,undefined]',
      '[1,]',
    ]);
    expect([stringify([NaN]), reference.stringify([NaN])]).toStrictEqual(['[null]', '[NaN]']);
    expect([stringify("it's"), reference.stringify("it's")]).toStrictEqual(['"it\'s"', "'it\\'s'"]);
  });

  it('writes the same for what both can write', () => {
    class Special {
      toMDSF(): object {
        return { a: [1, 'x', null] };
      }
    }
    for (const value of [
      Buffer.from('bytes'),
      new Date(0),
      Object('s'),
      Object(1),
      new Special(),
      { 'a b': 1, c_$: [] },
      [[{}]],
    ]) {
      expect(stringify(value)).toBe(reference.stringify(value));
    }
  });
});
