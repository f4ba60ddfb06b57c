import { MdsfSyntaxError, type ParseOptions } from '../../lib/mdsf/index.js';
import { readAllWays } from '../fuzz/read-all-ways.js';

/** The value of a text, read from its string and from its bytes, which must agree. */
export function parseBoth(text: string, options?: ParseOptions): unknown {
  const { error, value } = readAllWays(Buffer.from(text), options);
  if (error !== undefined) throw error;
  return value;
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
