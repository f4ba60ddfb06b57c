import type { ByteDecoder } from './byte-decoder.js';
import { MdsfReader } from './reader.js';
import { DEFAULT_MAX_DEPTH } from './stringify.js';

/** Options of {@link parse}. */
export interface ParseOptions {
  /** How deep arrays and objects may be nested. @default 256 */
  readonly maxDepth?: number;
  /** How many values there may be: each array, object, member, element and hole is one. @default Infinity */
  readonly maxValues?: number;
  /** Whether a value may be bytes, as {@link StringifyOptions.bytes} writes them. @default false */
  readonly bytes?: boolean;
  /** The bytes of which the text has the lengths, see {@link StringifyOptions.attached}; they must not change any more. */
  readonly attached?: Uint8Array;
}

// One for all. Invariant: reading is synchronous and calls no code of users, so that no two readings overlap.
const reader = new MdsfReader();

/**
 * Reads a value from MDSF text: JSON with bare keys, either quote, holes, comments, hexadecimal, octal and binary
 * integers, NaN and the infinities; where `bytes` says so, bytes as base64 between backticks. `__proto__` is a key like
 * any other.
 * @throws {MdsfSyntaxError} for text that is no MDSF, with the position in UTF-16 units
 * @example
 * parse("{name:'Marcus',tags:['a','b']}"); // { name: 'Marcus', tags: ['a', 'b'] }
 */
export function parse(text: string, options?: ParseOptions): unknown {
  reader.startText(text, options?.maxDepth ?? DEFAULT_MAX_DEPTH, options?.maxValues ?? Infinity);
  return readAll(options);
}

/**
 * Reads a value as {@link parse} does, from the bytes of a UTF-8 text.
 * @throws {MdsfSyntaxError} for bytes that are no UTF-8 or no MDSF, with the position in bytes
 */
export function parseBytes(bytes: Uint8Array, decoder: ByteDecoder, options?: ParseOptions): unknown {
  reader.startBytes(bytes, decoder, options?.maxDepth ?? DEFAULT_MAX_DEPTH, options?.maxValues ?? Infinity);
  return readAll(options);
}

function readAll(options: ParseOptions | undefined): unknown {
  reader.takesBytes = options?.bytes === true;
  if (options?.attached) reader.attach(options.attached);
  try {
    const value = reader.readDocument();
    reader.checkAttached();
    return value;
  } finally {
    reader.reset();
  }
}
