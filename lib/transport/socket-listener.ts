import type { Server as NodeServer, Socket } from 'node:net';
import type { Limits } from '../protocol/limits.js';
import type { Listener, ListenerSink } from '../server/listener.js';
import { SocketTransport } from './socket-transport.js';

/** Accepts byte streams from one of Node's servers. */
export class SocketListener implements Listener {
  /**
   * @param raw Node's server
   * @param limits the caps of the transports
   * @param sink gets what is accepted
   * @param acceptEvent the server's event with a socket that can be used
   */
  constructor(
    readonly raw: NodeServer,
    limits: Limits,
    private readonly sink: ListenerSink,
    acceptEvent = 'connection',
  ) {
    raw.on(acceptEvent, (socket: Socket) => {
      sink.accept(new SocketTransport(socket, limits));
      sink.forward('connection', [socket]);
    });
    for (const event of ['listening', 'close', 'error']) {
      raw.on(event, (...args: unknown[]) => {
        sink.forward(event, args);
      });
    }
  }

  get listening(): boolean {
    return this.raw.listening;
  }

  listen(args: unknown[]): void {
    try {
      this.raw.listen(...(args as [number]));
    } catch (error) {
      // A bad port is thrown by Node; a port that is taken is its event. Here both are the event.
      process.nextTick(() => {
        this.sink.forward('error', [error]);
      });
    }
  }

  close(callback?: (error?: Error) => void): void {
    this.raw.close(callback);
  }

  address(): unknown {
    return this.raw.address();
  }

  ref(): void {
    this.raw.ref();
  }

  unref(): void {
    this.raw.unref();
  }
}
