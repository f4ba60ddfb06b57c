import * as http from 'node:http';
import * as https from 'node:https';
import type { Limits } from '../../protocol/limits.js';
import { check, isHttpServer } from '../../protocol/option-checks.js';
import type { ListenerFactory } from '../../server/listener.js';
import { AddressSource } from '../proxy/address-source.js';
import type { WebSocketAddressSource } from '../proxy/proxy-options.js';
import { SharedWebSocketListener } from './shared-websocket-listener.js';
import { OwnWebSocketListener } from './websocket-listener.js';
import type { SharedHttpServer, WebSocketServerOptions } from './websocket-options.js';

type WsOptions = WebSocketServerOptions & SharedHttpServer & WebSocketAddressSource;

/** Listens for WebSockets; the options are those of `http.createServer`. */
export function wsListener(options: WsOptions & http.ServerOptions, limits: Limits): ListenerFactory {
  return webSocketListener(() => http.createServer(options), options, limits);
}

/** Listens for secure WebSockets; the options are those of `https.createServer`. */
export function wssListener(options: WsOptions & https.ServerOptions, limits: Limits): ListenerFactory {
  return webSocketListener(() => https.createServer(options), options, limits);
}

function webSocketListener(
  createServer: () => http.Server | https.Server,
  options: WsOptions,
  limits: Limits,
): ListenerFactory {
  const { server } = options;
  // An undefined server was meant to be shared, and must not become a server of its own.
  if ('server' in options) check('server', server, 'a server of HTTP', isHttpServer);
  const source = new AddressSource(options);
  return (sink) =>
    server
      ? new SharedWebSocketListener(server, options.path ?? '/', options, limits, source, sink)
      : new OwnWebSocketListener(createServer(), options, limits, source, sink);
}
