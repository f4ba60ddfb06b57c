import { JstpError } from '../protocol/jstp-error.js';

/**
 * A session cannot be stored, as its state holds a value that JSON cannot write. Its `code` is
 * `'ERR_JSTP_SESSION_STATE'`, its `cause` the error of `JSON.stringify`.
 */
export class SessionStateError extends JstpError {
  /** @param cause the error of `JSON.stringify` */
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : 'it has no JSON';
    super(
      'ERR_JSTP_SESSION_STATE',
      `The state of a session cannot be stored: ${reason}. Give it plain values that JSON can write`,
      { cause },
    );
  }
}
