import { createConnectFunctions, type ConnectFunctions } from '../../connection/connect.js';
import { browserDialer } from './browser-dialer.js';

const dialers = /* @__PURE__ */ new Map([
  ['ws', browserDialer],
  ['wss', browserDialer],
]);
const functions = /* @__PURE__ */ createConnectFunctions('ws', dialers);

/**
 * Connects to a server's application over the platform's WebSocket: `connect(app, client, url[, callback(error,
 * connection, session)])`. Without a callback it returns a Promise of the connection.
 * @example
 * const connection = await connect('chat', null, 'wss://example.com/jstp');
 */
export const connect: ConnectFunctions['connect'] = (...args) => functions.connect(...args);

/**
 * Connects as {@link connect} does, and inspects interfaces: `connectAndInspect(app, client, interfaces, url[,
 * callback(error, connection, proxies)])`. Without a callback it returns a Promise.
 */
export const connectAndInspect: ConnectFunctions['connectAndInspect'] = (...args) =>
  functions.connectAndInspect(...args);

/**
 * Opens a new transport for a connection and resumes its session there: `reconnect(connection, url[, callback(error,
 * connection)])`. The connection that is returned is the same object.
 */
export const reconnect: ConnectFunctions['reconnect'] = (...args) => functions.reconnect(...args);
