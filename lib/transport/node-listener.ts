import type { Server as NodeServer } from 'node:net';
import type { Listener, ListenerSink } from '../server/listener.js';

/** A listener on one of Node's servers. The one who makes it hands accepted sockets to the sink. */
export class NodeListener<Raw extends NodeServer> implements Listener {
  /**
   * @param raw Node's server
   * @param sink gets the server's events
   */
  constructor(
    readonly raw: Raw,
    protected readonly sink: ListenerSink,
  ) {
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
      // Node throws for a bad port, and emits an event for a port that is in use. Here both are the event.
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
