import type { ByteDecoder } from './byte-decoder.js';
import { MdsfReader } from './reader.js';
import { DEFAULT_MAX_DEPTH } from './stringify.js';

/** How a text is read. */
export interface ParseOptions {
  /** How deep arrays and objects may be nested. @default 256 */
  readonly maxDepth?: number;
}

// One for all: reading is synchronous and calls nobody's code.
const reader = new MdsfReader();

/**
 * The value of an MDSF text: JSON and more (bare keys, either quote, holes, comments, hexadecimal, octal
 * and binary integers, NaN and the infinities). `__proto__` is a key like any other.
 * @throws {MdsfSyntaxError} for text that is no MDSF, with the position in UTF-16 units
 */
export function parse(text: string, options?: ParseOptions): unknown {
  reader.startText(text, options?.maxDepth ?? DEFAULT_MAX_DEPTH);
  return readAll();
}

/**
 * As {@link parse}, from the bytes of an UTF-8 text.
 * @throws {MdsfSyntaxError} for bytes that are no UTF-8 or no MDSF, with the position in bytes
 */
export function parseBytes(bytes: Uint8Array, decoder: ByteDecoder, options?: ParseOptions): unknown {
  reader.startBytes(bytes, decoder, options?.maxDepth ?? DEFAULT_MAX_DEPTH);
  return readAll();
}

function readAll(): unknown {
  try {
    return reader.readDocument();
  } finally {
    reader.reset();
  }
}
