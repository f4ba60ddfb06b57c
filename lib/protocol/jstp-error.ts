/** Options of a {@link JstpError}. */
export interface JstpErrorOptions {
  /** The error that led to this one. @default none */
  readonly cause?: unknown;
}

/**
 * Base of all errors that this side raises itself. (An error that the peer sent is a RemoteError.)
 * Programs should test `code`, which is stable. The text is for people and may change.
 */
export class JstpError extends Error {
  /** A stable name of what went wrong, for example `'ERR_JSTP_PROTOCOL'`. */
  readonly code: string;

  /**
   * @param code - stable name of what went wrong
   * @param message - text for people
   * @param options - the cause, if another error led to this one
   */
  constructor(code: string, message: string, options?: JstpErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'JstpError';
  }
}
