import {
  DEFAULT_MESSAGES,
  ERR_INTERFACE_NOT_FOUND,
  ERR_INVALID_SIGNATURE,
  ERR_METHOD_NOT_FOUND,
} from '../../protocol/error-codes.js';
import type { CallMessage } from '../../protocol/message.js';
import { METADATA_TOO_LARGE_INFO } from '../../protocol/refusal-info.js';

/** An error without a handler: its code, and what else is sent. */
export type Refusal = readonly [code: number, ...rest: unknown[]];

/** The error of a call with more metadata than this side takes. */
export const METADATA_TOO_LARGE: Refusal = [
  ERR_INVALID_SIGNATURE,
  DEFAULT_MESSAGES[ERR_INVALID_SIGNATURE],
  METADATA_TOO_LARGE_INFO,
];

/**
 * What is wrong with a call, as a code; 0: nothing. Checks in the order of docs/protocol.md; what the application has, it checks
 * itself.
 */
export function faultOf(message: CallMessage): number {
  if (message.args === undefined) return ERR_INVALID_SIGNATURE;
  if (message.interfaceName === undefined) return ERR_INTERFACE_NOT_FOUND;
  if (message.method === undefined) return ERR_METHOD_NOT_FOUND;
  return 0;
}
