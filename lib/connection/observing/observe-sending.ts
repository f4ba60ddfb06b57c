import type { Metadata } from '../../protocol/message.js';
import { outcomeCodeOf } from '../../protocol/outcome-code.js';
import { ignore } from '../../util/callback.js';
import type { OutgoingCall } from '../calls/outgoing-calls.js';
import type { Connection } from '../connection.js';
import type { CallMeter } from './call-meter.js';
import { begin, teller, watches } from './observers.js';

/** What sends calls. */
interface CallSender {
  readonly connection: Connection;
  /** Counts them; undefined: nobody has asked for that. */
  readonly callMeter: CallMeter | undefined;
}

/** Begins to observe a call of this side, which is observed. @returns the metadata that it is to carry */
export function observeCall(
  call: OutgoingCall,
  { connection, callMeter }: CallSender,
  interfaceName: string,
  methodName: string,
  args: readonly unknown[],
  metadata: Metadata | undefined,
): Metadata | undefined {
  const operation = teller().sendOperation('call', connection, interfaceName, methodName, args, metadata);
  const observation = begin(operation, callMeter?.call(interfaceName, methodName));
  call.observation = observation;
  observation.run(ignore);
  return operation.metadata;
}

/** What sends events. */
interface EventSender extends CallSender {
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
  const { connection, callMeter } = sender;
  const counted = callMeter?.emit(interfaceName, eventName);
  if (!watches.emit.isOn) {
    const error = sender.commitEvent(interfaceName, eventName, args, metadata);
    counted?.end(outcomeCodeOf(error), error);
    return error;
  }
  const operation = teller().sendOperation('emit', connection, interfaceName, eventName, args, metadata);
  const observation = begin(operation, counted);
  observation.run(ignore);
  const error = sender.commitEvent(interfaceName, eventName, args, operation.metadata);
  observation.end(outcomeCodeOf(error), error);
  return error;
}
