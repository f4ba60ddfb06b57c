import { Buffer, isAscii, isUtf8 } from 'node:buffer';
import { largeText, useLargeWriter, type ByteDecoder } from '../mdsf/index.js';
import { latin1Slice, utf8Slice } from './node-internals.js';

const prototype: { indexOf(this: Uint8Array, byte: number, from: number): number } =
  Buffer.prototype as Buffer;

/** Decodes bytes by Node's buffers. */
export const nodeDecoder: ByteDecoder = {
  latin1Slice,
  utf8Slice,
  isAscii: (bytes) => isAscii(bytes),
  isUtf8: (bytes) => isUtf8(bytes),
  // By the prototype, since the bytes may be a plain Uint8Array, whose own method is slower.
  indexOf: (bytes, byte, from) => prototype.indexOf.call(bytes, byte, from),
};

// Here, since every transport of Node loads this file, and no page does.
useLargeWriter(largeText);
