import { ATTACHED_MARK_CODE, BYTES_QUOTE_CODE, BytesMemory, decodeBase64, partOf } from './base64.js';
import type { ByteDecoder } from './byte-decoder.js';
import { IndexKeys } from './index-keys.js';
import { bytesOfText } from './text-bytes.js';
import { MdsfSyntaxError, type MdsfSyntaxErrorCode } from './syntax-error.js';

/** How a byte's position relates to its character's position in the text. */
const enum Mode {
  /** Only bytes below 128 were read so far: one byte is one character. */
  Ascii,
  /** The bytes contain others; all of them were checked to be UTF-8. */
  Utf8,
  /** A string is parsed: one byte stands for one UTF-16 unit. */
  Units,
}

/**
 * Size of the decoded window that strings are cut from.
 * Why: one call of the decoder serves many strings, and a string that the program keeps (a slice of the window)
 * keeps no more than a window alive.
 */
const WINDOW_BYTES = 16 * 1024;
/** From this size on a string is decoded by itself, not cut from a window. */
const OWN_TEXT_BYTES = 4096;

const NO_BYTES = new Uint8Array(0);
/** As how many values bytes count. Why: the array object of a few bytes takes as much memory as so many values. */
const VALUES_OF_BYTES = 4;
/** A position that no text reaches. */
const NEVER = 0x3fffffff;

/**
 * The bytes that are parsed, the position in them, and the text that they stand for.
 *
 * Why bytes: the grammar is written once, over bytes. Reading bytes is about twice as fast as `charCodeAt`. Where
 * a string is given (in a browser), bytes are made with the ASCII characters at the same positions.
 *
 * Why a base class and not a part of the reader: every byte is read through `data` and `pos`, and an object between
 * them and the grammar would be one more load for each.
 */
export abstract class TextSource {
  protected data: Uint8Array = NO_BYTES;
  protected length = 0;
  /** The position of the next byte. */
  protected pos = 0;
  /** How many more arrays and objects may be opened inside one another. */
  protected depthLeft = 0;
  /** How many more values may be read. */
  protected valuesLeft = 0;
  /** Whether a value may be bytes; set it behind a start. */
  takesBytes = false;
  private attached: Uint8Array | undefined;
  private attachedUsed = 0;
  private maxValues = 0;
  private readonly memory = new BytesMemory();
  protected readonly indexKeys = new IndexKeys();
  private decoder: ByteDecoder | undefined;
  private mode: Mode = Mode.Units;
  /** The window: decoded text that strings are cut from. */
  private text = '';
  /** Invariant: a byte's position minus `base` is the index of its character in `text`. */
  private base = 0;
  /** The byte position at which `text` ends. */
  private textEnd = 0;
  private nextBackslash = 0;

  /**
   * Starts to read bytes. They must not change until {@link reset}.
   * @param maxDepth - how deep arrays and objects may be nested
   * @param maxValues - how many values there may be
   */
  startBytes(data: Uint8Array, decoder: ByteDecoder, maxDepth: number, maxValues: number): void {
    this.start(data, data.length, maxDepth, maxValues);
    this.decoder = decoder;
    this.mode = Mode.Ascii;
    this.textEnd = -1;
  }

  /**
   * Starts to read a string.
   * @param maxDepth - how deep arrays and objects may be nested
   * @param maxValues - how many values there may be
   */
  startText(text: string, maxDepth: number, maxValues: number): void {
    this.start(bytesOfText(text), text.length, maxDepth, maxValues);
    this.decoder = undefined;
    this.mode = Mode.Units;
    this.text = text;
    this.textEnd = NEVER;
  }

  /** The position of what is read next, in bytes; of a string, in UTF-16 units. */
  get position(): number {
    return this.pos;
  }

  /** How many values were read. */
  get valuesRead(): number {
    return this.maxValues - this.valuesLeft;
  }

