import { CHAR_CLASS, DIGIT, HEX_DIGIT, IDENTIFIER_PART } from './chars.js';
import { EXACT_DIGITS, longDecimal, MAX_FRACTION_DIGITS, MORE_DIGITS, shortDecimal } from './decimal.js';
import { Scanner } from './scanner.js';

/** Integers of so many digits fit 32 bits. */
const INT32_DIGITS = 9;

/** Reads numbers, and words such as `true`. */
export abstract class NumberScanner extends Scanner {
  /**
   * Reads the number at the position.
   * @param first - its first byte
   */
  protected readNumber(first: number): number {
    const { data } = this;
    const begin = first === 45 || first === 43 ? this.pos + 1 : this.pos;
    const limit = begin + INT32_DIGITS;
    let number = 0;
    let i = begin;
    let c = data[i];
    while (c >= 48 && c <= 57 && i < limit) {
      number = number * 10 + c - 48;
      c = data[++i];
    }
    // How an integer usually ends; everything else gets a closer look.
    if ((c === 44 || c === 93 || c === 125) && i > begin && (data[begin] !== 48 || i === begin + 1)) {
      this.pos = i;
      return first === 45 ? -number : number;
    }
    const value = this.readOtherNumber(begin, i, number);
    return first === 45 ? -value : value;
  }

  private readOtherNumber(begin: number, at: number, leading: number): number {
    const { data } = this;
    this.pos = begin;
    const first = data[begin];
    if (first === 73) return this.readWord('Infinity', Infinity);
    if (first === 78) return this.readWord('NaN', NaN);
    if (first === 48) {
      const radix = radixOf(data[begin + 1]);
      if (radix !== 0) return this.readRadix(radix);
      if (isDigit(data[begin + 1])) this.fail('ERR_MDSF_SYNTAX', 'Number with a leading zero');
    }
    let i = at;
    let mantissa = leading;
    // Zeros in front are no digits of the mantissa.
    let exactEnd = begin + EXACT_DIGITS + (first === 48 ? 1 : 0);
    while (isDigit(data[i]) && i < exactEnd) mantissa = mantissa * 10 + data[i++] - 48;
    let point = -1;
    if (data[i] === 46) {
      point = i++;
      exactEnd++;
      if (mantissa === 0) {
        while (data[i] === 48) i++;
        exactEnd += i - point - 1;
      }
      while (isDigit(data[i]) && i < exactEnd) mantissa = mantissa * 10 + data[i++] - 48;
    }
    const c = data[i];
    if (isDigit(c) || (c === 46 && point < 0)) return this.readLongDecimal(mantissa, i, point);
    const fraction = point < 0 ? 0 : i - point - 1;
    if (i - begin < 2 && !isDigit(first)) return this.readLongNumber();
    if (c === 69 || c === 101 || fraction > MAX_FRACTION_DIGITS) return this.readLongNumber();
    this.pos = i;
    return shortDecimal(mantissa, fraction);
  }

  /**
   * Reads on where the mantissa's first 15 digits end; the position is still at the first.
   * @param pointBefore - where the decimal point was, or -1
   */
  private readLongDecimal(leading: number, at: number, pointBefore: number): number {
    const { data } = this;
    let point = pointBefore;
    let rest = 0;
    let count = 0;
    let i = at;
    let c = data[i];
    for (; isDigit(c) || (c === 46 && point < 0); c = data[++i]) {
      if (c === 46) {
        point = i;
      } else {
        if (++count > MORE_DIGITS) return this.readLongNumber();
        rest = rest * 10 + c - 48;
      }
    }
    const fraction = point < 0 ? 0 : i - point - 1;
    if (c === 69 || c === 101 || fraction > MAX_FRACTION_DIGITS) return this.readLongNumber();
    const value = longDecimal(leading, rest, count, fraction);
    if (value !== value) return this.readLongNumber();
    this.pos = i;
    return value;
  }

  /** Reads a word that stands for a value. */
  protected readWord<T>(word: string, value: T): T {
    const { data } = this;
    let i = this.pos;
    for (let k = 0; k < word.length; k++) {
      if (data[i++] !== word.charCodeAt(k)) this.failUnexpected('Value');
    }
    if (i < this.length && (CHAR_CLASS[data[i]] & IDENTIFIER_PART) !== 0) this.failUnexpected('Value');
    this.pos = i;
    return value;
  }

  /** Reads `0x1f`, `0o17`, `0b11`, whose prefix is at the position. */
  private readRadix(radix: number): number {
    const { data } = this;
    const start = this.pos + 2;
    let i = start;
    while (isDigitOf(data[i], radix)) i++;
    this.pos = i;
    if (i === start || (CHAR_CLASS[data[i]] & IDENTIFIER_PART) !== 0) this.failUnexpected('Digit');
    return Number.parseInt(this.cutAscii(start, i), radix);
  }

  /** Reads any decimal number without a sign, the slow way. */
  private readLongNumber(): number {
    const start = this.pos;
    let digits = this.passDigits();
    if (this.data[this.pos] === 46) {
      this.pos++;
      digits += this.passDigits();
    }
    if (digits === 0) this.failUnexpected('Value');
    const exponent = this.data[this.pos];
    if (exponent === 101 || exponent === 69) {
      this.pos++;
      const sign = this.data[this.pos];
      if (sign === 43 || sign === 45) this.pos++;
      if (this.passDigits() === 0) this.failUnexpected('Digit');
    }
    return Number(this.cutAscii(start, this.pos));
  }

  private passDigits(): number {
    const { data, length } = this;
    const start = this.pos;
    let i = start;
    while (i < length && (CHAR_CLASS[data[i]] & DIGIT) !== 0) i++;
    this.pos = i;
    return i - start;
  }
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function radixOf(letter: number): number {
  switch (letter | 32) {
    case 120:
      return 16;
    case 111:
      return 8;
    case 98:
      return 2;
    default:
      return 0;
  }
}

function isDigitOf(c: number, radix: number): boolean {
  if (radix === 16) return (CHAR_CLASS[c] & HEX_DIGIT) !== 0;
  return c >= 48 && c < 48 + radix;
}
