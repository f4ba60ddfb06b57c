import type { Callback } from '../util/callback.js';
import type { UnsentMessage } from './channel/outbox.js';
import type { Connection } from './connection.js';
import type { ByteCounts } from './metrics/traffic-meter.js';
import { lifecycleOf } from './lifecycle.js';
import type { Transport } from './transport.js';
import { startPatientTimer, stopTimer } from '../util/timer.js';

/*
 * What the clients that keep a connection do with it besides what `control.ts` has for all. Why apart: nobody else needs it.
 */

/** How many calls wait for an answer. */
export function pendingCalls(connection: Connection): number {
  return lifecycleOf(connection).channel.outgoingCalls.size;
}

/** What counts the bytes of the present transport; undefined where nothing does. */
export function byteCountsOf(connection: Connection): ByteCounts | undefined {
  return lifecycleOf(connection).wire.transport?.byteCounts;
}

/** How many messages of this side the peer is known to have received. */
export function acknowledgedCount({ session }: Connection): number {
  return session?.journal.acknowledged ?? 0;
}

/** Whether calls wait for an answer. */
export function hasCalls(connection: Connection): boolean {
  return lifecycleOf(connection).channel.outgoingCalls.hasCalls;
}

/** Takes back what was never written, as the server takes no new calls. The caller sends it elsewhere, or ends its calls. */
export function takeBack(connection: Connection): readonly UnsentMessage[] {
  return lifecycleOf(connection).channel.outbox.takeBack();
}

/** Fails the calls under way with -1; a peer that comes back hears that they are cancelled. @returns how many */
export function abandonCalls(connection: Connection): number {
  const { channel } = lifecycleOf(connection);
  const lost = channel.outgoingCalls.loseAll();
  for (const call of lost) channel.sendCancel(call);
  return lost.length;
}

/** Takes what never went out in a session that was just lost. The caller sends it, or ends its calls. */
export function takeUnsent(connection: Connection): readonly UnsentMessage[] {
  return lifecycleOf(connection).channel.outbox.takeUnsent();
}

/** Sends what never went out in another session. */
export function sendUnsent(connection: Connection, messages: readonly UnsentMessage[]): void {
  lifecycleOf(connection).channel.sendUnsent(messages);
}

/** Asks for the names of an interface's methods. */
export function listMethods(
  connection: Connection,
  interfaceName: string,
  callback: Callback<[methods?: string[]]>,
): void {
  lifecycleOf(connection).channel.listMethods(interfaceName, callback);
}

/** Dials no more by itself. */
export function stopRedialling(connection: Connection): void {
  lifecycleOf(connection).redialer?.stop();
}

/** Ends the transport without a word to the peer, so that the session stays there and may be resumed. */
export function cutTransport(connection: Connection): void {
  lifecycleOf(connection).wire.transport?.destroy();
}

/** The transports that are asked for a sign of life now. */
const probed = /* @__PURE__ */ new WeakSet<Transport>();

/** Asks the peer for a sign of life, and ends the transport where none comes in time. Does nothing while it is asked. */
export function probe(connection: Connection, timeoutMs: number): void {
  const { wire } = lifecycleOf(connection);
  const { transport } = wire;
  if (!transport || probed.has(transport)) return;
  probed.add(transport);
  const timer = startPatientTimer(timeoutMs, () => {
    // Another transport is none of this question.
    if (wire.transport === transport) wire.failSilent();
  });
  connection.ping(() => {
    probed.delete(transport);
    stopTimer(timer);
  });
}
