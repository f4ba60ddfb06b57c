import { check, hasMethod, isInteger, MAX_TIMER_MS, optional } from '../../protocol/option-checks.js';
import type { CallOptions, Connection } from '../connection.js';
import { controlOf } from '../control.js';
import { CallLimit } from './call-limit.js';
import { answerCall, type OutgoingCall } from './outgoing-calls.js';

/** Allows the milliseconds of a call's timeout; 0: any time. */
export const isTimeout = isInteger(0, MAX_TIMER_MS);
export const TIMEOUT_ALLOWED = `an integer from 0 to ${MAX_TIMER_MS}`;

/**
 * Gives a call of the core an end.
 * @returns false where it is over before it is sent
 * @throws ConfigurationError for a timeout or a signal that is none
 */
export function limitCall(
  connection: Connection,
  call: OutgoingCall,
  { timeout, signal }: Pick<CallOptions, 'timeout' | 'signal'>,
): boolean {
  check('timeout', timeout, TIMEOUT_ALLOWED, optional(isTimeout));
  check('signal', signal, 'an AbortSignal', optional(hasMethod('addEventListener')));
  call.limit = new CallLimit({ timeout: timeout || undefined, signal }, (error) => {
    // The session may be another connection's by now.
    const heir = connection.session?.connection ?? connection;
    for (const each of new Set([connection, heir])) each.cancelCall(call, error);
    controlOf(connection).guard(() => {
      answerCall(call, error);
    });
  });
  return !call.limit.isOverAtOnce;
}
