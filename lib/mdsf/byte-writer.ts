import { isBytes } from './base64.js';
import { KeyBytes } from './key-bytes.js';
import { isLarge, LONG_STRING, uniformText } from './is-large.js';
import { isPrototypeExtended } from './prototype-extended.js';
import { isClean, quote } from './quote.js';
import { encoder } from './text-bytes.js';
import { buffers } from './node-buffers.js';

/** What a method returns in the place of a position: the value has to be written by the writer of texts. */
const UNFIT = -1;

/** A value nested deeper is unfit: it may contain itself. */
const MAX_LEVELS = 32;
/** From this length on, searches and the platform's encoder are faster than a loop over a string's characters. */
const ENCODER_MIN_LENGTH = 192;
/** A UTF-16 unit takes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;
/** What a value takes at most, without the characters of a string: a number, quotes, what is around it. */
const MAX_VALUE_BYTES = 64;
/** What is kept of the memory for good. */
const KEPT_BYTES = 256 * 1024;
/** A larger text is unfit. Why: it would take as much memory again, and one that no engine can make is an error anyway. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Decimals of up to this size are looked at for two digits behind the point. */
const SMALL_DECIMAL = 1e7;
const CENTS = 100;
const DAY_MS = 86_400_000;
const DAYS_OF_ERA = 146_097;
/** From March 1 of the year 0. */
const DAYS_TO_1970 = 719_468;
/** The year 10000, from where on a date has more digits. */
const END_OF_TIME = 253_402_300_800_000;
const LEAST_INT32 = -(2 ** 31);

const objectPrototype: unknown = Object.prototype;
const datePrototype: unknown = Date.prototype;
const dates: Readonly<Record<'toJSON' | 'toISOString', unknown>> & {
  readonly getTime: (this: Date) => number;
} = Date.prototype;
const { toJSON: dateToJson, toISOString: dateToIso, getTime: timeOf } = dates;

/** An object that determines what is written in its place. */
interface Convertible {
  readonly toMDSF?: unknown;
  readonly toJSON?: unknown;
}

let idleWriter: ByteWriter | undefined;
/** The memory for large texts, until the next full collection. */
let largeMemory: WeakRef<Uint8Array> | undefined;

/**
 * The text of a large value, the same that the writer of texts makes; undefined where that one has to write it: what is not
 * large, bytes, what has a `toMDSF` or `toJSON` (but for dates), and what cannot be written. Needs Node's buffers.
 *
 * Why: bytes are written once, where a text of parts is a tree of strings that is copied afterwards. For arrays of objects this
 * is faster than `JSON.stringify` (docs/decisions/0023-passes-over-objects.md).
 */
export function largeText(value: unknown, maxDepth: number): string | undefined {
  if (!buffers || !isLarge(value)) return undefined;
  // A getter may write another value meanwhile, so that a writer serves one call at a time. One that throws is dropped.
  const writer = idleWriter ?? new ByteWriter();
  idleWriter = undefined;
  const text = writer.writeRoot(value, Math.min(maxDepth, MAX_LEVELS));
  idleWriter = writer;
  return text;
}

/**
 * Writes a value to memory. All methods that write take the position where, and return the one behind what they wrote, or
 * {@link UNFIT}. Why no field for it: a local variable is faster.
 */
class ByteWriter {
  private data: Uint8Array = new Uint8Array(KEPT_BYTES / 4);
  private isAscii = true;
  private readonly keys = new KeyBytes((text) => this.encode(text));

  writeRoot(value: unknown, levels: number): string | undefined {
    this.isAscii = true;
    this.keys.start();
    // Members that somebody added to Object.prototype would be written, too.
    const end = isPrototypeExtended() ? UNFIT : this.write(0, value, levels);
    const text = end === UNFIT ? undefined : this.textUpTo(end);
    if (this.data.length > KEPT_BYTES) {
      largeMemory = new WeakRef(this.data);
      this.data = new Uint8Array(KEPT_BYTES);
    }
    return text;
  }