  /** The bytes behind the text, of which the text has the lengths; behind a start. They must not change any more. */
  attach(bytes: Uint8Array): void {
    this.attached = bytes;
    this.attachedUsed = 0;
  }

  /** Throws where bytes behind the text are in no place of it. */
  checkAttached(): void {
    const { attached, attachedUsed } = this;
    if (attached && attachedUsed < attached.length)
      this.fail('ERR_MDSF_SYNTAX', 'More bytes than places for them');
  }

  /** Drops all references to what was read, so that nothing of it is kept alive. */
  reset(): void {
    this.memory.clear();
    this.attached = undefined;
    this.data = NO_BYTES;
    this.decoder = undefined;
    this.text = '';
  }

  private start(data: Uint8Array, length: number, maxDepth: number, maxValues: number): void {
    this.data = data;
    this.length = length;
    this.pos = 0;
    this.base = 0;
    this.depthLeft = maxDepth;
    // Why not more: no text has more values, and a small integer is faster than Infinity.
    this.maxValues = Math.min(maxValues, 2 * length + 2);
    this.valuesLeft = this.maxValues;
    this.indexKeys.start(length);
    this.nextBackslash = -1;
    this.takesBytes = false;
  }

  /**
   * The text of bytes that are known to be ASCII.
   * @param surplus - see {@link cut}
   */
  protected cutAscii(start: number, end: number, surplus = 0): string {
    if (end > this.textEnd) {
      if (end - start >= OWN_TEXT_BYTES) return this.decode(start, end);
      this.moveWindow(start);
    }
    return this.text.slice(start - this.base, end - this.base - surplus);
  }

  /**
   * The text of bytes that were read and may contain others than ASCII.
   * @param surplus - how many more bytes than UTF-16 units are between start and end
   */
  protected cut(start: number, end: number, surplus: number): string {
    const text = this.cutAscii(start, end, surplus);
    this.base += surplus;
    return text;
  }

  /** The text of bytes that were not read one by one; throws where the source is no UTF-8. */
  protected cutUnread(start: number, end: number): string {
    const text = this.peekText(start, end);
    this.base += end - start - text.length;
    return text;
  }

  /** Whether these bytes are known to be ASCII. Always false where a string is parsed. */
  protected isAsciiBytes(start: number, end: number): boolean {
    return this.mode === Mode.Ascii && this.decoder?.isAscii(this.data.subarray(start, end)) === true;
  }

  /** Does what {@link cutUnread} does, for bytes that may still be read one by one afterwards. */
  protected peekText(start: number, end: number): string {
    if (!this.isAsciiBytes(start, end)) this.enterNonAscii();
    return this.decode(start, end);
  }

  /**
   * Checks all bytes to be UTF-8, when the first one of 128 or more is met.
   * Invariant: called before such a byte is passed, since `base` is kept for one mode at a time.
   */
  protected enterNonAscii(): void {
    if (this.mode !== Mode.Ascii) return;
    if (this.decoder?.isUtf8(this.data) !== true) this.fail('ERR_MDSF_ENCODING', 'Invalid UTF-8');
    this.mode = Mode.Utf8;
    this.textEnd = -1;
  }

  /** Keeps `base` right while bytes outside of strings are passed: `surplus` more bytes than UTF-16 units. */
  protected passSurplus(surplus: number): void {
    this.base += surplus;
  }

  /**
   * The character at `at`, which is not ASCII: its UTF-16 unit and how many bytes it takes. For a character that
   * needs two units, the unit is U+FFFD: callers look for blanks only, and all blanks are a single unit.
   */
  protected wideCharacter(at: number): { readonly unit: number; readonly bytes: number } {
    this.enterNonAscii();
    const lead = this.data[at];
    if (this.mode === Mode.Units) return { unit: this.text.charCodeAt(at), bytes: 1 };
    const second = this.data[at + 1] & 63;
    if (lead < 0xe0) return { unit: ((lead & 31) << 6) | second, bytes: 2 };
    if (lead >= 0xf0) return { unit: 0xfffd, bytes: 4 };
    return { unit: ((lead & 15) << 12) | (second << 6) | (this.data[at + 2] & 63), bytes: 3 };
  }

