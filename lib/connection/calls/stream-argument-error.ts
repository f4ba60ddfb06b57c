import { JstpError } from '../../protocol/jstp-error.js';

/**
 * Makes an error of a stream where none can be.
 * @param name of the call or event
 * @param place which argument it is
 * @param why what is the matter, as the end of a sentence
 */
export function streamArgumentError(name: string, place: number, why: string): JstpError {
  return new JstpError('ERR_JSTP_STREAM_ARGUMENT', `${name}: the argument ${place} is a stream, ${why}`);
}
