import { createConnectFunctions } from '../connection/connect.js';
import { browserDialer } from './browser-websocket.js';

const dialers = new Map([
  ['ws', browserDialer],
  ['wss', browserDialer],
]);

/** The client's functions over the platform's WebSocket; the dial argument is the URL. */
export const { connect, connectAndInspect, reconnect } = createConnectFunctions('ws', dialers);
