import type { Metadata } from '../../protocol/message.js';
import { outcomeCodeOf } from '../../protocol/outcome-code.js';
import { ignore } from '../../util/callback.js';
import type { OutgoingCall } from '../calls/outgoing-calls.js';
import type { Connection } from '../connection.js';
import { begin } from './observers.js';
import { SendOperation } from './operations.js';

/** Lets a call of this side be observed, up to its end. @returns the metadata that it is to carry */
export function observeCall(
  call: OutgoingCall,
  connection: Connection,
  interfaceName: string,
  methodName: string,
  args: readonly unknown[],
  metadata: Metadata | undefined,
): Metadata | undefined {
  const operation = new SendOperation('call', connection, interfaceName, methodName, args, metadata);
  call.observation = begin(operation);
  call.observation.run(ignore);
  return operation.metadata;
}

/**
 * Lets an event of this side be observed.
 * @param send sends it, with the metadata that it is to carry; returns what keeps it from being sent
 * @returns what that has returned
 */
export function observeEmit(
  connection: Connection,
  interfaceName: string,
  eventName: string,
  args: readonly unknown[],
  metadata: Metadata | undefined,
  send: (metadata: Metadata | undefined) => unknown,
): unknown {
  const operation = new SendOperation('emit', connection, interfaceName, eventName, args, metadata);
  const observation = begin(operation);
  observation.run(ignore);
  const error = send(operation.metadata);
  observation.end(outcomeCodeOf(error), error);
  return error;
}
