import type { ApplicationLike } from '../../application/application.js';
import type { CallMessage, EventMessage } from '../../protocol/message.js';
import type { Observation } from '../../util/observation.js';
import type { Connection } from '../connection.js';
import { CONTROL } from '../control.js';
import type { CallMeter } from './call-meter.js';
import { begin, hasObservers } from './observers.js';
import { ReceiveOperation } from './operations.js';

/**
 * Begins to observe a call or an event of the peer, which is observed.
 * @param application the one that gets it
 * @param length how long the message was
 * @param name the name of the method or event
 */
export function observeReceiving(
  kind: 'serve' | 'handle',
  connection: Connection,
  application: ApplicationLike<Connection> | null,
  message: CallMessage | EventMessage,
  length: number,
  name = '',
): Observation {
  const { callMeter } = connection[CONTROL];
  const counted = callMeter && count(callMeter, kind, application, message.interfaceName ?? '', name);
  if (counted && !hasObservers(kind)) return counted;
  return begin(new ReceiveOperation(kind, connection, application, message, length, name), counted);
}

function count(
  meter: CallMeter,
  kind: 'serve' | 'handle',
  application: ApplicationLike<Connection> | null,
  interfaceName: string,
  name: string,
): Observation {
  return kind === 'serve'
    ? meter.serve(application, interfaceName, name)
    : meter.handle(application, interfaceName, name);
}
