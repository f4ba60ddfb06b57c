import type { Metadata } from '../../protocol/message.js';
import { outcomeCodeOf } from '../../protocol/outcome-code.js';
import { ignore } from '../../util/callback.js';
import { turnClock } from '../../util/turn-clock.js';
import type { OutgoingCall } from '../calls/outgoing-calls.js';
import type { Connection } from '../connection.js';
import { CONTROL } from '../control.js';
import { begin, hasObservers } from './observers.js';
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
  const counted = connection[CONTROL].callMeter?.call(interfaceName, methodName);
  if (!hasObservers('call')) {
    call.observation = counted;
    call.began = turnClock.now();
    return metadata;
  }
  const operation = new SendOperation('call', connection, interfaceName, methodName, args, metadata);
  const observation = begin(operation, counted);
  call.observation = observation;
  observation.run(ignore);
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
  const counted = connection[CONTROL].callMeter?.emit(interfaceName, eventName);
  if (!hasObservers('emit')) {
    const error = send(metadata);
    counted?.end(outcomeCodeOf(error), error, undefined);
    return error;
  }
  const operation = new SendOperation('emit', connection, interfaceName, eventName, args, metadata);
  const observation = begin(operation, counted);
  observation.run(ignore);
  const error = send(operation.metadata);
  observation.end(outcomeCodeOf(error), error, undefined);
  return error;
}