  private textUpTo(end: number): string | undefined {
    return this.isAscii
      ? buffers?.prototype.latin1Slice.call(this.data, 0, end)
      : buffers?.prototype.utf8Slice.call(this.data, 0, end);
  }

  /** There is room for {@link MAX_VALUE_BYTES} and the characters of a string. */
  private write(at: number, value: unknown, levels: number): number {
    switch (typeof value) {
      case 'string':
        return this.writeString(at, value);
      case 'number':
        return this.writeNumber(at, value);
      case 'boolean':
        return value ? this.writeFour(at, 116, 114, 117, 101) : this.writeFalse(at);
      case 'object':
        return value === null ? this.writeFour(at, 110, 117, 108, 108) : this.writeNested(at, value, levels);
      case 'undefined':
        return this.writeWord(at, 'undefined');
      case 'bigint':
        return UNFIT;
      default:
        return this.writeWord(at, 'null');
    }
  }

  private writeNested(at: number, value: object, levels: number): number {
    // Not for 0 alone: the levels that somebody allows may be no integer.
    if (!(levels > 0)) return UNFIT;
    const { toJSON, toMDSF } = value as Convertible;
    if (toJSON !== undefined || toMDSF !== undefined) {
      const isDate = toMDSF === undefined && toJSON === dateToJson;
      return isDate && Object.getPrototypeOf(value) === datePrototype
        ? this.writeDate(at, value as Date)
        : UNFIT;
    }
    if (Array.isArray(value)) return this.writeArray(at, value, levels - 1);
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === objectPrototype || prototype === null
      ? this.writeObject(at, value as Record<string, unknown>, levels - 1)
      : this.writeInstance(at, value as Record<string, unknown>, levels - 1);
  }

  private writeArray(begin: number, array: readonly unknown[], levels: number): number {
    const uniform = uniformText(array);
    if (uniform !== undefined) return this.writeEncoded(begin, uniform);
    // A getter may change it meanwhile.
    const { length } = array;
    this.data[begin] = 91;
    let at = begin + 1;
    for (let i = 0; i < length; i++) {
      const element = array[i];
      if (!this.hasRoom(at, element)) return UNFIT;
      if (i > 0) this.data[at++] = 44;
      at = this.write(at, element, levels);
      if (at === UNFIT) return UNFIT;
    }
    this.data[at] = 93;
    return at + 1;
  }

  private writeObject(begin: number, object: Record<string, unknown>, levels: number): number {
    let at = begin;
    // Why `for in`: it is much faster than an array of the keys.
    for (const key in object) {
      at = this.writeMember(begin, at, key, object[key], levels);
      if (at === UNFIT) return UNFIT;
    }
    return this.writeObjectEnd(begin, at);
  }

  /** The same for an object that may inherit members, which are not written. */
  private writeInstance(begin: number, object: Record<string, unknown>, levels: number): number {
    if (isBytes(object) || isBoxed(object)) return UNFIT;
    let at = begin;
    for (const key of Object.keys(object)) {
      at = this.writeMember(begin, at, key, object[key], levels);
      if (at === UNFIT) return UNFIT;
    }
    return this.writeObjectEnd(begin, at);
  }

  /** @param begin - where the object begins */
  private writeMember(begin: number, start: number, key: string, value: unknown, levels: number): number {
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return start;
    const bytes = this.keys.find(key);
    const { length } = bytes;
    if (!this.hasRoom(start + length, value)) return UNFIT;
    const { data } = this;
    for (let i = 0; i < length; i++) data[start + i] = bytes[i];
    // In the place of the comma.
    if (start === begin) data[start] = 123;
    const at = start + length;
    if (typeof value === 'string') return this.writeString(at, value);
    return typeof value === 'number' ? this.writeNumber(at, value) : this.write(at, value, levels);
  }

  private writeObjectEnd(begin: number, end: number): number {
    if (end === begin) this.data[end] = 123;
    const at = end === begin ? end + 1 : end;
    this.data[at] = 125;
    return at + 1;
  }

