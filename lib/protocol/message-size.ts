import { JstpError } from './jstp-error.js';
import type { Limits } from './limits.js';
import { OversizeError } from './oversize-error.js';

/** A UTF-16 unit is three bytes of UTF-8 at most. */
const MAX_BYTES_A_UNIT = 3;

const TOO_LARGE = 'ERR_JSTP_MESSAGE_TOO_LARGE';

/**
 * Checks that the peer takes a text.
 * @param limits - those of this side: they hold for what is sent, too
 * @param peerMaxBytes - what the peer has told that it takes; undefined: nothing
 * @throws {JstpError} ERR_JSTP_MESSAGE_TOO_LARGE, saying whose limit it is
 */
export function checkSize(
  text: string,
  { maxMessageBytes }: Pick<Limits, 'maxMessageBytes'>,
  peerMaxBytes = maxMessageBytes,
): void {
  const maxBytes = Math.min(maxMessageBytes, peerMaxBytes);
  if (fits(text, maxBytes)) return;
  const side = peerMaxBytes < maxMessageBytes ? 'the other side' : 'this side';
  throw new JstpError(
    TOO_LARGE,
    `A message of more than ${maxBytes} bytes cannot be sent: that is limits.maxMessageBytes of ${side}, and each side has one`,
  );
}

/** Whether a text has at most so many bytes. */
function fits(text: string, maxBytes: number): boolean {
  return text.length * MAX_BYTES_A_UNIT <= maxBytes || byteLength(text) <= maxBytes;
}

/** The error of a message that the peer has cut the line for, as it seems, without having told a limit. */
export function suspectedSizeError(text: string): JstpError {
  return new JstpError(
    TOO_LARGE,
    `The line was cut twice while a message of ${byteLength(text)} bytes was being sent. It is given up: the other side seems to have a lower limit for messages (limits.maxMessageBytes there; each side has one)`,
  );
}

/** The error of a line that the peer has ended because of a message's size. */
export function refusedSizeError(): JstpError {
  return new JstpError(
    TOO_LARGE,
    'The other side has ended the line for a message that is larger than it takes (limits.maxMessageBytes there; each side has one)',
  );
}

/** Whether an error says that a message is too large for one of the two sides. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof OversizeError || (error instanceof JstpError && error.code === TOO_LARGE);
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
