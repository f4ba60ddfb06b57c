import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { valid, validRange } from 'semver';
import { isVersion, isVersionRange } from '../../lib/application/version-text.js';

const RUNS = 5000;

const number = fc.constantFrom('0', '1', '12', '305');
const open = fc.constantFrom('x', 'X', '*');
const prerelease = fc.constantFrom('', '', '-0', '-beta', '-rc.1', '-a-b.7.x');
const build = fc.constantFrom('', '', '+5', '+a.b-c');
const version = fc
  .tuple(number, number, number, prerelease, build)
  .map(([major, minor, patch, pre, meta]) => `${major}.${minor}.${patch}${pre}${meta}`);
const partial = fc.oneof(
  version,
  number,
  open,
  fc.tuple(number, number).map((parts) => parts.join('.')),
  fc.tuple(number, open).map((parts) => parts.join('.')),
  fc.tuple(number, number, open).map((parts) => parts.join('.')),
  fc.tuple(number, open, open).map((parts) => parts.join('.')),
);
const operator = fc.constantFrom('', '=', '<', '>', '<=', '>=', '~', '~>', '^', 'v', '> ', '^ ', '>=v');
const comparator = fc.tuple(operator, partial).map((parts) => parts.join(''));
const alternative = fc.oneof(
  fc.array(comparator, { maxLength: 3 }).map((parts) => parts.join(' ')),
  fc.tuple(partial, partial).map((parts) => parts.join(' - ')),
);
const range = fc.array(alternative, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('||'));
/** Pieces of ranges in any order, mostly nonsense. */
const pieces = fc.constantFrom(
  ...[
    '0',
    '1',
    '12',
    '01',
    'x',
    '.',
    '.',
    '-',
    '+',
    'beta',
    'v',
    '=',
    '<',
    '>',
    '>=',
    '~',
    '^',
    ' ',
    '||',
    ' - ',
  ],
  ...['1.2.3', '1.2', '1.x', '-rc.1', '9007199254740992'],
);
const nonsense = fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join(''));

describe('version texts', () => {
  test('what semver takes for a version is one, and nothing else', () => {
    const agree = (text: string): void =>
      expect([text, isVersion(text)]).toEqual([text, valid(text) !== null]);
    fc.assert(fc.property(fc.oneof(version, nonsense), agree), { numRuns: RUNS });
    for (const text of [
      '9007199254740991.0.0',
      '9007199254740992.0.0',
      ' v1.2.3 ',
      `1.2.3-${'a'.repeat(256)}`,
    ])
      agree(text);
  });

  test('every range that is built by the rules is one', () => {
    fc.assert(
      fc.property(range, (text) => {
        expect([text, isVersionRange(text)]).toEqual([text, true]);
        expect([text, validRange(text) !== null]).toEqual([text, true]);
      }),
      { numRuns: RUNS },
    );
  });

  test('what semver takes for a range is one', () => {
    fc.assert(
      fc.property(nonsense, (text) => {
        expect([text, validRange(text) === null || isVersionRange(text)]).toEqual([text, true]);
      }),
      { numRuns: RUNS },
    );
  });

  test('what semver does not take for a range is none', () => {
    fc.assert(
      // Of doubled prefixes semver takes some ('^=1', but no '==1'): here all are taken, the server decides.
      fc.property(
        nonsense.map((text) => text.replace(/[v=]+/g, '')),
        (text) => {
          expect([text, isVersionRange(text)]).toEqual([text, validRange(text) !== null]);
        },
      ),
      { numRuns: RUNS },
    );
    for (const text of [
      'latest',
      '1.2.3.4',
      '>>1',
      '01.2.3',
      '^',
      '1.2.3-',
      '1 -2',
      '><1',
      '1.x.3',
      '|',
      '1 | 2',
    ]) {
      expect([text, isVersionRange(text)]).toEqual([text, false]);
    }
  });

  test('long nonsense is refused in no time', () => {
    const started = performance.now();
    for (const text of [
      '1.2.3-.'.repeat(20_000),
      '1 '.repeat(50_000) + '!',
      '1.2.3+' + 'a.'.repeat(50_000) + '!',
      '^'.repeat(100_000),
    ]) {
      expect(isVersionRange(text)).toBe(false);
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
