import type { CallOptions } from '../../connection/calls/call-options.js';
import type { OutgoingCall } from '../../connection/calls/outgoing-calls.js';
import type { Connection } from '../../connection/connection.js';
import { ERR_NOT_CONNECTED } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { promisify, unwrapResults } from '../../util/callback.js';

/**
 * Calls a method of several clients. The first result counts, and the other calls are cancelled.
 * @returns a Promise of the result; of the first error where all have failed, ERR_NOT_CONNECTED where there is no client
 */
export function callAny(
  connections: readonly Connection[],
  interfaceName: string,
  method: string,
  args: unknown[],
  options?: CallOptions,
): Promise<unknown> {
  return promisify((settle) => {
    const calls = new Map<Connection, OutgoingCall>();
    const errors: unknown[] = [];
    const failed = (error: unknown): void => {
      errors.push(error);
      if (errors.length === connections.length) settle(errors[0], undefined);
    };
    const succeeded = (results: unknown): void => {
      settle(null, unwrapResults(Array.isArray(results) ? results : []));
      for (const [other, call] of calls) other.cancelCall(call);
      calls.clear();
    };
    if (connections.length === 0) settle(new RemoteError(ERR_NOT_CONNECTED), undefined);
    for (const connection of connections) {
      const done = (error: unknown, results?: unknown): void => {
        calls.delete(connection);
        if (error) failed(error);
        else succeeded(results);
      };
      const call = connection.startCall(interfaceName, method, args, done, { ...options, takesArray: true });
      calls.set(connection, call);
    }
  });
}
