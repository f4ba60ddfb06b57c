import { CHAR_CLASS, DIGIT, HEX_DIGIT, IDENTIFIER_PART, isWideBlank, JSON_ESCAPE } from './chars.js';
import { EXACT_DIGITS, longDecimal, MAX_FRACTION_DIGITS, MORE_DIGITS, shortDecimal } from './decimal.js';
import { TextSource } from './text-source.js';
import { unescape } from './unescape.js';

/** Integers of up to this many digits fit 32 bits. */
const INT32_DIGITS = 9;
/** How many bytes of a string are read one by one before its end is searched by the decoder (memchr). */
const SEARCH_AFTER_BYTES = 256;
/** From this length on an escaped string is unescaped by `JSON.parse`. */
const JSON_STRING_LENGTH = 32;

/** Reads what has no parts: numbers, strings and words, and what is blank between them. */
export abstract class TokenReader extends TextSource {
  /**
   * Reads the number at the position, with or without a sign.
   * @param first - the byte at the position
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
    // A short integer before a comma or a bracket: most numbers are. All others get a closer look.
    if ((c === 44 || c === 93 || c === 125) && i > begin && (data[begin] !== 48 || i === begin + 1)) {
      this.pos = i;
      return first === 45 ? -number : number;
    }
    const value = this.readOtherNumber(begin, i, number);
    return first === 45 ? -value : value;
  }

  /**
   * Reads any other number, without its sign.
   * @param begin - where its digits begin
   * @param at - the position behind the leading digits
   * @param leading - the value of the leading digits
   */
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
    // A leading zero is no digit of the mantissa.
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
   * Reads a number whose mantissa has more than 15 digits. The position is still at its first digit.
   * @param leading - the value of the first 15 digits
   * @param at - the position behind them
   * @param pointBefore - the position of the decimal point among them, or -1
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

  /** Reads `word`, which stands for `value`. */
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

  /** Reads `0x1f`, `0o17` or `0b11`. The position is at the zero. */
  private readRadix(radix: number): number {
    const { data } = this;
    const start = this.pos + 2;
    let i = start;
    while (isDigitOf(data[i], radix)) i++;
    this.pos = i;
    if (i === start || (CHAR_CLASS[data[i]] & IDENTIFIER_PART) !== 0) this.failUnexpected('Digit');
    return Number.parseInt(this.cutAscii(start, i), radix);
  }

  /** Reads any decimal number without a sign by the engine's own conversion, which is slower. */
  private readLongNumber(): number {
    const start = this.pos;
    let digits = this.skipDigits();
    if (this.data[this.pos] === 46) {
      this.pos++;
      digits += this.skipDigits();
    }
    if (digits === 0) this.failUnexpected('Value');
    const exponent = this.data[this.pos];
    if (exponent === 101 || exponent === 69) {
      this.pos++;
      const sign = this.data[this.pos];
      if (sign === 43 || sign === 45) this.pos++;
      if (this.skipDigits() === 0) this.failUnexpected('Digit');
    }
    return Number(this.cutAscii(start, this.pos));
  }

  /** Skips digits, and returns their number. */
  private skipDigits(): number {
    const { data, length } = this;
    const start = this.pos;
    let i = start;
    while (i < length && (CHAR_CLASS[data[i]] & DIGIT) !== 0) i++;
    this.pos = i;
    return i - start;
  }

  /** Skips blanks and comments, and returns the byte that follows; -1 at the end of the text. */
  protected skip(): number {
    const { data, length } = this;
    for (;;) {
      const { pos } = this;
      if (pos >= length) return -1;
      const c = data[pos];
      if (c === 32 || (c >= 9 && c <= 13)) this.pos++;
      else if (c === 47) this.skipComment();
      else if (c < 128 || !this.skipWideBlank()) return c;
    }
  }

  private skipWideBlank(): boolean {
    const { unit, bytes } = this.wideCharacter(this.pos);
    if (!isWideBlank(unit)) return false;
    this.passSurplus(bytes - 1);
    this.pos += bytes;
    return true;
  }

