/**
 * Decodes bytes. The transport provides it, so that this room needs neither Node nor the DOM.
 * Invariant: `start` and `end` are within the array.
 */
export interface ByteDecoder {
  /** The text of bytes that are known to be ASCII. */
  latin1Slice(bytes: Uint8Array, start: number, end: number): string;
  /** The text of bytes that are known to be UTF-8. */
  utf8Slice(bytes: Uint8Array, start: number, end: number): string;
  /** Whether all bytes are ASCII. */
  isAscii(bytes: Uint8Array): boolean;
  /** Whether the bytes are valid UTF-8: no surrogates, no overlong or incomplete sequences. */
  isUtf8(bytes: Uint8Array): boolean;
  /** The position of a byte at or after `from`; -1 where there is none. */
  indexOf(bytes: Uint8Array, byte: number, from: number): number;
}
