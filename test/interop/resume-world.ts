import type { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import {
  connect,
  cut,
  startServer,
  type Pair,
  type PeerConnection,
  type PeerServer,
} from '../support/jstp.js';
import { waitFor } from '../support/wait-for.js';

/** A server and a client of it, and what each has seen: for tests that cut the line between them. */
export class ResumeWorld {
  /** What ran at the server, in order. */
  readonly served: unknown[] = [];
  /** What ran at the client, in order. */
  readonly clientSaw: unknown[] = [];
  /** Answers of `slow.wait` that the test gives. */
  readonly slow: ((result: unknown) => void)[] = [];
  server!: PeerServer;
  port = 0;
  near!: PeerConnection;

  private constructor(
    readonly pair: Pair,
    private readonly closing: Closing,
  ) {}

  static async start(
    pair: Pair,
    closing: Closing,
    serverOptions = {},
    clientOptions = {},
  ): Promise<ResumeWorld> {
    const world = new ResumeWorld(pair, closing);
    const options = { applications: [world.serverApplication()], ...serverOptions };
    ({ server: world.server, port: world.port } = await startServer(pair.server, options, closing));
    world.near = await world.connect(clientOptions);
    return world;
  }

  connect(options = {}): Promise<PeerConnection> {
    const client = { application: this.clientApplication(), ...options };
    return connect(this.pair.client, this.closing, 'app', this.port, client);
  }

  /** The server's side of the client's connection. */
  get far(): PeerConnection {
    const [first] = this.server.getClientsArray();
    return first;
  }

  /** Cuts the line and waits until both sides have seen it. */
  async cutLine(): Promise<void> {
    cut(this.near);
    await waitFor(() => !isUp(this.near), 'the client to see the cut');
    await waitFor(() => this.server.getClientsArray().length === 0, 'the server to see the cut');
  }

  serverApplication(): unknown {
    return new this.pair.server.Application(
      'app',
      {
        log: {
          add: (_connection: unknown, label: unknown, callback: Back) => {
            this.served.push(label);
            callback(null, label);
          },
        },
        slow: {
          wait: (_connection: unknown, label: unknown, callback: Back) => {
            this.served.push(label);
            this.slow.push((result) => callback(null, result));
          },
        },
        state: {
          set: (connection: PeerConnection, value: unknown, callback: Back) => {
            connection.session?.set('value', value);
            callback(null);
          },
          get: (connection: PeerConnection, callback: Back) =>
            callback(null, connection.session?.get('value'), connection.username),
        },
      },
      { log: { note: (_connection: unknown, label: unknown) => this.served.push(label) } },
    );
  }

  clientApplication(): unknown {
    return new this.pair.client.Application(
      'side',
      {
        log: {
          add: (_connection: unknown, label: unknown, callback: Back) => {
            this.clientSaw.push(label);
            callback(null, label);
          },
        },
      },
      { log: { note: (_connection: unknown, label: unknown) => this.clientSaw.push(label) } },
    );
  }
}

/** Whether a connection has a link; the reference keeps `handshakeDone` after a cut. */
function isUp(connection: PeerConnection): boolean {
  const { _closed } = connection as unknown as { _closed?: boolean };
  return _closed === undefined ? connection.handshakeDone : !_closed;
}
