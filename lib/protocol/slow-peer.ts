import { JstpError } from './jstp-error.js';
import type { Limits } from './limits.js';

const SECOND_MS = 1000;

/** Makes the error of a transport whose peer leaves more unread than a limit allows. */
export function slowPeerError(reason = 'its send buffer is full'): JstpError {
  return new JstpError('ERR_JSTP_SLOW_PEER', `The peer reads too slowly: ${reason}`);
}

/**
 * Makes the error of a transport whose peer has stopped reading.
 * @param hasRead whether it has read something, but too little
 */
export function stalledPeerError(hasRead: boolean): JstpError {
  const what = hasRead ? 'reads fewer bytes a second than limits.minWriteRate' : 'has stopped reading';
  return new JstpError('ERR_JSTP_STALLED_PEER', `The peer ${what}`);
}

/** How many bytes, of those that wait, a peer must read in a time, or in `sendStallTimeoutMs`, if that is less. */
export function leastRead(
  { minWriteRate, sendStallTimeoutMs }: Pick<Limits, 'minWriteRate' | 'sendStallTimeoutMs'>,
  ms = sendStallTimeoutMs,
): number {
  return Math.max(1, (minWriteRate * Math.min(ms, sendStallTimeoutMs)) / SECOND_MS);
}
