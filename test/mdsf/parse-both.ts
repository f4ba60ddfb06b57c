import { expect } from '@jest/globals';
import { MdsfSyntaxError, parse, parseBytes, type ParseOptions } from '../../lib/mdsf/index.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { expectEqual } from './expect-equal.js';

/** The value of a text, read from its string and from its bytes, which must agree. */
export function parseBoth(text: string, options?: ParseOptions): unknown {
  const fromText = outcome(() => parse(text, options));
  const fromBytes = outcome(() => parseBytes(new TextEncoder().encode(text), nodeDecoder, options));
  const fromBuffer = outcome(() => parseBytes(Buffer.from(text), nodeDecoder, options));
  expectSame(fromText, fromBytes);
  expectSame(fromBytes, fromBuffer);
  if (fromBytes.error !== undefined) throw fromBytes.error;
  return fromBytes.value;
}

interface Outcome {
  readonly value?: unknown;
  readonly error?: unknown;
}

function outcome(read: () => unknown): Outcome {
  try {
    return { value: read() };
  } catch (error) {
    return { error };
  }
}

function expectSame(one: Outcome, other: Outcome): void {
  expectEqual(other.value, one.value);
  expect(codeOf(other.error)).toBe(codeOf(one.error));
}

function codeOf(error: unknown): unknown {
  if (error === undefined || error instanceof MdsfSyntaxError) return error?.code;
  throw error;
}

/** The error of a text that is no MDSF. */
export function failureOf(text: string, options?: ParseOptions): MdsfSyntaxError {
  try {
    parseBoth(text, options);
  } catch (error) {
    if (error instanceof MdsfSyntaxError) return error;
    throw error;
  }
  throw new Error(`was accepted: ${text}`);
}
