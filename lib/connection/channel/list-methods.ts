import { formatInspect } from '../../protocol/format-message.js';
import type { Callback } from '../../util/callback.js';
import { createOutgoingCall } from '../calls/outgoing-calls.js';
import { RemoteProxy } from '../calls/remote-proxy.js';
import type { Connection } from '../connection.js';
import { fail } from './failures.js';
import type { Outbox } from './outbox.js';

/** What keeps the peer's interfaces that were inspected. */
interface InspectingChannel {
  readonly connection: Connection;
  readonly remoteProxies: Record<string, RemoteProxy>;
  listMethods(interfaceName: string, callback: Callback<[methods?: string[]]>): void;
}

/** Makes a proxy of an interface, and keeps it. */
export function inspectInterface(
  channel: InspectingChannel,
  interfaceName: string,
  callback: Callback<[proxy?: RemoteProxy]>,
): void {
  channel.listMethods(interfaceName, (error, methods) => {
    if (error) {
      callback(error);
      return;
    }
    const proxy = new RemoteProxy(channel.connection, interfaceName, methods);
    channel.remoteProxies[interfaceName] = proxy;
    callback(null, proxy);
  });
}

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
    outbox.commit(outbox.nextId, formatInspect(outbox.nextId, interfaceName), call);
  } catch (error) {
    fail(callback, error);
  }
}
