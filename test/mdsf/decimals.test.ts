import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from '../../lib/mdsf/index.js';
import { longDecimal } from '../../lib/mdsf/decimal.js';
import { parseBoth } from './parse-both.js';

/** These digits with a point before so many of the last ones. */
function decimal(digits: string, fraction: number): string {
  if (fraction === 0) return digits;
  const padded = digits.padStart(fraction + 1, '0');
  return `${padded.slice(0, -fraction)}.${padded.slice(-fraction)}`;
}

const digitsOf = (least: bigint, most: bigint): fc.Arbitrary<string> =>
  fc.bigInt(least, most).map((mantissa) => mantissa.toString());

describe('parse - decimals of many digits', () => {
  it('reads each as the engine does, wherever the point is', () => {
    const digits = fc.oneof(
      digitsOf(10n ** 14n, 10n ** 15n),
      digitsOf(10n ** 15n, 10n ** 18n),
      digitsOf(1n, 10n ** 22n),
    );
    fc.assert(
      fc.property(digits, fc.nat(25), fc.constantFrom('', '-', '+'), (all, fraction, sign) => {
        const text = sign + decimal(all, fraction);
        expect([text, parse(`[${text}]`)]).toStrictEqual([text, [Number(text)]]);
      }),
      { numRuns: 5000 },
    );
  });

  it('reads back each double, as JSON writes it', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ min: -1e6, max: 1e6 }),
        (any, near) => {
          expect(parse(`[${any},${near},]`)).toStrictEqual([Number(String(any)), Number(String(near))]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('rounds halves, and what is next to a half, as the engine does', () => {
    fc.assert(
      fc.property(
        fc.bigInt(2n ** 52n, 2n ** 53n),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(12),
        (double, shift, fraction) => {
          const half = (2n * double + 1n) << BigInt(shift - 1);
          for (const mantissa of [half - 1n, half, half + 1n]) {
            const text = decimal(mantissa.toString(), fraction);
            expect([text, parse(text)]).toStrictEqual([text, Number(text)]);
          }
        },
      ),
      { numRuns: 2000 },
    );
    // Halves with a fraction: 2^53 + 1 halves, quarters...
    for (const text of [
      '4503599627370496.5',
      '4503599627370497.5',
      '2251799813685248.25',
      '2251799813685248.75',
    ]) {
      expect(parseBoth(text)).toBe(Number(text));
    }
  });

  it('leaves to the engine what lies in the middle of two doubles', () => {
    expect(longDecimal(900719925474099, 3, 1, 0)).toBeNaN();
    expect(longDecimal(900719925474099, 2, 1, 0)).toBe(2 ** 53);
  });

  it.each([
    '123456789012345.',
    '1234567890123456.',
    '123456789012345.5',
    '.1234567890123456',
    '0.00000000000000000000001',
    '0.0000001234567890123456',
    '1.234567890123456e5',
    '1.2345678901234567E-5',
    '12345678901234567e3',
    '123456789012345678.5',
    '1234567890123456789',
    '1797693134862315700000000000000',
  ])('reads %s', (text) => {
    for (const sign of ['', '-', '+']) {
      expect(parseBoth(sign + text)).toBe(Number(sign + text));
      expect(parseBoth(`{a:${sign}${text}}`)).toStrictEqual({ a: Number(sign + text) });
    }
  });

  it.each([
    '1234567890123456.7.8',
    '12345678901234567-',
    '12345678901234567a',
    '0.00000000000000001234567890123456.',
    '01234567890123456',
    '12345678901234567e',
  ])('refuses %s', (text) => {
    expect(() => parseBoth(text)).toThrow(SyntaxError);
    expect(() => parseBoth(`[${text}]`)).toThrow(SyntaxError);
  });
});
