import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A line to a server that can be cut and mended, as networks do it. */
export class Line {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  private listenPort = 0;

  constructor(private readonly targetPort: number) {}

  /** Where clients dial in. */
  get port(): number {
    return this.listenPort;
  }

  /** Lays the line, or mends it. */
  async mend(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.targetPort, '127.0.0.1');
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    await new Promise<void>((resolve) => server.listen(this.listenPort, '127.0.0.1', resolve));
    this.listenPort = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Cuts it. */
  cut(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
