import { JstpError } from './jstp-error.js';
import { LimitError } from './limit-error.js';
import type { Limits } from './limits.js';
import { tighterLimit, type SizeLimits } from './size-limit.js';

/** A UTF-16 unit takes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

const TOO_LARGE = 'ERR_JSTP_MESSAGE_TOO_LARGE';
/** The codes of errors about a peer that goes beyond a limit, besides those of a LimitError. */
const OF_LIMITS: ReadonlySet<unknown> = /* @__PURE__ */ new Set([
  TOO_LARGE,
  'ERR_JSTP_SLOW_PEER',
  'ERR_JSTP_STALLED_PEER',
]);

/**
 * Checks that a message may be sent.
 * @param limits - the limits of this side, which hold for sent messages, too
 * @param peerMaxBytes - the largest message in bytes that the peer says it takes; undefined: it said nothing
 * @throws {JstpError} ERR_JSTP_MESSAGE_TOO_LARGE, saying which side has the limit
 */
export function checkSize(
  text: string,
  limits: Pick<Limits, 'maxMessageBytes'>,
  peerMaxBytes?: number,
): void {
  if (!fitsBoth(text, limits, peerMaxBytes)) throw tooLargeError(limits, peerMaxBytes);
}

/** Whether both sides take a message. @param peerMaxBytes - as of {@link checkSize} */
export function fitsBoth(
  text: string,
  { maxMessageBytes }: Pick<Limits, 'maxMessageBytes'>,
  peerMaxBytes = maxMessageBytes,
): boolean {
  return fits(text, Math.min(maxMessageBytes, peerMaxBytes));
}

/** Makes the error of a message that one of the two sides does not take, see {@link fitsBoth}. */
export function tooLargeError(
  { maxMessageBytes }: Pick<Limits, 'maxMessageBytes'>,
  peerMaxBytes = maxMessageBytes,
): JstpError {
  const maxBytes = Math.min(maxMessageBytes, peerMaxBytes);
  const side = peerMaxBytes < maxMessageBytes ? 'the other side' : 'this side';
  return new JstpError(
    TOO_LARGE,
    `A message of more than ${maxBytes} bytes cannot be sent: that is limits.maxMessageBytes of ${side}, and each side has one`,
  );
}

/**
 * Checks that a handshake may be sent.
 * @throws {JstpError} ERR_JSTP_MESSAGE_TOO_LARGE
 */
export function checkHandshakeSize(text: string, limits: SizeLimits): void {
  const name = tighterLimit(limits, 'maxHandshakeBytes');
  if (fits(text, limits[name])) return;
  throw new JstpError(
    TOO_LARGE,
    `A handshake of more than ${limits[name]} bytes cannot be sent: that is limits.${name} of this side, and each side has one`,
  );
}

/** Whether a text has at most `maxBytes` bytes as UTF-8. */
export function fits(text: string, maxBytes: number): boolean {
  return text.length * MAX_BYTES_PER_UNIT <= maxBytes || byteLength(text) <= maxBytes;
}

/** Makes the error of a message that a peer without a known limit seems to have cut the connection for. */
export function suspectedSizeError(text: string): JstpError {
  return new JstpError(
    TOO_LARGE,
    `The connection was cut twice while a message of ${byteLength(text)} bytes was being sent. It is given up: the other side seems to have a lower limit for messages (limits.maxMessageBytes there; each side has one)`,
  );
}

/** Makes the error of a transport that the peer has closed because of a message's size. */
export function refusedSizeError(): JstpError {
  return new JstpError(
    TOO_LARGE,
    'The other side has closed the connection for a message that is larger than it takes (limits.maxMessageBytes there; each side has one)',
  );
}

/** Whether an error says that one of the two sides has a limit that the other went beyond. */
export function isBeyondLimit(error: unknown): boolean {
  return error instanceof LimitError || (error instanceof JstpError && OF_LIMITS.has(error.code));
}

function byteLength(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Each half of a surrogate pair counts one more, as a pair has four bytes for two units.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
