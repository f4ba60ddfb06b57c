/**
 * The text of a session cannot be read: it is no JSON, a field of it is wrong, or its format is of another version of
 * this package. Its `code` is `'ERR_JSTP_SESSION_TEXT'`. A server takes such a session for lost.
 */
export class SessionTextError extends SyntaxError {
  /** Always `'ERR_JSTP_SESSION_TEXT'`. */
  readonly code = 'ERR_JSTP_SESSION_TEXT';

  /** @param fault what is wrong; it quotes nothing of the text, which holds a client's messages */
  constructor(fault: string) {
    super(`The text of a session cannot be read: ${fault}`);
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'SessionTextError';
  }
}
