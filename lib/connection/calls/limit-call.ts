import { check, hasMethod, isInteger, MAX_TIMER_MS, optional } from '../../protocol/option-checks.js';
import type { RemoteError } from '../../protocol/remote-error.js';
import { CallLimit, type CallTerms } from './call-limit.js';
import type { OutgoingCall } from './outgoing-calls.js';

/** Allows the milliseconds of a call's timeout; 0: any time. */
export const isTimeout = isInteger(0, MAX_TIMER_MS);
export const TIMEOUT_ALLOWED = `an integer from 0 to ${MAX_TIMER_MS}`;

/**
 * Gives a call of the core an end.
 * @param onOver called once when it is over before its answer
 * @returns false where it is over before it is sent
 * @throws ConfigurationError for a timeout or a signal that is none
 */
export function limitCall(
  call: OutgoingCall,
  { timeout, signal }: CallTerms,
  onOver: (error: RemoteError) => void,
): boolean {
  check('timeout', timeout, TIMEOUT_ALLOWED, optional(isTimeout));
  check('signal', signal, 'an AbortSignal', optional(hasMethod('addEventListener')));
  call.limit = new CallLimit({ timeout: timeout || undefined, signal }, onOver);
  return !call.limit.isOverAtOnce;
}
