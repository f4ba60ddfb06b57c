import { JstpError } from './jstp-error.js';

/** Makes the error of a transport whose peer leaves more unread than a limit allows. */
export function slowPeerError(reason = 'its send buffer is full'): JstpError {
  return new JstpError('ERR_JSTP_SLOW_PEER', `The peer reads too slowly: ${reason}`);
}

/** Makes the error of a transport whose peer has stopped reading. */
export function stalledPeerError(): JstpError {
  return new JstpError('ERR_JSTP_STALLED_PEER', 'The peer has stopped reading');
}
