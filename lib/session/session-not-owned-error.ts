import { JstpError } from '../protocol/jstp-error.js';
import type { SessionClaim } from './session-claim.js';

/** The code of the error of a server that writes a session which another server owns by now. */
export const NOT_OWNED = 'ERR_JSTP_SESSION_NOT_OWNED';

/** A server cannot write a session, as another server owns it by now. */
export class SessionNotOwnedError extends JstpError {
  /** @param claim the claim by which the other server got the session, where it is known */
  constructor(readonly claim?: SessionClaim) {
    super(NOT_OWNED, 'Another server has the session by now');
  }
}
