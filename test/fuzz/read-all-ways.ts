import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import { MdsfSyntaxError, parse, parseBytes, type ParseOptions } from '../../lib/mdsf/index.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { Finding } from './target.js';

/** What came of reading: a value or an error. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: MdsfSyntaxError;
}

/**
 * Reads a text of MDSF from its string, its bytes and its Buffer, which must agree: about the value, or about the error and
 * its place. Bytes that are no UTF-8 must be refused.
 * @throws {Finding} where they do not, and for any other error than a MdsfSyntaxError
 */
export function readAllWays(bytes: Buffer, options?: ParseOptions): Outcome {
  const fromBuffer = outcomeOf(() => parseBytes(bytes, nodeDecoder, options));
  const fromBytes = outcomeOf(() => parseBytes(Uint8Array.from(bytes), nodeDecoder, options));
  checkSame('from a Buffer and from plain bytes', fromBuffer, fromBytes, fromBytes.error?.position);
  if (!isUtf8(bytes)) {
    if (!fromBuffer.error) throw new Finding('accepted, though it is no UTF-8');
    return fromBuffer;
  }
  const text = bytes.toString();
  const fromText = outcomeOf(() => parse(text, options));
  const position = fromText.error && Buffer.byteLength(text.slice(0, fromText.error.position));
  checkSame('from bytes and from a string', fromBuffer, fromText, position);
  return fromText;
}

/** @param position where the second one's error is, in bytes */
function checkSame(ways: string, one: Outcome, other: Outcome, position: number | undefined): void {
  if (!one.error && !other.error && isDeepStrictEqual(one.value, other.value)) return;
  const isSameError =
    one.error !== undefined && one.error.code === other.error?.code && one.error.position === position;
  if (!isSameError) throw new Finding(`read differently ${ways}: ${shown(one)}; ${shown(other)}`);
}

function shown({ value, error }: Outcome): string {
  return error ? `${error.code}, ${error.message}` : JSON.stringify(value) || String(value);
}

function outcomeOf(read: () => unknown): Outcome {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof MdsfSyntaxError) return { error };
    throw new Finding(`reading has thrown ${String(error)}`, { cause: error });
  }
}
