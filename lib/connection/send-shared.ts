import type { Metadata } from '../protocol/message.js';
import type { SharedEvent } from '../protocol/shared-event.js';
import type { Connection } from './connection.js';
import { lifecycleOf } from './lifecycle.js';
import { observeEmit } from './observing/observe-sending.js';
import { watches } from './observing/observers.js';
import type { SessionChannel } from './channel/session-channel.js';

/** Sends an event that other connections get, too, as `emitRemoteEvent` sends one of its own. */
export function sendShared(connection: Connection, event: SharedEvent): void {
  const lifecycle = lifecycleOf(connection);
  const { channel } = lifecycle;
  const isObserved = watches.emit.isOn || channel.callMeter !== undefined;
  const error = isObserved ? observeShared(channel, event) : commitShared(channel, event, event.metadata);
  if (error !== undefined) lifecycle.tell(error);
}

function observeShared(channel: SessionChannel, event: SharedEvent): unknown {
  const sender = {
    connection: channel.connection,
    callMeter: channel.callMeter,
    commitEvent: (_interfaceName: string, _name: string, _args: unknown, metadata: Metadata | undefined) =>
      commitShared(channel, event, metadata),
  };
  return observeEmit(sender, event.interfaceName, event.name, event.args, event.metadata);
}

function commitShared(
  { outbox, extensions }: SessionChannel,
  event: SharedEvent,
  metadata: Metadata | undefined,
): unknown {
  const refusal = outbox.refusal('event', event.name);
  if (refusal) return refusal;
  try {
    const id = outbox.nextId;
    outbox.commit(id, event.messageFor(id, metadata, extensions));
    return undefined;
  } catch (error) {
    return error;
  }
}
