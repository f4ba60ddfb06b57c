import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Limits } from '../../protocol/limits.js';
import type { Listener, ListenerSink } from '../../server/listener.js';
import { AcceptedSockets } from '../accepted-sockets.js';
import type { AddressSource } from '../proxy/address-source.js';
import { notRunningError, OpenItems } from '../open-items.js';
import { serveUpgrades } from './http-upgrades.js';
import type { WebSocketServerOptions } from './websocket-options.js';
import { Upgrader } from './websocket-upgrader.js';

/**
 * Serves the WebSockets of one path of an HTTP server that has another owner, who starts and closes that server. This
 * listener listens as soon as it serves the path, and its close waits for its last WebSocket.
 */
export class SharedWebSocketListener implements Listener {
  private readonly upgrader: Upgrader;
  private readonly sockets = new OpenItems<Socket>();
  private stopServing: (() => void) | undefined;

  /**
   * @param raw the HTTP server
   * @param path the path that is served
   * @param options which peers are let in
   * @param limits the limits of the transports
   * @param source finds the clients' addresses
   * @param sink gets what is accepted, and the events
   */
  constructor(
    readonly raw: HttpServer,
    private readonly path: string,
    options: WebSocketServerOptions,
    limits: Limits,
    source: AddressSource,
    private readonly sink: ListenerSink,
  ) {
    const upgrading = new AcceptedSockets(sink);
    this.upgrader = new Upgrader(options, limits, {
      arrived: (request, socket) => {
        const address = source.ofRequest(socket, request, sink);
        // The owner's server accepted the socket, at a time that is not known: its time counts from now.
        if (address === null || !upgrading.admit(socket, address)) return false;
        this.track(socket);
        return true;
      },
      upgraded: (transport, socket) => {
        sink.accept(transport, upgrading.remove(socket));
        sink.forward('connection', [transport.getRawTransport()]);
      },
    });
  }

  get listening(): boolean {
    return this.stopServing !== undefined;
  }

  listen(args: unknown[]): void {
    const callback = args.at(-1);
    const stopServing = serveUpgrades(this.raw, this.path, this.upgrader.upgrade);
    if (stopServing) this.stopServing = stopServing;
    process.nextTick(() => {
      if (!stopServing) {
        this.sink.forward('error', [pathInUseError(this.path)]);
        return;
      }
      this.sink.forward('listening', []);
      if (typeof callback === 'function') (callback as () => void)();
    });
  }

  close(callback?: (error?: Error) => void): void {
    const { stopServing } = this;
    if (!stopServing) {
      process.nextTick(() => callback?.(notRunningError()));
      return;
    }
    this.stopServing = undefined;
    stopServing();
    this.sockets.whenEmpty(() => {
      this.sink.forward('close', []);
      callback?.();
    });
  }

  address(): unknown {
    return this.raw.address();
  }

  ref(): void {
    // The owner's server decides whether the process stays alive.
  }

  unref(): void {
    // The owner's server decides whether the process stays alive.
  }

  /** Makes the listener's close wait for a socket. */
  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => {
      this.sockets.delete(socket);
    });
  }
}

function pathInUseError(path: string): Error {
  const error = new Error(`listen EADDRINUSE: the path ${path} of the shared server is served already`);
  return Object.assign(error, { code: 'EADDRINUSE' });
}
