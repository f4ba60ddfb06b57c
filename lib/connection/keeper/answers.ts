import { ERR_CALLBACK_LOST, ERR_SERVER_CLOSING, ERR_STREAM_MOVED } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';

/** Whether an error means that a stream has moved: a new call gets it from the next server. */
export function isMoved(error: unknown): boolean {
  return error instanceof RemoteError && error.code === ERR_STREAM_MOVED;
}

/** Whether an error of a server that has left means that the next one may be called. */
export function isNotRun(error: unknown): boolean {
  return isMoved(error) || (error instanceof RemoteError && error.code === ERR_SERVER_CLOSING);
}

/** Makes an Error of the core's -1: a call gets no answer any more, and it is not known whether it ran. */
export function lostAnswer(interfaceName: string, name?: string): RemoteError {
  const what = name === undefined ? `the interface '${interfaceName}'` : `'${interfaceName}.${name}'`;
  const text = `The answer of ${what} is lost: the connection or its session ended before it came`;
  return new RemoteError(ERR_CALLBACK_LOST, text);
}
