import { BYTES_QUOTE_CODE } from './base64.js';
import {
  CHAR_CLASS,
  DIGIT,
  HEX_DIGIT,
  IDENTIFIER_PART,
  IDENTIFIER_START,
  isWideBlank,
  JSON_ESCAPE,
} from './chars.js';
import { EXACT_DIGITS, longDecimal, MAX_FRACTION_DIGITS, MORE_DIGITS, shortDecimal } from './decimal.js';
import { FREE_SLOTS } from './index-keys.js';
import { countValues, lookAtJson, mayExceedValues } from './json-attempt.js';
import { hashByte, KeyCache } from './key-cache.js';
import { TextSource } from './text-source.js';
import { unescape } from './unescape.js';

// One for all readers: they see the same keys.
const keyCache = new KeyCache();

/** Below this size a call of `JSON.parse` costs more than it saves. */
const JSON_MIN_BYTES = 192;
/** Integers of up to this many digits fit 32 bits. */
const INT32_DIGITS = 9;
/** How many bytes of a string are read one by one before its end is searched by the decoder (memchr). */
const SEARCH_AFTER_BYTES = 256;
/** From this length on an escaped string is unescaped by `JSON.parse`. */
const JSON_STRING_LENGTH = 32;

/**
 * Reads MDSF: one value ({@link readDocument}), or the members of a top-level object one by one, in the order of
 * the text ({@link openObject}, then {@link nextKey} and {@link readMember} in turn).
 *
 * Call `startBytes` or `startText` first and `reset` last. All reading methods throw an `MdsfSyntaxError` where the
 * text is no MDSF.
 */
export class MdsfReader extends TextSource {
  private isFirstKey = true;

  /** Reads the text's only value. */
  readDocument(): unknown {
    keyCache.start();
    this.skip();
    const value = this.tryJson(this.length);
    const document = value === NO_JSON ? this.readMember() : value;
    this.readEnd();
    return document;
  }

  /** Reads the brace that opens the top-level object. */
  openObject(): void {
    keyCache.start();
    if (this.skip() !== 123) this.failUnexpected('Object');
    if (--this.valuesLeft < 0) this.failValues();
    this.descend();
    this.pos++;
    this.isFirstKey = true;
  }

  /** Reads the next key of the top-level object; undefined where the object ends, and the text with it. */
  nextKey(): string | undefined {
    let c = this.skip();
    if (!this.isFirstKey) {
      if (c === 44) {
        this.pos++;
        c = this.skip();
      } else if (c !== 125) {
        this.failUnexpected("',' or '}'");
      }
    }
    this.isFirstKey = false;
    if (c === 125) {
      this.pos++;
      this.readEnd();
      return undefined;
    }
    const key = this.readKey(c);
    if (this.skip() !== 58) this.failUnexpected("':'");
    this.pos++;
    this.skip();
    return key;
  }

  /** Reads the value of the key that {@link nextKey} gave. */
  readMember(): unknown {
    if (--this.valuesLeft < 0) this.failValues();
    return this.readValue();
  }

  /**
   * Does what {@link readMember} does, for a value that is probably the object's last. Where that is faster,
   * `JSON.parse` gets everything up to the closing brace. Only a single value passes it, so that no further key
   * is skipped unseen.
   */
  readLastMember(): unknown {
    if (this.length - this.pos < JSON_MIN_BYTES) return this.readMember();
    let last = this.length - 1;
    while (isBlank(this.data[last])) last--;
    const value = this.data[last] === 125 ? this.tryJson(last) : NO_JSON;
    return value === NO_JSON ? this.readMember() : value;
  }

  private readEnd(): void {
    if (this.skip() !== -1) this.failUnexpected('End of data');
  }

