import { describe, expect, it } from '@jest/globals';
import { integerText } from '../../lib/mdsf/integer-text.js';
import { stringify } from '../../lib/mdsf/index.js';

const NUMBERS = [
  0,
  1,
  9,
  10,
  99,
  100,
  999,
  1000,
  1001,
  1009,
  1099,
  9999,
  10_000,
  123_456,
  999_999,
  1_000_000,
  1_000_001,
  999_999_999,
  1_000_000_000,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  1_764_422_345_678,
  10 ** 15,
  2 ** 53 - 1,
  2 ** 53,
];

describe('the texts of integers', () => {
  it('are those of the language', () => {
    for (const number of NUMBERS.flatMap((one) => [one, -one]))
      expect(integerText(number)).toBe(String(number));
  });

  it('are those of the language for integers all over the range', () => {
    for (let number = 1; number < 2 ** 53; number = Math.ceil(number * 1.37)) {
      expect(integerText(number)).toBe(String(number));
      expect(integerText(-number)).toBe(String(-number));
    }
  });

  it('are written for values, and other numbers as they are', () => {
    for (const number of [...NUMBERS, 0.5, -1000.5, 1e21, -1e21, 1e300, 5e-324, 12_345.678])
      expect(stringify([number, { number }])).toBe(`[${String(number)},{number:${String(number)}}]`);
    expect(stringify(-0)).toBe('0');
  });
});