  private skipComment(): void {
    const { data, length } = this;
    const kind = data[this.pos + 1];
    if (kind !== 47 && kind !== 42) this.failUnexpected('Value');
    let i = this.pos + 2;
    let surplus = 0;
    for (; i < length; i++) {
      const c = data[i];
      if (kind === 47 ? c === 10 || c === 13 : c === 42 && data[i + 1] === 47) break;
      if (c > 127) {
        this.enterNonAscii();
        surplus += surplusOf(c);
      }
    }
    if (kind === 42) {
      if (i >= length) this.fail('ERR_MDSF_UNEXPECTED_END', 'Comment without end');
      i += 2;
    }
    this.passSurplus(surplus);
    this.pos = i;
  }

  /** Reads the string whose opening quote is at the position. */
  protected readString(quote: number): string {
    const { data, length } = this;
    const start = this.pos + 1;
    const limit = start + SEARCH_AFTER_BYTES < length ? start + SEARCH_AFTER_BYTES : length;
    let i = start;
    for (; i < limit; i++) {
      const c = data[i];
      if (c === quote) {
        this.pos = i + 1;
        return this.cutAscii(start, i);
      }
      if (c === 92 || c > 127) return this.readMixedString(start, i, quote);
    }
    return i < length ? this.readLongString(start, i, quote) : this.failOpenString(start);
  }

  /** Reads the rest of a string that is ASCII without escapes up to `from`. */
  private readLongString(start: number, from: number, quote: number): string {
    const end = this.find(quote, from);
    if (this.findBackslash(from) < end) return this.readMixedString(start, from, quote);
    if (end >= this.length) this.failOpenString(start);
    this.pos = end + 1;
    return this.cutUnread(start, end);
  }

  /** Reads a string with escapes or characters beyond ASCII, none of them before `from`. */
  private readMixedString(start: number, from: number, quote: number): string {
    const { data, length } = this;
    let surplus = 0;
    let escapes = false;
    // Whether JSON.parse would read the same from what is between the quotes, as far as it was read here.
    let isJson = true;
    let i = from;
    for (; i < length; i++) {
      const c = data[i];
      if (c === quote) break;
      if (c === 92) {
        escapes = true;
        if (isJson) isJson = this.isJsonEscape(i + 1);
        // The escaped character is skipped, unless it is beyond ASCII and has to be counted.
        if (data[i + 1] < 128) i++;
      } else if (c > 127) {
        this.enterNonAscii();
        surplus += surplusOf(c);
      } else if (c < 32 || c === 34) {
        isJson = false;
      }
    }
    if (i >= length) this.failOpenString(start);
    this.pos = i + 1;
    const raw = this.cut(start, i, surplus);
    if (!escapes) return raw;
    if (isJson && raw.length >= JSON_STRING_LENGTH && this.isPlainJson(start, from))
      return JSON.parse('"' + raw + '"') as string;
    return unescape(raw, (message, index) =>
      this.fail('ERR_MDSF_SYNTAX', message, start + utf8Length(raw, index, surplus)),
    );
  }

  /** Whether ASCII bytes without a backslash may stand between JSON's quotes. */
  private isPlainJson(start: number, end: number): boolean {
    const { data } = this;
    for (let i = start; i < end; i++) {
      const c = data[i];
      if (c < 32 || c === 34) return false;
    }
    return true;
  }

  private isJsonEscape(at: number): boolean {
    const { data } = this;
    const c = data[at];
    if (c !== 117) return (CHAR_CLASS[c] & JSON_ESCAPE) !== 0;
    for (let i = at + 1; i <= at + 4; i++) {
      if ((CHAR_CLASS[data[i]] & HEX_DIGIT) === 0) return false;
    }
    return true;
  }

  private failOpenString(start: number): never {
    this.fail('ERR_MDSF_UNEXPECTED_END', 'String without end', start - 1);
  }
}

export function isDigit(c: number): boolean {
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

/** By how much this byte of UTF-8 makes the bytes more than the UTF-16 units. */
function surplusOf(c: number): number {
  // Each continuation byte is one too many, but a sequence of four is two units.
  return (c & 0xc0) === 0x80 ? 1 : c >= 0xf0 ? -1 : 0;
}

/** The length in bytes of a text's first `end` units. A `surplus` of 0 says that bytes and units are the same. */
function utf8Length(text: string, end: number, surplus: number): number {
  if (surplus === 0) return end;
  let length = 0;
  for (let i = 0; i < end; i++) {
    const unit = text.charCodeAt(i);
    length += unit < 0x80 ? 1 : unit < 0x800 ? 2 : (unit & 0xf800) === 0xd800 ? 2 : 3;
  }
  return length;
}
