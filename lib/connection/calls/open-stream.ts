import { unwrapResults, type Callback } from '../../util/callback.js';
import { CONTROL } from '../control.js';
import type { CallOptions } from './call-options.js';
import { JstpStream } from './jstp-stream.js';
import type { OutgoingCall } from './outgoing-calls.js';
import { ValueQueue } from './value-queue.js';

/** What a call for a stream may say besides its arguments. */
export type StreamOptions = Omit<CallOptions, 'onItem' | 'takesArray'>;

/** What a stream asks of its connection. */
export interface StreamingConnection {
  /** The session, and the connection that has it by now. */
  readonly session: { readonly connection: StreamingConnection | null } | null;
  readonly [CONTROL]: { readonly channel: { readonly outbox: { allowMore(call: OutgoingCall): void } } };
  /** Makes a call. */
  startCall(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: Callback,
    options?: CallOptions,
  ): OutgoingCall;
  /** Tells the peer that nobody waits for a call any more. */
  cancelCall(call: OutgoingCall): void;
}

/** Makes a call whose values are read one by one. */
export function openStream<T>(
  connection: StreamingConnection,
  interfaceName: string,
  methodName: string,
  args: unknown[],
  options: StreamOptions = {},
): JstpStream<T> {
  const queue = new ValueQueue<T>({
    asked: () => {
      allowMore(connection, call);
    },
    left: () => {
      for (const each of holdersOf(connection)) each.cancelCall(call);
    },
  });
  const call = connection.startCall(
    interfaceName,
    methodName,
    args,
    (error, results) => {
      if (error) queue.fail(error);
      else {
        for (const result of lastOf(results as unknown[])) queue.push(result as T);
        queue.end();
      }
    },
    {
      ...options,
      takesArray: true,
      onItem: (value) => {
        queue.push(value as T);
      },
    },
  );
  call.backlog = () => queue.size;
  return new JstpStream(queue);
}

/** The reader of a call's values has asked for one: the peer may send more. */
export function allowMore(connection: StreamingConnection, call: OutgoingCall): void {
  for (const each of holdersOf(connection)) each[CONTROL].channel.outbox.allowMore(call);
}

/** The connections that may have a call: its session may be another one's by now. */
function holdersOf(connection: StreamingConnection): Iterable<StreamingConnection> {
  const heir = connection.session?.connection;
  return heir && heir !== connection ? [connection, heir] : [connection];
}

/** A method that does not stream has one result, or several as one value, as with `callMethod`. */
function lastOf(results: unknown[]): unknown[] {
  return results.length === 0 ? results : [unwrapResults(results)];
}
