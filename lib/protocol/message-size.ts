import { JstpError } from './jstp-error.js';
import type { Limits } from './limits.js';

/** A UTF-16 unit is three bytes of UTF-8 at most. */
const MAX_BYTES_A_UNIT = 3;

/**
 * Checks that a text can be received by a peer with this side's limits.
 * @throws {JstpError} ERR_JSTP_MESSAGE_TOO_LARGE
 */
export function checkSize(text: string, { maxMessageBytes }: Pick<Limits, 'maxMessageBytes'>): void {
  if (text.length * MAX_BYTES_A_UNIT <= maxMessageBytes || byteLength(text) <= maxMessageBytes) return;
  throw new JstpError(
    'ERR_JSTP_MESSAGE_TOO_LARGE',
    `A message of more than ${maxMessageBytes} bytes (limits.maxMessageBytes) cannot be sent`,
  );
}

function byteLength(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Both halves of a surrogate pair count one more: four bytes for two units.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
