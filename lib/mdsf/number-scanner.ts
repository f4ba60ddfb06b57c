import { CHAR_CLASS, DIGIT, HEX_DIGIT, IDENTIFIER_PART } from './chars.js';
import { Scanner } from './scanner.js';

/** 10^0 to 10^22, which a double holds exactly. */
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
/** Integers of so many digits fit 32 bits. */
const INT32_DIGITS = 9;
/** Mantissas of so many digits are exact. */
const EXACT_DIGITS = 15;

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
    const exactEnd = begin + EXACT_DIGITS;
    while (isDigit(data[i]) && i < exactEnd) mantissa = mantissa * 10 + data[i++] - 48;
    let fraction = 0;
    if (data[i] === 46) {
      const from = ++i;
      while (isDigit(data[i]) && i <= exactEnd) mantissa = mantissa * 10 + data[i++] - 48;
      fraction = i - from;
    }
    const c = data[i];
    if (i - begin < 2 && !isDigit(first)) return this.readLongNumber();
    if (isDigit(c) || c === 69 || c === 101) return this.readLongNumber();
    this.pos = i;
    return mantissa / POWERS_OF_TEN[fraction];
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