  private writeDate(at: number, date: Date): number {
    // It may have a `toISOString` of its own, and be no date at all then.
    if (date.toISOString === dateToIso) {
      const time = timeOf.call(date);
      if (time >= 0 && time < END_OF_TIME) return this.writeTime(at, time);
    }
    const text: unknown = date.toJSON();
    if (typeof text === 'string') return this.hasRoom(at, text) ? this.writeString(at, text) : UNFIT;
    return text === null ? this.writeWord(at, 'null') : UNFIT;
  }

  /**
   * Writes `'2024-03-01T10:15:00.000Z'`.
   * Why not by `toISOString`: it takes half as long as a whole object with the date in it.
   */
  private writeTime(start: number, time: number): number {
    const days = Math.floor(time / DAY_MS);
    const ms = time - days * DAY_MS;
    // Days since March 1 of the year 0; of the era of 400 years; then the year of that, which begins in March.
    const all = days + DAYS_TO_1970;
    const era = (all / DAYS_OF_ERA) | 0;
    const day = all - era * DAYS_OF_ERA;
    const year = ((day - ((day / 1460) | 0) + ((day / 36524) | 0) - ((day / 146096) | 0)) / 365) | 0;
    const dayOfYear = day - (365 * year + ((year / 4) | 0) - ((year / 100) | 0));
    const month = ((5 * dayOfYear + 2) / 153) | 0;
    const isNextYear = month > 9;
    const { data } = this;
    data[start] = 39;
    let at = this.writePadded(start + 1, era * 400 + year + (isNextYear ? 1 : 0), 4, 45);
    at = this.writePadded(at, isNextYear ? month - 9 : month + 3, 2, 45);
    at = this.writePadded(at, dayOfYear - (((153 * month + 2) / 5) | 0) + 1, 2, 84);
    at = this.writePadded(at, (ms / 3_600_000) | 0, 2, 58);
    at = this.writePadded(at, ((ms / 60_000) | 0) % 60, 2, 58);
    at = this.writePadded(at, ((ms / 1000) | 0) % 60, 2, 46);
    at = this.writePadded(at, ms % 1000, 3, 90);
    data[at] = 39;
    return at + 1;
  }

  /** Writes a number with zeros before it, and a character behind it. */
  private writePadded(at: number, number: number, digits: number, then: number): number {
    const { data } = this;
    let rest = number;
    for (let i = at + digits - 1; i >= at; i--) {
      const tens = (rest / 10) | 0;
      data[i] = 48 + rest - tens * 10;
      rest = tens;
    }
    data[at + digits] = then;
    return at + digits + 1;
  }

  private writeString(at: number, text: string): number {
    const { length } = text;
    if (length >= ENCODER_MIN_LENGTH) return this.writeLong(at, text);
    const { data } = this;
    const start = at + 1;
    data[at] = 39;
    for (let i = 0; i < length; i++) {
      const c = text.charCodeAt(i);
      if (c > 127 || c === 92 || c === 39 || (c < 14 && (c === 10 || c === 13 || c === 0)))
        return isClean(text) ? this.writeWide(at, text) : this.writeEncoded(at, quote(text));
      data[start + i] = c;
    }
    data[start + length] = 39;
    return start + length + 1;
  }

