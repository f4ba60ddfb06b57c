import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { HOST } from './settings.js';

/**
 * Spreads connections over the instances in turn, and passes over those that are down; what HAProxy, or a Service of
 * Kubernetes, is elsewhere. It knows nothing of sessions: whoever comes back may be sent to any instance.
 */
export class Balancer {
  private readonly ports = new Map<string, number>();
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((near) => {
    this.keep(near);
    this.forward(near, this.inTurn());
  });
  private turn = 0;

  /** Where clients connect to. */
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Starts to listen, on a port that is free. */
  async listen(): Promise<void> {
    this.server.listen(0, HOST);
    await once(this.server, 'listening');
  }

  /** Says where an instance listens. It stays on the list while it is down. */
  route(name: string, port: number): void {
    this.ports.set(name, port);
  }

  /** Ends it, and all connections. */
  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  /** The ports of all instances, from the one whose turn it is. */
  private inTurn(): number[] {
    const ports = [...this.ports.values()];
    const first = this.turn++ % ports.length;
    return [...ports.slice(first), ...ports.slice(0, first)];
  }

  private forward(near: Socket, ports: readonly number[]): void {
    if (ports.length === 0 || near.destroyed) {
      near.destroy();
      return;
    }
    const [port, ...others] = ports;
    const far = connect(port, HOST);
    this.keep(far);
    const tryNext = (): void => this.forward(near, others);
    far.once('close', tryNext);
    near.once('close', () => far.destroy());
    far.once('connect', () => {
      far.off('close', tryNext);
      near.pipe(far).pipe(near);
      // What the instance has sent before its end is still passed on; what comes from the client is for nobody.
      far.once('close', () => near.end().resume());
    });
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    // The 'close' that follows is what counts.
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
