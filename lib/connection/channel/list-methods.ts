import { formatInspect } from '../../protocol/format-message.js';
import type { Callback } from '../../util/callback.js';
import { createOutgoingCall } from '../calls/outgoing-calls.js';
import { fail } from './failures.js';
import type { Outbox } from './outbox.js';

/** Asks for the names of an interface's methods. */
export function listMethods(
  outbox: Outbox,
  interfaceName: string,
  callback: Callback<[methods?: string[]]>,
): void {
  const refusal = outbox.fullness();
  if (refusal) {
    fail(callback, refusal);
    return;
  }
  const done: Callback = (error, methods) => {
    if (error) callback(error);
    else callback(null, Array.isArray(methods) ? methods.filter((name) => typeof name === 'string') : []);
  };
  const call = createOutgoingCall(done, undefined, 'call', true);
  try {
    outbox.commit(formatInspect(outbox.nextId, interfaceName), call);
  } catch (error) {
    fail(callback, error);
  }
}
