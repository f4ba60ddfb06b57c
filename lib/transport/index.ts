import type { ServerOptions as HttpOptions } from 'node:http';
import type { ServerOptions as HttpsOptions } from 'node:https';
import type { ServerOpts } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { Dialer } from '../connection/transport.js';
import type { ServerOptions } from '../server/server-options.js';
import { createEntry, type TransportEntry } from './entry.js';
import { netDialer, netListener } from './net.js';
import { tlsDialer, tlsListener } from './tls.js';
import { webSocketDialer, wsListener, wssListener } from './websocket.js';
import type { SharedHttpServer, WebSocketServerOptions } from './websocket-options.js';

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
export const net: TransportEntry<ServerOpts> = createEntry('net', dialers, netListener);

/** JSTP over TLS. */
export const tls: TransportEntry<TlsOptions> = createEntry('tls', dialers, tlsListener);

/** JSTP over WebSocket. */
export const ws: TransportEntry<HttpOptions & WebSocketOptions> = createEntry('ws', dialers, wsListener);

/** JSTP over secure WebSocket. */
export const wss: TransportEntry<HttpsOptions & WebSocketOptions> = createEntry('wss', dialers, wssListener);
