import { JstpError, type JstpErrorOptions } from './jstp-error.js';

/**
 * The peer sent something that is no JSTP. The transport is destroyed without an answer. The `code` is
 * `'ERR_JSTP_PROTOCOL'`.
 */
export class ProtocolError extends JstpError {
  /** The kind of the message that broke the rules of its kind; undefined for other errors. */
  readonly kind: string | undefined;

  /**
   * @param message - what was wrong. Invariant: it never quotes the peer's data at length
   * @param options - the cause, such as a syntax error, and the message's kind
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
