import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { LOOPBACK } from './ports.js';

/**
 * A TCP proxy that makes a server a distance away: every piece comes later by the same time, however many are on their
 * way. It can hold all back as well, as a server does that stalls.
 */
export class DelayingProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private held: (() => void)[] | undefined;

  private constructor(
    private readonly targetPort: number,
    /** How much later each piece comes, in milliseconds, each way. */
    public delayMs: number,
  ) {
    this.server = createServer((client) => this.accept(client));
  }

  /** Starts one in front of a port of this machine. */
  static start(targetPort: number, delayMs: number): Promise<DelayingProxy> {
    const proxy = new DelayingProxy(targetPort, delayMs);
    return new Promise((resolve) => {
      proxy.server.listen(0, LOOPBACK, () => resolve(proxy));
    });
  }

  /** The port to connect to. */
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Passes nothing on, until {@link release}. */
  hold(): void {
    this.held ??= [];
  }

  /** Passes on what was held back, in its order, and what comes. */
  release(): void {
    const { held = [] } = this;
    this.held = undefined;
    for (const pass of held) pass();
  }

  /** Ends it and its connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private accept(client: Socket): void {
    const upstream = connect({ port: this.targetPort, host: LOOPBACK });
    this.join(client, upstream);
    this.join(upstream, client);
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('error', () => undefined);
    from.on('data', (piece: Buffer) => this.later(() => to.write(piece)));
    from.on('close', () => {
      this.sockets.delete(from);
      this.later(() => to.destroy());
    });
  }

  private later(pass: () => void): void {
    setTimeout(() => {
      if (this.held) this.held.push(pass);
      else pass();
    }, this.delayMs);
  }
}
