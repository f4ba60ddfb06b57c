import { ProtocolError } from './protocol-error.js';

/** The peer sent a message larger than `limits.maxMessageBytes` of this side. The transport is destroyed. */
export class OversizeError extends ProtocolError {
  /** @param maxBytes - the limit of this side, in bytes */
  constructor(maxBytes: number) {
    super(
      `Message of more than ${maxBytes} bytes: that is limits.maxMessageBytes of this side, and the other side has one, too`,
    );
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'OversizeError';
  }
}
