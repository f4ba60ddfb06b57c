import { once } from 'node:events';
import net from 'node:net';
import { dialIdle, ignore } from './idle-client.js';
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
    return (await dialIdle(port, host)).client;
  },
};
