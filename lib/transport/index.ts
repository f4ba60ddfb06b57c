import type { ServerOptions as HttpOptions } from 'node:http';
import type { ServerOptions as HttpsOptions } from 'node:https';
import type { ServerOpts } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { ServerOptions } from '../server/server-options.js';
import { dialers } from './client-entries.js';
import { createEntry, type TransportEntry } from './entry.js';
import { CLIENT_NAMES, SERVER_NAMES } from './node-options.js';
import {
  SOCKET_ADDRESS_SOURCE_NAMES,
  WEB_SOCKET_ADDRESS_SOURCE_NAMES,
  type SocketAddressSource,
  type WebSocketAddressSource,
} from './proxy/proxy-options.js';
import { netListener } from './socket/net.js';
import { tlsListener } from './socket/tls.js';
import { wsListener, wssListener } from './websocket/websocket.js';
import {
  WEB_SOCKET_NAMES,
  type SharedHttpServer,
  type WebSocketServerOptions,
} from './websocket/websocket-options.js';

/** Options of WebSocket servers, without those of Node's server. */
export type WebSocketOptions = WebSocketServerOptions & SharedHttpServer & WebSocketAddressSource;

/** Options of `net.createServer`: JSTP's, with those of Node's `net.createServer`. */
export type NetServerOptions = ServerOptions & ServerOpts & SocketAddressSource;

/** Options of `tls.createServer`: JSTP's, with those of Node's `tls.createServer`. */
export type TlsServerOptions = ServerOptions & TlsOptions & SocketAddressSource;

/**
 * JSTP over TCP and IPC.
 * @example
 * const server = net.createServer([application]);
 * server.listen(3000);
 * const connection = await net.connect('app', null, 3000);
 */
export const net: TransportEntry<ServerOpts & SocketAddressSource> = createEntry(
  'net',
  dialers,
  netListener,
  {
    server: SOCKET_ADDRESS_SOURCE_NAMES,
    passedToServer: SERVER_NAMES.net,
    passedToClient: CLIENT_NAMES.net,
  },
);

/** JSTP over TLS. Servers need a certificate: `tls.createServer({ applications, key, cert })`. */
export const tls: TransportEntry<TlsOptions & SocketAddressSource> = createEntry(
  'tls',
  dialers,
  tlsListener,
  {
    server: SOCKET_ADDRESS_SOURCE_NAMES,
    passedToServer: SERVER_NAMES.tls,
    passedToClient: CLIENT_NAMES.tls,
  },
);

/** JSTP over WebSocket. Clients are given a URL: `ws.connect('app', null, 'ws://localhost:3000')`. */
export const ws: TransportEntry<HttpOptions & WebSocketOptions> = createEntry('ws', dialers, wsListener, {
  server: [...WEB_SOCKET_NAMES, ...WEB_SOCKET_ADDRESS_SOURCE_NAMES],
  passedToServer: SERVER_NAMES.ws,
  passedToClient: CLIENT_NAMES.ws,
});

/** JSTP over WebSocket and TLS. Clients are given a URL: `wss.connect('app', null, 'wss://localhost:3000')`. */
export const wss: TransportEntry<HttpsOptions & WebSocketOptions> = createEntry('wss', dialers, wssListener, {
  server: [...WEB_SOCKET_NAMES, ...WEB_SOCKET_ADDRESS_SOURCE_NAMES],
  passedToServer: SERVER_NAMES.wss,
  passedToClient: CLIENT_NAMES.ws,
});
