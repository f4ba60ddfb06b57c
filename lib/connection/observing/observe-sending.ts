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
  if (counted) call.began = turnClock.now();
  if (!hasObservers('call')) {
    call.observation = counted;
    return metadata;
  }
  const operation = new SendOperation('call', connection, interfaceName, methodName, args, metadata);
  const observation = begin(operation, counted);
  call.observation = observation;
  observation.run(ignore);
  return operation.metadata;
}

/** What sends events. */
interface EventSender {
  readonly connection: Connection;
  /** @returns what keeps it from being sent; undefined: nothing does */
  commitEvent(
    interfaceName: string,
    eventName: string,
    args: readonly unknown[],
    metadata: Metadata | undefined,
  ): unknown;
}

/** Lets an event of this side be observed, and sends it. @returns what the sender returns */
export function observeEmit(
  sender: EventSender,
  interfaceName: string,
  eventName: string,
  args: readonly unknown[],
  metadata: Metadata | undefined,
): unknown {
  const { connection } = sender;
  const counted = connection[CONTROL].callMeter?.emit(interfaceName, eventName);
  if (!hasObservers('emit')) {
    const error = sender.commitEvent(interfaceName, eventName, args, metadata);
    counted?.end(outcomeCodeOf(error), error, undefined);
    return error;
  }
  const operation = new SendOperation('emit', connection, interfaceName, eventName, args, metadata);
  const observation = begin(operation, counted);
  observation.run(ignore);
  const error = sender.commitEvent(interfaceName, eventName, args, operation.metadata);
  observation.end(outcomeCodeOf(error), error, undefined);
  return error;
}
