import { ERR_CALLBACK_LOST, ERR_SERVER_CLOSING, ERR_STREAM_MOVED } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { sourcePlaces } from '../calls/outgoing-sources.js';

/**
 * Whether an error means that a stream has moved: a new call gets it from the next server.
 * @param args those of the call: streams among them were read, and are not sent again
 */
export function isMoved(error: unknown, args: readonly unknown[]): boolean {
  return error instanceof RemoteError && error.code === ERR_STREAM_MOVED && sourcePlaces(args) === undefined;
}

/** Whether an error of a server that has left means that the next one may be called. @param args as of {@link isMoved} */
export function isNotRun(error: unknown, args: readonly unknown[]): boolean {
  return isMoved(error, args) || (error instanceof RemoteError && error.code === ERR_SERVER_CLOSING);
}

/** Makes an Error of the core's -1: a call gets no answer any more, and it is not known whether it ran. */
export function lostAnswer(interfaceName: string, name?: string): RemoteError {
  const what = name === undefined ? `the interface '${interfaceName}'` : `'${interfaceName}.${name}'`;
  const text = `The answer of ${what} is lost: the connection or its session ended before it came`;
  return new RemoteError(ERR_CALLBACK_LOST, text);
}
