/**
 * How bytes become text: handed in by the transport, so that nothing here needs Node or the DOM.
 * `start` and `end` are always within the array.
 */
export interface ByteDecoder {
  /** The text of bytes that are known to be ASCII. */
  latin1Slice(bytes: Uint8Array, start: number, end: number): string;
  /** The text of bytes that are known to be UTF-8. */
  utf8Slice(bytes: Uint8Array, start: number, end: number): string;
  /** Whether the bytes are ASCII, all of them. */
  isAscii(bytes: Uint8Array): boolean;
  /** Whether the bytes are UTF-8 without a flaw (no surrogates, nothing overlong, nothing cut off). */
  isUtf8(bytes: Uint8Array): boolean;
  /** The position of a byte's first occurrence at or after `from`, or -1. */
  indexOf(bytes: Uint8Array, byte: number, from: number): number;
}
