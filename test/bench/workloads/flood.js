/** @import { BenchClient } from '../types.js' */

/** Events that are sent in one turn of the event loop; sockets write between two turns. */
const EVENTS_A_TURN = 256;
/** How long a server may get nothing new before the flood is given up. */
const MAX_SILENCE_MS = 10_000;
const LOOK_EVERY_MS = 1;

/** Milliseconds by the clock that all processes of a machine share. */
function machineClock() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Sends events with no call between them that would tell how far the server is.
 * @param {BenchClient} client
 * @param {number} count
 * @param {unknown} payload
 */
export async function flood(client, count, payload) {
  const startedAt = machineClock();
  for (let sent = 0; sent < count;) {
    const until = Math.min(count, sent + EVENTS_A_TURN);
    for (; sent < until; sent++) client.event(payload);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return startedAt;
}

/**
 * What a client has sent counts for nothing: the handlers must have had it.
 * @param {() => number} received
 * @param {number} count of events since the server has started
 */
export async function untilReceived(received, count) {
  let last = received();
  let changedAt = machineClock();
  while (last < count) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const now = received();
    const time = machineClock();
    if (now !== last) changedAt = time;
    else if (time - changedAt > MAX_SILENCE_MS)
      throw new Error(`${count} events were sent, and ${now} arrived`);
    last = now;
  }
  if (last > count) throw new Error(`${count} events were sent, and ${last} arrived`);
  return machineClock();
}
