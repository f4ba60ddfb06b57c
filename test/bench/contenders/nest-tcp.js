import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { nestClient, startNest } from './nest-application.js';
import { portOf } from './port.js';

/** @import { Contender } from '../types.js' */

const host = '127.0.0.1';

/**
 * Nest's own transport over TCP, as it comes.
 * @type {Contender}
 */
export const nestTcp = {
  async startServer({ handlers }) {
    const options = { host, port: 0 };
    const { app, received } = await startNest({ transport: Transport.TCP, options }, handlers);
    /** @type {import('node:net').Server} */
    const server = app.unwrap();
    return { port: portOf(server), received, close: () => app.close() };
  },
  connect({ handlers }, port) {
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host, port } });
    return nestClient(client, handlers);
  },
};
