import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from '../../lib/mdsf/index.js';
import { bytesOfText } from '../../lib/mdsf/text-bytes.js';
import { failureOf, parseBoth } from './parse-both.js';

const LENGTHS = [0, 1, 23, 24, 25, 100, 65_535, 65_536, 200_000, 70_000];

/** What is wrong with the bytes of a text: the first position where they are not as the plain way has them. */
function flawOf(text: string): number {
  const bytes = bytesOfText(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 128 ? bytes[i] !== unit : bytes[i] < 128) return i;
  }
  return bytes[text.length] === 0 ? -1 : text.length;
}

describe('the bytes of a text', () => {
  it.each(LENGTHS)('are its ASCII characters in their places, for a length of %i', (length) => {
    const plain = 'ab"c\\d\0\n'.repeat(length / 8 + 1).slice(0, length);
    expect(flawOf(plain)).toBe(-1);
    for (const wide of ['é', '€', '\u{1f600}', '\ud800', '\udfff', '\u0080']) {
      for (const text of [wide + plain, plain + wide, plain.slice(0, length / 2) + wide + plain]) {
        expect(flawOf(text)).toBe(-1);
      }
    }
  });

  it('are the same for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.string({ maxLength: 60 }),
        (wide, plain) => {
          for (const text of [wide, plain, plain + wide, '\ud800' + plain]) {
            expect(flawOf(text)).toBe(-1);
          }
        },
      ),
    );
  });
});

describe('parse - long texts', () => {
  it.each(LENGTHS)('reads %i characters, whatever was read before', (length) => {
    const plain = 'x'.repeat(length);
    for (const value of [plain, `${plain}я`, `я${plain}`, plain.slice(0, length / 2)]) {
      expect(parseBoth(`['${value}',{a:"${value}"},1]`)).toStrictEqual([value, { a: value }, 1]);
      expect(failureOf(`['${value}',{a:"${value}"`).code).toBe('ERR_MDSF_UNEXPECTED_END');
      expect(failureOf(`['${value}`).code).toBe('ERR_MDSF_UNEXPECTED_END');
    }
    expect(parse('12')).toBe(12);
  });
});
