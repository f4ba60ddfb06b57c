import { Buffer, isAscii, isUtf8 } from 'node:buffer';
import type { ByteDecoder } from '../mdsf/index.js';

/** The part of Node's buffers that its type declarations leave out. */
interface Slicer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

// Taken from the prototype, so that a plain Uint8Array does as well; `toString` would need a Buffer and
// costs a second call.
const prototype = Buffer.prototype as unknown as Slicer;
const { latin1Slice, utf8Slice } = prototype;
const { indexOf } = Buffer.prototype;

/** Bytes to text by Node's buffers. */
export const nodeDecoder: ByteDecoder = {
  latin1Slice: (bytes, start, end) => latin1Slice.call(bytes, start, end),
  utf8Slice: (bytes, start, end) => utf8Slice.call(bytes, start, end),
  isAscii: (bytes) => isAscii(bytes),
  isUtf8: (bytes) => isUtf8(bytes),
  indexOf: (bytes, byte, from) => indexOf.call(bytes, byte, from),
};
