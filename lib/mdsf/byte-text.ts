import type { ByteDecoder } from './byte-decoder.js';
import { bytesOfText } from './text-bytes.js';
import { MdsfSyntaxError, type MdsfSyntaxErrorCode } from './syntax-error.js';

/** How positions in the bytes and in the text relate. */
const enum Mode {
  /** No byte above 127 has been met: one byte is one character. */
  Ascii,
  /** The bytes are UTF-8, checked as a whole. */
  Utf8,
  /** A string is parsed: one byte stands for one UTF-16 unit. */
  Units,
}

/**
 * Strings are cut from windows of this many decoded bytes: one call of the decoder serves many strings,
 * and a string that is kept keeps (as a slice) no more than a window alive.
 */
const WINDOW_BYTES = 16 * 1024;
/** A string of this size gets a text of its own. */
const OWN_TEXT_BYTES = 4096;

const NO_BYTES = new Uint8Array(0);
const NEVER = 0x3fffffff;

/**
 * The bytes that are parsed and their text. The grammar is written once, over bytes: reading bytes is
 * about twice as fast as `charCodeAt`, and where a string is given (a browser) bytes are made that have the
 * ASCII characters in the same places.
 */
export abstract class ByteText {
  protected data: Uint8Array = NO_BYTES;
  protected length = 0;
  protected pos = 0;
  /** Arrays and objects that may still be opened. */
  protected depthLeft = 0;
  private decoder: ByteDecoder | undefined;
  private mode: Mode = Mode.Units;
  private text = '';
  /** A byte's position minus this is the position of its character in `text`. */
  private base = 0;
  /** Where `text` ends, as a byte's position. */
  private textEnd = 0;
  private nextBackslash = 0;

  /** Begins with bytes. */
  startBytes(data: Uint8Array, decoder: ByteDecoder, maxDepth: number): void {
    this.start(data, maxDepth);
    this.decoder = decoder;
    this.mode = Mode.Ascii;
    this.textEnd = -1;
  }

  /** Begins with a string. */
  startText(text: string, maxDepth: number): void {
    this.start(bytesOfText(text), maxDepth);
    this.length = text.length;
    this.decoder = undefined;
    this.mode = Mode.Units;
    this.text = text;
    this.textEnd = NEVER;
  }

  /** Lets go of everything. */
  reset(): void {
    this.data = NO_BYTES;
    this.decoder = undefined;
    this.text = '';
  }

  private start(data: Uint8Array, maxDepth: number): void {
    this.data = data;
    this.length = data.length;
    this.pos = 0;
    this.base = 0;
    this.depthLeft = maxDepth;
    this.nextBackslash = -1;
  }

  /** The text of ASCII bytes. */
  protected cutAscii(start: number, end: number): string {
    if (end > this.textEnd) {
      if (end - start >= OWN_TEXT_BYTES) return this.decode(start, end);
      this.moveWindow(start);
    }
    return this.text.slice(start - this.base, end - this.base);
  }

  /**
   * The text of bytes, of which some may be beyond ASCII.
   * @param surplus - bytes more than UTF-16 units between start and end
   */
  protected cut(start: number, end: number, surplus: number): string {
    let text: string;
    if (end > this.textEnd && end - start >= OWN_TEXT_BYTES) {
      text = this.decode(start, end);
    } else {
      if (end > this.textEnd) this.moveWindow(start);
      text = this.text.slice(start - this.base, end - this.base - surplus);
    }
    this.base += surplus;
    return text;
  }

  /** The text of bytes that nothing has looked at yet; throws where they are no UTF-8. */
  protected cutUnseen(start: number, end: number): string {
    const text = this.peekText(start, end);
    this.base += end - start - text.length;
    return text;
  }

  /** Whether these bytes are known to be ASCII (of a string's nothing is known). */
  protected isAsciiBytes(start: number, end: number): boolean {
    return this.mode === Mode.Ascii && this.decoder?.isAscii(this.data.subarray(start, end)) === true;
  }

  /** As {@link cutUnseen}, for bytes that may yet be read in another way. */
  protected peekText(start: number, end: number): string {
    const { decoder, data } = this;
    if (decoder === undefined) return this.text.slice(start, end);
    if (this.mode === Mode.Ascii) {
      if (decoder.isAscii(data.subarray(start, end))) return decoder.latin1Slice(data, start, end);
      this.metNonAscii();
    }
    return decoder.utf8Slice(data, start, end);
  }

  /** Has to be called before the first byte beyond ASCII is passed. */
  protected metNonAscii(): void {
    if (this.mode !== Mode.Ascii) return;
    if (this.decoder?.isUtf8(this.data) !== true) this.fail('ERR_MDSF_ENCODING', 'Invalid UTF-8');
    this.mode = Mode.Utf8;
    this.textEnd = -1;
  }

  /** Keeps the text's place while bytes outside of strings are passed. */
  protected passSurplus(surplus: number): void {
    this.base += surplus;
  }

  /** The UTF-16 unit (of the first plane) of the character at `at`, which is beyond ASCII, and its bytes. */
  protected wideCharacter(at: number): { readonly unit: number; readonly bytes: number } {
    this.metNonAscii();
    const lead = this.data[at];
    if (this.mode === Mode.Units) return { unit: this.text.charCodeAt(at), bytes: 1 };
    const second = this.data[at + 1] & 63;
    if (lead < 0xe0) return { unit: ((lead & 31) << 6) | second, bytes: 2 };
    // No character of the other planes is of interest to anyone who asks.
    if (lead >= 0xf0) return { unit: 0xfffd, bytes: 4 };
    return { unit: ((lead & 15) << 12) | (second << 6) | (this.data[at + 2] & 63), bytes: 3 };
  }

  /** Position of an ASCII character at or after `from`; the length where there is none. */
  protected find(code: number, from: number): number {
    const { decoder } = this;
    const at =
      decoder === undefined
        ? this.text.indexOf(String.fromCharCode(code), from)
        : decoder.indexOf(this.data, code, from);
    return at === -1 ? this.length : at;
  }

  /** Position of the next backslash: searched once for many strings, else a message would take quadratic time. */
  protected findBackslash(from: number): number {
    if (this.nextBackslash < from) this.nextBackslash = this.find(92, from);
    return this.nextBackslash;
  }

  /** Throws. */
  protected fail(code: MdsfSyntaxErrorCode, message: string, position = this.pos): never {
    throw new MdsfSyntaxError(code, message, position);
  }

  /** Throws for what stands at the position (or for the end). */
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
    // Not within a character.
    else if (this.mode === Mode.Utf8) while (end < length && (data[end] & 0xc0) === 0x80) end++;
    this.text = this.decode(start, end);
    this.textEnd = end;
    this.base = start;
  }
}