  /** Writes a string that needs no escapes, and has characters beyond ASCII, but no surrogates. */
  private writeWide(begin: number, text: string): number {
    const { data } = this;
    this.isAscii = false;
    let at = begin;
    data[at++] = 39;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c < 0x80) data[at++] = c;
      else {
        if (c < 0x800) data[at++] = 0xc0 | (c >> 6);
        else {
          data[at++] = 0xe0 | (c >> 12);
          data[at++] = 0x80 | ((c >> 6) & 63);
        }
        data[at++] = 0x80 | (c & 63);
      }
    }
    data[at++] = 39;
    return at;
  }

  private writeLong(at: number, text: string): number {
    // The writer of texts copies it once less.
    if (text.length >= LONG_STRING) return UNFIT;
    if (!isClean(text)) return this.writeEncoded(at, quote(text));
    this.data[at] = 39;
    const end = this.writeEncoded(at + 1, text);
    // The quote before it may have taken the last of the room.
    if (end === UNFIT) return UNFIT;
    this.data[end] = 39;
    return end + 1;
  }

  /** Writes what is between quotes, or has its own. */
  private writeEncoded(at: number, text: string): number {
    if (!this.hasRoom(at, text)) return UNFIT;
    const written = encoder?.encodeInto?.(text, this.data.subarray(at)).written ?? 0;
    if (written !== text.length) this.isAscii = false;
    return at + written;
  }

  private writeNumber(at: number, number: number): number {
    if ((number | 0) === number) return this.writeInteger(at, number);
    if (number > 0 && number < SMALL_DECIMAL) {
      // Where the quotient is the number, no shorter decimal is: prices and the like, which the engine's conversion takes long for.
      const cents = Math.round(number * CENTS);
      if (cents / CENTS === number) return this.writeCents(at, cents);
    }
    return this.writeWord(at, number - number === 0 ? '' + number : 'null');
  }

  private writeInteger(at: number, number: number): number {
    if (number >= 0) return this.writeDigits(at, number);
    if (number === LEAST_INT32) return this.writeWord(at, '' + number);
    this.data[at] = 45;
    return this.writeDigits(at + 1, -number);
  }

  private writeDigits(at: number, number: number): number {
    const { data } = this;
    let end = at + 1;
    for (let rest = number; rest > 9; rest = (rest / 10) | 0) end++;
    let rest = number;
    for (let i = end - 1; i >= at; i--) {
      const tens = (rest / 10) | 0;
      data[i] = 48 + rest - tens * 10;
      rest = tens;
    }
    return end;
  }

  /** Writes a hundredth of an integer, which is no integer itself. */
  private writeCents(start: number, cents: number): number {
    const { data } = this;
    const whole = (cents / CENTS) | 0;
    const fraction = cents - whole * CENTS;
    const tenths = (fraction / 10) | 0;
    let at = this.writeDigits(start, whole);
    data[at++] = 46;
    data[at++] = 48 + tenths;
    if (fraction !== tenths * 10) data[at++] = 48 + fraction - tenths * 10;
    return at;
  }

  private writeFalse(at: number): number {
    this.data[at + 4] = 101;
    return this.writeFour(at, 102, 97, 108, 115) + 1;
  }

  private writeFour(at: number, first: number, second: number, third: number, fourth: number): number {
    const { data } = this;
    data[at] = first;
    data[at + 1] = second;
    data[at + 2] = third;
    data[at + 3] = fourth;
    return at + 4;
  }

  /** Writes ASCII. */
  private writeWord(at: number, word: string): number {
    const { data } = this;
    for (let i = 0; i < word.length; i++) data[at + i] = word.charCodeAt(i);
    return at + word.length;
  }

  /** Makes room for a value, and what is behind it. @returns false: there would be too much */
  private hasRoom(at: number, value: unknown): boolean {
    const size = at + MAX_VALUE_BYTES + (typeof value === 'string' ? MAX_BYTES_PER_UNIT * value.length : 0);
    return size <= this.data.length || this.grow(at, size);
  }

  private grow(used: number, size: number): boolean {
    if (size > MAX_BYTES) return false;
    const { data } = this;
    const kept = largeMemory?.deref();
    this.data = kept && kept.length >= size ? kept : new Uint8Array(Math.min(2 * size, MAX_BYTES));
    largeMemory = undefined;
    this.data.set(data.subarray(0, used));
    return true;
  }

  private encode(text: string): Uint8Array {
    const bytes = new Uint8Array(MAX_BYTES_PER_UNIT * text.length);
    const written = encoder?.encodeInto?.(text, bytes).written ?? 0;
    if (written !== text.length) this.isAscii = false;
    return bytes.slice(0, written);
  }
}

function isBoxed(object: object): boolean {
  return (
    object instanceof Number ||
    object instanceof String ||
    object instanceof Boolean ||
    object instanceof BigInt
  );
}
