import type { ApplicationLike } from '../../application/application.js';
import type { CallMessage, EventMessage } from '../../protocol/message.js';
import type { Observation } from '../../util/observation.js';
import type { Connection } from '../connection.js';
import type { CallMeter } from './call-meter.js';
import { begin, teller, watches } from './observers.js';

/** What receives calls and events. */
interface Receiver {
  readonly connection: Connection;
  /** The application that gets them; null: none does. */
  readonly application: ApplicationLike<Connection> | null;
  /** Counts them; undefined: nobody has asked for that. */
  readonly callMeter: CallMeter | undefined;
}

/**
 * Begins to observe a call or an event of the peer, which is observed.
 * @param length how long the message was
 * @param name the name of the method or event
 */
export function observeReceiving(
  kind: 'serve' | 'handle',
  { connection, application, callMeter }: Receiver,
  message: CallMessage | EventMessage,
  length: number,
  name = '',
): Observation {
  const counted = callMeter && count(callMeter, kind, application, message.interfaceName ?? '', name);
  if (counted && !watches[kind].isOn) return counted;
  const operation = teller().receiveOperation(kind, connection, application, message, length, name);
  return begin(operation, counted);
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
