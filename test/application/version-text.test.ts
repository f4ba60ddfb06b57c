import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { valid, validRange } from 'semver';
import { isVersion, isVersionRange } from '../../lib/application/version-text.js';

const RUNS = 3000;

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

/** Pieces of ranges, put together in any order: mostly nonsense. */
const PIECES = [
  ...['0', '1', '12', '01', '.', '.', '-', 'beta', '<', '>', '>=', '~', '^', ' ', '||', ' - '],
  ...['1.2.3', '1.2', '-rc.1', '1.2.3+5'],
];
const nonsenseOf = (...pieces: string[]) =>
  fc
    .array(fc.constantFrom(...pieces), { maxLength: 6 })
    // semver takes operators one after the other if there are blanks between them ('~ >=1'), which means nothing.
    .map((parts) => parts.join('').replace(/([~^<>=v])\s+/g, '$1'));
const nonsense = nonsenseOf(...PIECES, 'x', '1.x', 'v', '=');

function expectSame<T>(text: string, actual: T, expected: T): void {
  expect([text, actual]).toEqual([text, expected]);
}

describe('version texts', () => {
  test('what semver takes for a version is one, and nothing else', () => {
    const agree = (text: string): void => expectSame(text, isVersion(text), valid(text) !== null);
    fc.assert(fc.property(fc.oneof(version, nonsense), agree), { numRuns: RUNS });
    const long = `1.2.3-${'a'.repeat(256)}`;
    for (const text of ['9007199254740991.0.0', '9007199254740992.0.0', ' v1.2.3 ', long]) agree(text);
  });

  test('every range that is built by the rules is one', () => {
    const isTaken = (text: string): void => {
      expectSame(text, isVersionRange(text), true);
      expectSame(text, validRange(text) !== null, true);
    };
    fc.assert(fc.property(range, isTaken), { numRuns: RUNS });
  });

  test('what semver takes for a range is one', () => {
    const isTakenToo = (text: string): void =>
      expectSame(text, validRange(text) === null || isVersionRange(text), true);
    fc.assert(fc.property(nonsense, isTakenToo), { numRuns: RUNS });
  });

  test('what semver does not take for a range is none', () => {
    const agree = (text: string): void => expectSame(text, isVersionRange(text), validRange(text) !== null);
    // Without open parts and prefixes, of which semver takes some combinations only ('~1.x.3', but no '1.x.3').
    fc.assert(fc.property(nonsenseOf(...PIECES), agree), { numRuns: RUNS });
    for (const text of [
      'latest',
      '1.2.3.4',
      '>>1',
      '01.2.3',
      '^',
      '9007199254740992',
      '1.2.3-',
      '1 -2',
      '><1',
      '|',
      '1 | 2',
    ])
      expectSame(text, isVersionRange(text), false);
  });

  test('long nonsense is refused in no time', () => {
    const texts = [
      '1.2.3-.'.repeat(20_000),
      '1 '.repeat(50_000) + '!',
      '1.2.3+' + 'a.'.repeat(50_000) + '!',
      '^'.repeat(100_000),
      '='.repeat(100_000),
      '1.2.3-' + '1'.repeat(100_000) + '!',
    ];
    const started = performance.now();
    for (const text of texts) expect(isVersionRange(text)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
