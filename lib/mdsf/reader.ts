import { BYTES_QUOTE_CODE } from './base64.js';
import { CHAR_CLASS, IDENTIFIER_PART, IDENTIFIER_START } from './chars.js';
import { FREE_SLOTS } from './index-keys.js';
import { countValues, lookAtJson, mayExceedValues } from './json-attempt.js';
import { hashByte, KeyCache } from './key-cache.js';
import { isDigit, TokenReader } from './token-reader.js';

// One for all readers: they see the same keys.
const keyCache = new KeyCache();

/** Below this size a call of `JSON.parse` costs more than it saves. */
const JSON_MIN_BYTES = 192;

/**
 * Reads MDSF: one value ({@link readDocument}), or the members of a top-level object one by one, in the order of
 * the text ({@link openObject}, then {@link nextKey} and {@link readMember} in turn).
 *
 * Call `startBytes` or `startText` first and `reset` last. All reading methods throw an `MdsfSyntaxError` where the
 * text is no MDSF.
 */
export class MdsfReader extends TokenReader {
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
