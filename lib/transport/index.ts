import type { ServerOptions as HttpOptions } from 'node:http';
import type { ServerOptions as HttpsOptions } from 'node:https';
import type { ServerOpts } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { Dialer } from '../connection/transport.js';
import type { ServerOptions } from '../server/server-options.js';
import { createEntry, type TransportEntry } from './entry.js';
import { CLIENT_NAMES, SERVER_NAMES } from './node-options.js';
import { netDialer, netListener } from './socket/net.js';
import { tlsDialer, tlsListener } from './socket/tls.js';
import { webSocketDialer, wsListener, wssListener } from './websocket/websocket.js';
import {
  WEB_SOCKET_NAMES,
  type SharedHttpServer,
  type WebSocketServerOptions,
} from './websocket/websocket-options.js';

/** The options of WebSocket servers, besides those of Node's server. */
export type WebSocketOptions = WebSocketServerOptions & SharedHttpServer;

/** The options of `net.createServer`: JSTP's, with those of Node's. */
export type NetServerOptions = ServerOptions & ServerOpts;

/** The options of `tls.createServer`: JSTP's, with those of Node's. */
export type TlsServerOptions = ServerOptions & TlsOptions;

// Shared by all entries, so that a reconnector can change the transport: `reconnectFn('ws', ...)`.
const dialers = new Map<string, Dialer>([
  ['net', netDialer],
  ['tls', tlsDialer],
  ['ws', webSocketDialer],
  ['wss', webSocketDialer],
]);

/** JSTP over TCP and IPC. */
export const net: TransportEntry<ServerOpts> = createEntry('net', dialers, netListener, {
  server: [],
  passedToServer: SERVER_NAMES.net,
  passedToClient: CLIENT_NAMES.net,
});

/** JSTP over TLS. */
export const tls: TransportEntry<TlsOptions> = createEntry('tls', dialers, tlsListener, {
  server: [],
  passedToServer: SERVER_NAMES.tls,
  passedToClient: CLIENT_NAMES.tls,
});

/** JSTP over WebSocket. */
export const ws: TransportEntry<HttpOptions & WebSocketOptions> = createEntry('ws', dialers, wsListener, {
  server: WEB_SOCKET_NAMES,
  passedToServer: SERVER_NAMES.ws,
  passedToClient: CLIENT_NAMES.ws,
});

/** JSTP over secure WebSocket. */
export const wss: TransportEntry<HttpsOptions & WebSocketOptions> = createEntry('wss', dialers, wssListener, {
  server: WEB_SOCKET_NAMES,
  passedToServer: SERVER_NAMES.wss,
  passedToClient: CLIENT_NAMES.ws,
});
