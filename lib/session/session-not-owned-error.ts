import { JstpError } from '../protocol/jstp-error.js';
import type { SessionClaim } from './session-claim.js';

/** The code of a write by who is not the owner of a session any more. */
export const NOT_OWNED = 'ERR_JSTP_SESSION_NOT_OWNED';

/** Another server has a session by now. */
export class SessionNotOwnedError extends JstpError {
  /** @param claim the request to resume by which the other one has it, where that is known */
  constructor(readonly claim?: SessionClaim) {
    super(NOT_OWNED, 'Another server has the session by now');
  }
}
