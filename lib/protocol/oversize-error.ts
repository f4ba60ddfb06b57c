import { LimitError } from './limit-error.js';
import type { SizeLimit } from './size-limit.js';

/**
 * The peer sent a message larger than `limits.maxMessageBytes` of this side, or `limits.maxHandshakeBytes` before the
 * handshake was done. The transport is destroyed.
 */
export class OversizeError extends LimitError {
  /**
   * @param maxBytes - the limit of this side, in bytes
   * @param limit - which one it is
   */
  constructor(maxBytes: number, limit: SizeLimit) {
    super(
      limit,
      `Message of more than ${maxBytes} bytes: that is limits.${limit} of this side, and the other side has one, too`,
    );
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'OversizeError';
  }
}
