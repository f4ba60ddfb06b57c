import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { nestClient, startNest } from './nest-application.js';

/** @import { BrokerProgram, Contender } from '../types.js' */
/** @import { ClientOptions, MicroserviceOptions } from '@nestjs/microservices' */

const host = '127.0.0.1';

/**
 * @param {BrokerProgram} broker
 * @param {(port: number) => object} optionsFor
 * @returns {Contender}
 */
function createContender(broker, optionsFor) {
  return {
    broker,
    async startServer({ handlers, brokerPort = 0 }) {
      const options = /** @type {MicroserviceOptions} */ (optionsFor(brokerPort));
      const { app, received } = await startNest(options, handlers);
      return { port: brokerPort, received, close: () => app.close() };
    },
    connect({ handlers }, port) {
      const client = ClientProxyFactory.create(/** @type {ClientOptions} */ (optionsFor(port)));
      return nestClient(client, handlers);
    },
  };
}

export const nestRedis = createContender(
  {
    command: 'redis-server',
    client: 'ioredis',
    args: (port) => ['--port', String(port), '--bind', host, '--save', '', '--appendonly', 'no'],
  },
  (port) => ({ transport: Transport.REDIS, options: { host, port } }),
);

export const nestNats = createContender(
  {
    command: 'nats-server',
    client: '@nats-io/transport-node',
    args: (port) => ['--addr', host, '--port', String(port)],
  },
  (port) => ({ transport: Transport.NATS, options: { servers: [`nats://${host}:${port}`] } }),
);
