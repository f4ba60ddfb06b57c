import { withoutStacks } from '../util/without-stacks.js';
import { ERR_CALL_TIMEOUT, ERR_CANCELLED } from './error-codes.js';
import { RemoteError } from './remote-error.js';

/**
 * Whose time was over, as the `info` of an error -7 says it: 'ERR_CALLER_TIMEOUT': that of the call itself.
 * 'ERR_INHERITED_TIMEOUT': that of the call within which it was made. 'ERR_MAX_CALL_DURATION': its server runs no call
 * for longer (`limits.maxCallDurationMs`).
 */
export type TimeoutInfo = 'ERR_CALLER_TIMEOUT' | 'ERR_INHERITED_TIMEOUT' | 'ERR_MAX_CALL_DURATION';

const TEXTS: Readonly<Record<TimeoutInfo, string>> = {
  ERR_CALLER_TIMEOUT: 'the caller waits no longer',
  ERR_INHERITED_TIMEOUT: 'the call within which it was made has no more time',
  ERR_MAX_CALL_DURATION: 'its server runs no call for longer',
};

/**
 * Makes the error of a call that was not answered in time.
 * @param whose - whose time was over
 * @param timeoutMs - how long that was, where it is known
 */
export function callTimeout(whose: TimeoutInfo, timeoutMs?: number): RemoteError {
  const time = timeoutMs === undefined ? '' : ` (${Math.round(timeoutMs)} ms)`;
  return new RemoteError(ERR_CALL_TIMEOUT, `Call timed out: ${TEXTS[whose]}${time}`, [whose]);
}

/** Makes the error of a call that its caller's signal has cancelled. @param reason - the signal's, which is the cause */
export function cancelledBy(reason: unknown): RemoteError {
  const error = new RemoteError(ERR_CANCELLED, 'Call cancelled: its signal has fired');
  // As Error's own, which is not enumerable.
  Object.defineProperty(error, 'cause', { value: reason, writable: true, configurable: true });
  return error;
}

/** Makes the error of a call whose caller has cancelled it, or has gone. It has no stack: a peer can ask for thousands. */
export function cancelledByPeer(): RemoteError {
  return withoutStacks(cancelled);
}

function cancelled(): RemoteError {
  return new RemoteError(ERR_CANCELLED);
}
