import { Buffer, isAscii, isUtf8 } from 'node:buffer';
import type { ByteDecoder } from '../mdsf/index.js';

/** The part of Node's buffers that its type declarations leave out, with `this` said. */
interface BufferMethods {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  indexOf(this: Uint8Array, byte: number, from: number): number;
}

// Taken from the prototype, so that a plain Uint8Array does as well; `toString` would need a Buffer and
// costs a second call.
const methods = Buffer.prototype as unknown as BufferMethods;

/** Bytes to text by Node's buffers. */
export const nodeDecoder: ByteDecoder = {
  latin1Slice: (bytes, start, end) => methods.latin1Slice.call(bytes, start, end),
  utf8Slice: (bytes, start, end) => methods.utf8Slice.call(bytes, start, end),
  isAscii: (bytes) => isAscii(bytes),
  isUtf8: (bytes) => isUtf8(bytes),
  indexOf: (bytes, byte, from) => methods.indexOf.call(bytes, byte, from),
};