  /** The position of an ASCII character at or after `from`; the source's length where there is none. */
  protected find(code: number, from: number): number {
    const { decoder } = this;
    const at =
      decoder === undefined
        ? this.text.indexOf(String.fromCharCode(code), from)
        : decoder.indexOf(this.data, code, from);
    return at === -1 ? this.length : at;
  }

  /**
   * The position of the next backslash.
   * Why it is remembered: searched anew for each of many long strings, a message would take quadratic time.
   */
  protected findBackslash(from: number): number {
    if (this.nextBackslash < from) this.nextBackslash = this.find(92, from);
    return this.nextBackslash;
  }

  /** Reads the bytes whose opening backtick is at the position. Their value is counted as one already. */
  protected readBytes(): Uint8Array {
    if (!this.takesBytes) this.failUnexpected('Value');
    this.valuesLeft -= VALUES_OF_BYTES - 1;
    if (this.valuesLeft < 0) this.failValues();
    const start = this.pos + 1;
    if (this.data[start] === ATTACHED_MARK_CODE) return this.readAttached(start + 1);
    const end = this.find(BYTES_QUOTE_CODE, start);
    if (end >= this.length) this.fail('ERR_MDSF_UNEXPECTED_END', 'Bytes without end');
    const bytes = decodeBase64(this.data, start, end, this.memory, this.length);
    if (bytes === undefined) this.fail('ERR_MDSF_SYNTAX', 'Base64 expected', start);
    this.pos = end + 1;
    return bytes;
  }

  /** Takes bytes from behind the text. @param start - where their length begins */
  private readAttached(start: number): Uint8Array {
    const { attached, attachedUsed, data } = this;
    if (!attached) this.fail('ERR_MDSF_SYNTAX', 'Base64 expected', start - 1);
    const left = attached.length - attachedUsed;
    let size = 0;
    let at = start;
    // No longer than what is left: a number that is too large ends the loop.
    for (; data[at] >= 48 && data[at] <= 57 && size <= left; at++) size = size * 10 + data[at] - 48;
    if (size === 0 || size > left || data[start] === 48 || data[at] !== BYTES_QUOTE_CODE || at >= this.length)
      this.fail('ERR_MDSF_SYNTAX', 'Length of attached bytes expected', start);
    this.pos = at + 1;
    this.attachedUsed += size;
    return partOf(attached, attachedUsed, size, this.memory);
  }

  protected failValues(): never {
    this.fail('ERR_MDSF_VALUES', 'Too many values');
  }

  /** Throws an {@link MdsfSyntaxError}. */
  protected fail(code: MdsfSyntaxErrorCode, message: string, position = this.pos): never {
    throw new MdsfSyntaxError(code, message, position);
  }

  /** Throws because something else than `expected` stands at the position, or the source ends there. */
  protected failUnexpected(expected: string): never {
    if (this.pos >= this.length) this.fail('ERR_MDSF_UNEXPECTED_END', `Unexpected end, ${expected} expected`);
    this.fail('ERR_MDSF_SYNTAX', `${expected} expected`);
  }

  private decode(start: number, end: number): string {
    const { decoder, data } = this;
    if (decoder === undefined) return this.text.slice(start, end);
    return this.mode === Mode.Ascii
      ? decoder.latin1Slice(data, start, end)
      : decoder.utf8Slice(data, start, end);
  }

  private moveWindow(start: number): void {
    const { data, length } = this;
    let end = start + WINDOW_BYTES;
    if (end >= length) end = length;
    // The window must not end within a character.
    else if (this.mode === Mode.Utf8) while (end < length && (data[end] & 0xc0) === 0x80) end++;
    this.text = this.decode(start, end);
    this.textEnd = end;
    this.base = start;
  }
}
