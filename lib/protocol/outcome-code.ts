import { GENERIC_ERROR_CODE } from './error-codes.js';

/**
 * The code of an outcome, as those who observe it count it: 0 for success; JSTP's code of a RemoteError, or of a plain
 * number such as -1; the `code` of another Error, if it has one that is a text ('ECONNREFUSED'); else the generic 1.
 */
export function outcomeCodeOf(error: unknown): number | string {
  if (!error) return 0;
  const code = typeof error === 'object' ? (error as { code?: unknown }).code : error;
  if (typeof code === 'number' && Number.isSafeInteger(code) && code !== 0) return code;
  return typeof error === 'object' && typeof code === 'string' && code !== '' ? code : GENERIC_ERROR_CODE;
}
