/**
 * How a session has come into a room of this server: the application has let it `'join'`, or it has come back with the
 * session, from another server or from a store (`'resume'`).
 */
export type JoinReason = 'join' | 'resume';

/**
 * How a session has left a room of this server: the application has let it `'leave'`, the session has come to its `'end'`,
 * its client was away for too long (`'expire'`), or it goes on at another server (`'move'`).
 */
export type LeaveReason = 'leave' | 'end' | 'expire' | 'move';
