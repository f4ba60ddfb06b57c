import { ByteText } from './byte-text.js';
import { CHAR_CLASS, HEX_DIGIT, JSON_ESCAPE } from './chars.js';
import { unescape } from './unescape.js';

/** After so many bytes of a string its end is searched by the decoder (memchr). */
const SEARCH_AFTER = 256;
/** An escaped string of this length is worth a call of `JSON.parse`. */
const JSON_STRING_LENGTH = 32;

/** Passes blanks and comments, reads strings. */
export abstract class Scanner extends ByteText {
  /** Passes blanks and comments; gives the byte that follows, -1 at the end. */
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
        this.metNonAscii();
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
    const limit = start + SEARCH_AFTER < length ? start + SEARCH_AFTER : length;
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

  /** The string goes on at `from`; up to there it is ASCII without escapes. */
  private readLongString(start: number, from: number, quote: number): string {
    const end = this.find(quote, from);
    if (this.findBackslash(from) < end) return this.readMixedString(start, from, quote);
    if (end >= this.length) this.failOpenString(start);
    this.pos = end + 1;
    return this.cutUnseen(start, end);
  }

  /** A string with escapes or characters beyond ASCII, none of them before `from`. */
  private readMixedString(start: number, from: number, quote: number): string {
    const { data, length } = this;
    let surplus = 0;
    let escapes = false;
    // Whether JSON.parse would take what is between the quotes, and read the same.
    let isJson = true;
    let i = from;
    for (; i < length; i++) {
      const c = data[i];
      if (c === quote) break;
      if (c === 92) {
        escapes = true;
        if (isJson) isJson = this.isJsonEscape(i + 1);
        // A character beyond ASCII has to be counted.
        if (data[i + 1] < 128) i++;
      } else if (c > 127) {
        this.metNonAscii();
        surplus += surplusOf(c);
      } else if (c < 32 || c === 34) {
        isJson = false;
      }
    }
    if (i >= length) this.failOpenString(start);
    this.pos = i + 1;
    const raw = this.cut(start, i, surplus);
    if (!escapes) return raw;
    if (isJson && raw.length >= JSON_STRING_LENGTH) return JSON.parse('"' + raw + '"') as string;
    return unescape(raw, (message, index) =>
      this.fail('ERR_MDSF_SYNTAX', message, start + utf8Length(raw, index, surplus)),
    );
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

/** Bytes that this one of UTF-8 adds beyond the UTF-16 units that it stands for. */
function surplusOf(c: number): number {
  // Each continuation byte is one too many, but a sequence of four is two units.
  return (c & 0xc0) === 0x80 ? 1 : c >= 0xf0 ? -1 : 0;
}

/** Blanks and line ends beyond ASCII: those of JavaScript, and the byte order mark. */
function isWideBlank(unit: number): boolean {
  return (
    unit === 0xa0 ||
    unit === 0xfeff ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000 ||
    unit === 0x1680
  );
}

/** Where a character of a string is, in bytes (`surplus` 0: bytes and units are the same). */
function utf8Length(text: string, end: number, surplus: number): number {
  if (surplus === 0) return end;
  let length = 0;
  for (let i = 0; i < end; i++) {
    const unit = text.charCodeAt(i);
    length += unit < 0x80 ? 1 : unit < 0x800 ? 2 : (unit & 0xf800) === 0xd800 ? 2 : 3;
  }
  return length;
}
