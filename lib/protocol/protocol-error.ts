import { JstpError, type JstpErrorOptions } from './jstp-error.js';

/**
 * The peer sent something that is no JSTP: the connection cannot go on and is destroyed, without an
 * answer. Its `code` is `'ERR_JSTP_PROTOCOL'`.
 */
export class ProtocolError extends JstpError {
  /**
   * @param message - what was wrong; it never quotes the peer's data at length
   * @param options - the cause, such as the syntax error
   */
  constructor(message: string, options?: JstpErrorOptions) {
    super('ERR_JSTP_PROTOCOL', message, options);
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'ProtocolError';
  }
}
