/*
 * Why a handshake or a call is refused, behind the code and its message: peers of this package read it, others do not
 * look.
 */

/** The info of a refusal (code 11) that says: it is the session that is unknown. */
export const SESSION_LOST_INFO = 'ERR_SESSION_LOST';
/** What follows that (or a bye) where the session has ended because too much waited for the client. */
export const JOURNAL_FULL_INFO = 'ERR_JOURNAL_FULL';
/** The info of a refusal (code 11) that says: others have claimed the session again and again. */
export const SESSION_TAKEN_INFO = 'ERR_SESSION_TAKEN';
/** The info of a refusal (code 11) that says: so many logins have failed that this one was not looked at. */
export const LOGIN_LIMIT_INFO = 'ERR_LOGIN_LIMIT';

/** The info of a refusal (code 10) that says: the session is kept, for servers that have the application. */
export const SESSION_KEPT_INFO = 'ERR_SESSION_KEPT';

/** The info of a refused call (code 17) that says: its metadata is larger than this side takes. */
export const METADATA_TOO_LARGE_INFO = 'ERR_METADATA_TOO_LARGE';
