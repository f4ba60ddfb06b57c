import { once } from 'node:events';
import net from 'node:net';
import { portOf } from './port.js';

/** @import { Contender } from '../types.js' */

const host = '127.0.0.1';

/**
 * A bare socket, for what a connection costs: accepted, and listened to.
 * @type {Contender}
 */
export const socket = {
  async startServer() {
    const server = net.createServer((accepted) => {
      accepted.setNoDelay(true);
      // The same function for all sockets.
      accepted.on('error', ignore).on('data', ignore);
    });
    server.listen(0, host);
    await once(server, 'listening');
    return { port: portOf(server), received: () => 0, close: () => server.close() };
  },
  async connect(_settings, port) {
    const dialled = net.connect(port, host);
    dialled.on('error', ignore);
    await once(dialled, 'connect');
    return { call: refuse, event: refuse, close: () => dialled.destroy() };
  },
};

function ignore() {}

function refuse() {
  throw new Error('A bare socket makes no calls');
}
