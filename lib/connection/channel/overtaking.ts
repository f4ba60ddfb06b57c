import type { MessageHead } from '../../protocol/message-head.js';
import type { ReceivedCalls } from '../calls/received-calls.js';

/** The number of a ping that is not counted: it asks about the transport alone. */
export const TRANSPORT_PING = 0;

/**
 * Whether a message belongs to what is under way, and need not wait for what came before it.
 * @param calls the peer's calls that are being served; undefined: there have been none
 * @param bytes the size of the message
 */
export function mayOvertake(
  { kind, id, callId = NaN, place = NaN }: MessageHead,
  calls: ReceivedCalls | undefined,
  keepsAnswers: boolean,
  bytes: number,
): boolean {
  switch (kind) {
    case 'drain':
    case 'pong':
    case 'callback':
    case 'streamItem':
    case 'sourceCredit':
    case 'sourceCancel':
    case 'empty':
      return true;
    case 'ping':
      return id === TRANSPORT_PING && keepsAnswers;
    case 'streamCredit':
    case 'cancel':
      // Its call may still wait itself.
      return calls?.get(callId) !== undefined;
    case 'sourceItem':
      return calls?.takesValue(callId, place, bytes) === true;
    case 'sourceEnd':
      return calls?.sourceOf(callId, place) !== undefined;
    default:
      return false;
  }
}
