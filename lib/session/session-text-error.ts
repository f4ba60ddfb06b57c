/**
 * The text of a session cannot be read: it is not JSON, one of its fields is wrong, or another version of this package
 * wrote it. Its `code` is `'ERR_JSTP_SESSION_TEXT'`. A server treats such a session as lost.
 */
export class SessionTextError extends SyntaxError {
  /** Always `'ERR_JSTP_SESSION_TEXT'`. */
  readonly code = 'ERR_JSTP_SESSION_TEXT';

  /** @param fault what is wrong, without a quotation. Why: the text holds a client's messages */
  constructor(fault: string) {
    super(`The text of a session cannot be read: ${fault}`);
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'SessionTextError';
  }
}
