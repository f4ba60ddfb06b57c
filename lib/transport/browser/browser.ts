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
 */
export const connect: ConnectFunctions['connect'] = (...args) => functions.connect(...args);

/** The same, and inspects interfaces: `connectAndInspect(app, client, interfaces, url[, callback(error, connection, proxies)])`. */
export const connectAndInspect: ConnectFunctions['connectAndInspect'] = (...args) =>
  functions.connectAndInspect(...args);

/** Moves a connection to a new link and resumes its session there: the same Connection comes back. */
export const reconnect: ConnectFunctions['reconnect'] = (...args) => functions.reconnect(...args);
