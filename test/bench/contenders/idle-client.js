import { once } from 'node:events';
import net from 'node:net';

/** @import { BenchClient } from '../types.js' */

/** Does nothing: the same function for all sockets, so that none takes memory for its own. */
export function ignore() {}

/**
 * A socket that is dialled to see what a connection costs, and makes no calls.
 * @param {number} port
 * @param {string} host
 */
export async function dialIdle(port, host) {
  const socket = net.connect(port, host).on('error', ignore);
  await once(socket, 'connect');
  return {
    socket,
    client: /** @type {BenchClient} */ ({ call: refuse, event: refuse, close: () => socket.destroy() }),
  };
}

function refuse() {
  throw new Error('A bare socket makes no calls');
}