  private tryJson(end: number): unknown {
    const { pos } = this;
    if (end - pos < JSON_MIN_BYTES) return NO_JSON;
    const look = lookAtJson(this.data, pos, end);
    if (look === 'none' || (look === 'json' && this.isAsciiBytes(pos, end))) return NO_JSON;
    // Too many values would be made before they could be counted.
    if (end - pos > this.valuesLeft && mayExceedValues(this.data, pos, end, this.valuesLeft)) return NO_JSON;
    const text = this.peekText(pos, end);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // Not JSON, but perhaps MDSF. Why this is cheap enough: it is tried once a message at most.
      return NO_JSON;
    }
    const within = countValues(value, this.depthLeft);
    if (within === Infinity) return NO_JSON;
    this.valuesLeft -= 1 + within;
    this.pos = end;
    return value;
  }

  /** Reads the value at the position. */
  private readValue(): unknown {
    const c = this.data[this.pos];
    if (this.pos >= this.length) this.failUnexpected('Value');
    switch (c) {
      case 39:
      case 34:
        return this.readString(c);
      case 123:
        return this.readObject();
      case 91:
        return this.readArray();
      case 116:
        return this.readWord('true', true);
      case 102:
        return this.readWord('false', false);
      case 110:
        return this.readWord('null', null);
      case 117:
        return this.readWord<unknown>('undefined', undefined);
      case BYTES_QUOTE_CODE:
        return this.readBytes();
      default:
        return this.readNumber(c);
    }
  }

  private readArray(): unknown[] {
    const { data } = this;
    // Why not pushed to an empty array: it would make room for 17, and most arrays have one or two elements.
    let first: unknown;
    let count = 0;
    let array: unknown[] | undefined;
    this.descend();
    this.pos++;
    for (;;) {
      let c = data[this.pos];
      if (c <= 32 || c === 47 || c > 127) c = this.skip();
      if (c === 93) break;
      if (--this.valuesLeft < 0) this.failValues();
      // A comma without a value before it is a hole.
      const value = c === 44 ? undefined : c >= 48 && c <= 57 ? this.readNumber(c) : this.readValue();
      if (array !== undefined) array.push(value);
      else if (count === 0) first = value;
      else array = [first, value];
      count++;
      c = data[this.pos];
      if (c <= 32 || c === 47 || c > 127) c = this.skip();
      if (c === 93) break;
      if (c !== 44) this.failUnexpected("',' or ']'");
      this.pos++;
    }
    this.pos++;
    this.depthLeft++;
    return array ?? (count === 0 ? [] : [first]);
  }

  private readObject(): Record<string, unknown> {
    const { data } = this;
    const object: Record<string, unknown> = {};
    let slots = FREE_SLOTS;
    this.descend();
    this.pos++;
    for (;;) {
      let c = data[this.pos];
      if (c <= 32 || c === 47 || c > 127) c = this.skip();
      if (c === 125) break;
      const key = this.readKey(c);
      // A digit, or a quote before one: all letters are above.
      if (c <= 57 && isDigit(key.charCodeAt(0)) && Number(key) >= slots)
        slots = this.indexKeys.makeSlots(object, key, slots);
      if (data[this.pos] !== 58 && this.skip() !== 58) this.failUnexpected("':'");
      this.pos++;
      c = data[this.pos];
      if (c <= 32 || c === 47 || c > 127) this.skip();
      if (--this.valuesLeft < 0) this.failValues();
      const value = this.readValue();
      if (key === '__proto__') defineProto(object, value);
      else if (value !== undefined) object[key] = value;
      c = data[this.pos];
      if (c <= 32 || c === 47 || c > 127) c = this.skip();
      if (c === 125) break;
      if (c !== 44) this.failUnexpected("',' or '}'");
      this.pos++;
    }
    this.pos++;
    this.depthLeft++;
    return object;
  }

  private readKey(c: number): string {
    const quote = c === 39 || c === 34 ? c : 0;
    const start = quote === 0 ? this.pos : this.pos + 1;
    const length = keyCache.matchExpected(this.data, start, quote);
    if (length === 0) return quote === 0 ? this.readBareKey(c) : this.readQuotedKey(c);
    this.pos = quote === 0 ? start + length : start + length + 1;
    return keyCache.expectedKey();
  }

  private readBareKey(first: number): string {
    if ((CHAR_CLASS[first] & IDENTIFIER_START) === 0) return this.readNumericKey(first);
    const { data, length } = this;
    const start = this.pos;
    let hash = 0;
    let i = start;
    for (; i < length; i++) {
      const c = data[i];
      if ((CHAR_CLASS[c] & IDENTIFIER_PART) === 0) break;
      hash = hashByte(hash, c);
    }
    this.pos = i;
    return keyCache.find(data, start, i, hash) ?? keyCache.add(data, start, i, hash, this.cutAscii(start, i));
  }

  private readQuotedKey(quote: number): string {
    const { data, length } = this;
    const start = this.pos + 1;
    let hash = 0;
    let i = start;
    for (; i < length; i++) {
      const c = data[i];
      if (c === quote) break;
      if (c === 92 || c > 127) return this.readString(quote);
      hash = hashByte(hash, c);
    }
    if (i >= length) return this.readString(quote);
    this.pos = i + 1;
    return keyCache.find(data, start, i, hash) ?? keyCache.add(data, start, i, hash, this.cutAscii(start, i));
  }

  /** Reads the key of `{17:1}`: the native reference parser allows any number without a sign. */
  private readNumericKey(c: number): string {
    if (!isDigit(c)) this.failUnexpected('Key');
    return String(this.readNumber(c));
  }

  /**
   * Reads the number at the position, with or without a sign.
   * @param first - the byte at the position
   */
  private readNumber(first: number): number {
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
  private readWord<T>(word: string, value: T): T {
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
  private skip(): number {
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
  private readString(quote: number): string {
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

  private descend(): void {
    if (--this.depthLeft < 0) this.failDepth();
  }

  private failDepth(): never {
    this.fail('ERR_MDSF_DEPTH', 'Nested too deep');
  }
}

/** The result of {@link MdsfReader.tryJson} where `JSON.parse` was not used. */
const NO_JSON = Symbol('no JSON');

/** Defines the member `__proto__` as plain data: an assignment would set the prototype. */
function defineProto(object: object, value: unknown): void {
  if (value === undefined) return;
  Object.defineProperty(object, '__proto__', { value, writable: true, enumerable: true, configurable: true });
}

function isBlank(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13);
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
