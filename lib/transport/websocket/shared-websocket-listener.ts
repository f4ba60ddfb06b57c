import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Limits } from '../../protocol/limits.js';
import type { Listener, ListenerSink } from '../../server/listener.js';
import { serveUpgrades } from './http-upgrades.js';
import { AcceptedSockets } from '../accepted-sockets.js';
import type { WebSocketServerOptions } from './websocket-options.js';
import { Upgrader } from './websocket-upgrader.js';

/**
 * Serves the WebSockets of one path of somebody else's server of HTTP. That server listens and closes at its
 * owner's word; this listener is up as soon as it serves the path, and ends when its last WebSocket does.
 */
export class SharedWebSocketListener implements Listener {
  private readonly upgrader: Upgrader;
  private readonly sockets = new Set<Socket>();
  private stopServing: (() => void) | undefined;
  private whenDrained: (() => void) | undefined;

  /**
   * @param raw the server of HTTP
   * @param path the path that is served
   * @param options which peers are let in
   * @param limits the caps of the transports
   * @param sink gets what is accepted
   */
  constructor(
    readonly raw: HttpServer,
    private readonly path: string,
    options: WebSocketServerOptions,
    limits: Limits,
    private readonly sink: ListenerSink,
  ) {
    const arrivals = new AcceptedSockets(sink);
    this.upgrader = new Upgrader(options, limits, {
      waiting: (socket) => {
        this.track(socket);
        arrivals.hold(socket);
      },
      upgraded: (transport, socket) => {
        this.track(socket);
        sink.accept(transport, arrivals.take(socket));
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
        this.sink.forward('error', [pathInUse(this.path)]);
        return;
      }
      this.sink.forward('listening', []);
      if (typeof callback === 'function') (callback as () => void)();
    });
  }

  close(callback?: (error?: Error) => void): void {
    const { stopServing } = this;
    if (!stopServing) {
      process.nextTick(() => callback?.(notRunning()));
      return;
    }
    this.stopServing = undefined;
    stopServing();
    this.whenDrained = () => {
      this.sink.forward('close', []);
      callback?.();
    };
    process.nextTick(() => {
      this.tellIfDrained();
    });
  }

  address(): unknown {
    return this.raw.address();
  }

  ref(): void {
    // It is the owner's server that keeps the process alive, or not.
  }

  unref(): void {
    // As above.
  }

  /** The listener's end waits for this socket's. */
  private track(socket: Socket): void {
    if (this.sockets.has(socket)) return;
    this.sockets.add(socket);
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.tellIfDrained();
    });
  }

  private tellIfDrained(): void {
    const { whenDrained } = this;
    if (!whenDrained || this.sockets.size > 0) return;
    this.whenDrained = undefined;
    whenDrained();
  }
}

function pathInUse(path: string): Error {
  const error = new Error(`listen EADDRINUSE: the path ${path} of the shared server is served already`);
  return Object.assign(error, { code: 'EADDRINUSE' });
}

function notRunning(): Error {
  return Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
}
