import { JstpError, type JstpErrorOptions } from './jstp-error.js';

/**
 * The peer sent something that is no JSTP: the connection cannot go on and is destroyed, without an
 * answer. Its `code` is `'ERR_JSTP_PROTOCOL'`.
 */
export class ProtocolError extends JstpError {
  /** The kind of the message that breaks its own rules; undefined where it is something else. */
  readonly kind: string | undefined;

  /**
   * @param message - what was wrong; it never quotes the peer's data at length
   * @param options - the cause, such as the syntax error, and the message's kind
   */
  constructor(message: string, options?: JstpErrorOptions & { readonly kind?: string }) {
    super('ERR_JSTP_PROTOCOL', message, options);
    this.kind = options?.kind;
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'ProtocolError';
  }
}
