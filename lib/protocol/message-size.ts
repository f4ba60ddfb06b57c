import { ATTACHED_HEADER_BYTES, textOf, type WrittenMessage } from './attached-message.js';
import { JstpError } from './jstp-error.js';
import { LimitError } from './limit-error.js';
import type { Limits } from './limits.js';
import { tighterLimit, type SizeLimits } from './size-limit.js';

/** A UTF-16 unit takes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/** Attached bytes take less than so many characters each, as there are many. */
const MAX_BASE64_PER_BYTE = 1.34;

const TOO_LARGE = 'ERR_JSTP_MESSAGE_TOO_LARGE';
/** The codes of errors about a peer that goes beyond a limit, besides those of a LimitError. */
const OF_LIMITS: ReadonlySet<unknown> = /* @__PURE__ */ new Set([
  TOO_LARGE,
  'ERR_JSTP_SLOW_PEER',
  'ERR_JSTP_STALLED_PEER',
]);

/** What a peer takes. */
export interface PeerTakes {
  /** The largest message in bytes that the peer says it takes; undefined: it said nothing. */
  readonly peerMaxBytes: number | undefined;
  /** Whether bytes go behind the text. If not, they are base64 in it. */
  readonly attachments: boolean;
}

/**
 * Checks that a message may be sent.
 * @param limits - the limits of this side, which hold for sent messages, too
 * @throws {JstpError} ERR_JSTP_MESSAGE_TOO_LARGE, saying which side has the limit
 */
export function checkSize(
  message: WrittenMessage,
  limits: Pick<Limits, 'maxMessageBytes'>,
  peer: PeerTakes = TAKES_ALL,
): void {
  if (!fitsBoth(message, limits, peer)) throw tooLargeError(limits, peer.peerMaxBytes);
}

const TAKES_ALL: PeerTakes = { peerMaxBytes: undefined, attachments: false };

/** Whether both sides take a message. */
export function fitsBoth(
  message: WrittenMessage,
  { maxMessageBytes }: Pick<Limits, 'maxMessageBytes'>,
  { peerMaxBytes = maxMessageBytes, attachments }: PeerTakes,
): boolean {
  const maxBytes = Math.min(maxMessageBytes, peerMaxBytes);
  if (typeof message === 'string') return fits(message, maxBytes);
  const { text, bytes } = message;
  if (attachments) return fits(text, maxBytes - bytes.length - ATTACHED_HEADER_BYTES);
  return fits(text, maxBytes - bytes.length * MAX_BASE64_PER_BYTE) || fits(textOf(message), maxBytes);
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
export function suspectedSizeError(message: WrittenMessage): JstpError {
  const bytes = byteLengthOf(message);
  return new JstpError(
    TOO_LARGE,
    `The connection was cut twice while a message of ${bytes} bytes was being sent. It is given up: the other side seems to have a lower limit for messages (limits.maxMessageBytes there; each side has one)`,
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

function byteLengthOf(message: WrittenMessage): number {
  if (typeof message === 'string') return byteLength(message);
  return ATTACHED_HEADER_BYTES + byteLength(message.text) + message.bytes.length;
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
