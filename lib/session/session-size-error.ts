import { JstpError } from '../protocol/jstp-error.js';

/**
 * A session ends, as it has become larger than its store takes. Its `code` is `'ERR_JSTP_SESSION_SIZE'`. To its client,
 * the session is lost.
 */
export class SessionSizeError extends JstpError {
  /**
   * @param bytes how many bytes the session has in the store
   * @param limit the option that is exceeded, with its value
   */
  constructor(bytes: number, limit: string) {
    super(
      'ERR_JSTP_SESSION_SIZE',
      `A session of ${bytes} bytes is larger than ${limit} allows: it has ended, and its client hears that it is lost`,
    );
  }
}
