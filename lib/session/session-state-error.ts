import { JstpError } from '../protocol/jstp-error.js';

/**
 * A session's state holds what JSON cannot write, so that no store can keep the session. Its `code` is
 * `'ERR_JSTP_SESSION_STATE'`, its `cause` the error of `JSON.stringify`.
 */
export class SessionStateError extends JstpError {
  /** @param cause why JSON cannot write it */
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : 'it has no JSON';
    super(
      'ERR_JSTP_SESSION_STATE',
      `The state of a session cannot be stored: ${reason}. Give it plain values that JSON can write`,
      { cause },
    );
  }
}
