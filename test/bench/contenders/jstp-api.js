import { once } from 'node:events';
import { EVENT, inTurn, INTERFACE, methodNames } from './patterns.js';
import { portOf } from './port.js';

/** @import { BenchClient, BenchServer } from '../types.js' */

const APP = 'bench@1.0.0';

/** @typedef {(error: unknown, ...results: unknown[]) => void} Callback */

/**
 * What this package's core and the reference have in common.
 * @typedef {object} JstpConnection
 * @property {(iface: string, method: string, args: unknown[], callback: Callback) => unknown} callMethod
 * @property {(iface: string, event: string, args: unknown[]) => unknown} emitRemoteEvent
 * @property {(event: string, listener: (...args: unknown[]) => void) => unknown} on
 * @property {(event: string, listener: (...args: unknown[]) => void) => unknown} once
 * @property {() => unknown} getTransport
 * @property {() => unknown} close
 */

/**
 * @typedef {import('node:events').EventEmitter & {
 *   listen(...args: unknown[]): unknown, address(): unknown, close(): unknown }} JstpServer
 */

/**
 * @typedef {object} JstpEntry
 * @property {(app: string, client: object, ...args: unknown[]) => unknown} connect
 * @property {(connection: JstpConnection, ...args: unknown[]) => unknown} reconnect
 * @property {(options: object, ...rest: object[]) => JstpServer} createServer
 */

/** @typedef {new (name: string, api: object, eventHandlers: object) => object} ApplicationClass */

/**
 * A server with so many methods that call back with their argument.
 * @param {JstpEntry} entry
 * @param {ApplicationClass} Application
 * @param {{ handlers: number, options?: object }} settings
 * @returns {Promise<BenchServer>}
 */
export async function startJstpServer(entry, Application, { handlers, options = {} }) {
  let received = 0;
  const methods = methodNames(handlers).map((name) => [name, createEcho()]);
  const seen = () => {
    received += 1;
  };
  const application = new Application(
    APP,
    { [INTERFACE]: Object.fromEntries(methods) },
    { [INTERFACE]: { [EVENT]: seen } },
  );
  const server = entry.createServer({ applications: [application], ...options });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: portOf(server), received: () => received, close: () => server.close() };
}

function createEcho() {
  /**
   * @param {unknown} _connection
   * @param {unknown} payload
   * @param {Callback} callback
   */
  return (_connection, payload, callback) => callback(null, payload);
}

/**
 * @param {JstpEntry} entry
 * @param {object} client
 * @param {unknown[]} address
 * @returns {Promise<JstpConnection>}
 */
export function connectJstp(entry, client, ...address) {
  return new Promise((resolve, reject) => {
    const options = { reconnector: () => undefined, ...client };
    /** @type {(error: unknown, connection: JstpConnection) => void} */
    const done = (error, connection) => {
      if (error) {
        reject(error);
        return;
      }
      connection.on('error', () => undefined);
      resolve(connection);
    };
    entry.connect(APP, options, ...address, done);
  });
}

/**
 * @param {JstpConnection} connection
 * @param {number} handlers
 * @returns {BenchClient}
 */
export function jstpClient(connection, handlers) {
  const method = inTurn(methodNames(handlers));
  return {
    call: (payload, done) => void connection.callMethod(INTERFACE, method(), [payload], done),
    event: (payload) => void connection.emitRemoteEvent(INTERFACE, EVENT, [payload]),
    close: () => connection.close(),
  };
}
