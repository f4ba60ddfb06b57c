import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Limits } from '../../protocol/limits.js';
import type { ListenerSink } from '../../server/listener.js';
import { decideFirst } from '../decide-first.js';
import { NodeListener } from '../node-listener.js';
import type { AddressSource } from '../proxy/address-source.js';
import { Entrance } from '../proxy/entrance.js';
import { pathOf, refuseUpgrade } from './http-upgrades.js';
import type { WebSocketServerOptions } from './websocket-options.js';
import { Upgrader } from './websocket-upgrader.js';

/** Listens for WebSockets by an HTTP server of its own, which answers 400 to all other requests. */
export class OwnWebSocketListener extends NodeListener<HttpServer> {
  /**
   * @param raw the HTTP server
   * @param options which peers are let in
   * @param limits the limits of the transports
   * @param source finds the clients' addresses
   * @param sink gets what is accepted, and the events
   */
  constructor(
    raw: HttpServer,
    options: WebSocketServerOptions,
    limits: Limits,
    source: AddressSource,
    sink: ListenerSink,
  ) {
    super(raw, sink);
    const entrance = new Entrance(sink, source, true);
    const { accepted } = entrance;
    const upgrader = new Upgrader(options, limits, {
      // The socket was admitted when it was accepted, perhaps as one whose address only the request tells.
      arrived: (request, socket) => {
        if (!source.waitsForRequest(socket)) return true;
        const address = source.ofRequest(socket, request, sink);
        return address === undefined || (address !== null && accepted.identify(socket, address));
      },
      upgraded: (transport, socket) => {
        sink.accept(transport, accepted.remove(socket));
        sink.forward('connection', [transport.getRawTransport()]);
      },
    });
    // The socket as it was accepted, before TLS: its time counts from now.
    decideFirst(raw, (socket, goOn) => {
      entrance.enter(socket, goOn);
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
