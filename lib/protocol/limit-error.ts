import type { JstpErrorOptions } from './jstp-error.js';
import type { Limits } from './limits.js';
import { ProtocolError } from './protocol-error.js';

/** The peer went beyond a limit of this side. The transport is destroyed, but for `maxCallDurationMs`. */
export class LimitError extends ProtocolError {
  /** The name of the limit. */
  readonly limit: keyof Limits;

  /**
   * @param limit - the name of the limit
   * @param message - what the peer did, for people
   * @param options - the cause, if another error led to this one
   */
  constructor(limit: keyof Limits, message: string, options?: JstpErrorOptions) {
    super(message, options);
    this.limit = limit;
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'LimitError';
  }
}
