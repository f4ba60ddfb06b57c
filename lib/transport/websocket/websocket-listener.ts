import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Limits } from '../../protocol/limits.js';
import type { ListenerSink } from '../../server/listener.js';
import { ignore } from '../../util/callback.js';
import { pathOf, refuseUpgrade } from './http-upgrades.js';
import { NodeListener } from '../node-listener.js';
import { AcceptedSockets } from '../accepted-sockets.js';
import type { WebSocketServerOptions } from './websocket-options.js';
import { Upgrader } from './websocket-upgrader.js';

/** A server of HTTP that serves nothing but WebSockets. */
export class OwnWebSocketListener extends NodeListener<HttpServer> {
  /**
   * @param raw the server of HTTP
   * @param options which peers are let in
   * @param limits the caps of the transports
   * @param sink gets what is accepted
   */
  constructor(raw: HttpServer, options: WebSocketServerOptions, limits: Limits, sink: ListenerSink) {
    super(raw, sink);
    const arrivals = new AcceptedSockets(sink);
    const upgrader = new Upgrader(options, limits, {
      // Its time counts since it was accepted.
      waiting: ignore,
      upgraded: (transport, socket) => {
        sink.accept(transport, arrivals.take(socket));
        sink.forward('connection', [transport.getRawTransport()]);
      },
    });
    // As it was accepted, before TLS: its time counts from now.
    raw.on('connection', (socket: Socket) => {
      arrivals.add(socket);
    });
    raw.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const isServed = options.path === undefined || options.path === pathOf(request);
      if (isServed) upgrader.upgrade(request, socket, head);
      else refuseUpgrade(socket, 404);
    });
    raw.on('request', (_request, response) => {
      response.writeHead(400, { connection: 'close' }).end();
    });
  }
}
