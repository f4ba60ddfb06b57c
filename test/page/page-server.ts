import { WebSocket } from 'ws';
import { Line } from '../../sample/01-chat/line.js';
import {
  Application,
  ws,
  type Api,
  type Connection,
  type IncomingCall,
  type Server,
} from '../../lib/core.js';
import type { Closing } from '../support/closing.js';
import { ALL_EXTENSIONS, type Back } from '../support/core.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { within } from '../support/wait-for.js';

/** An application whose method `numbers.upTo` streams. */
class PageApplication extends Application<Connection> {
  async handleCall(call: IncomingCall<Connection>): Promise<void> {
    const { connection, interfaceName, methodName, args } = call;
    if (interfaceName !== 'numbers') {
      const back: Back = (error, ...results) => (error ? call.fail(error) : call.succeed(results));
      this.callMethod(connection, interfaceName, methodName, args, back, call);
      return;
    }
    const stream = call.openStream();
    for (let value = 1; value <= (args[0] as number); value++) {
      if (!stream.write(value) && !(await stream.ready())) return;
    }
    stream.end();
  }
}

/** A server for a page's client, behind a line that can be cut, and beside pages that a browser can load. */
export class PageServer {
  /** What `list.add` was called with, in order. */
  readonly added: unknown[] = [];
  /** Who has logged in, in order. */
  readonly logins: unknown[] = [];
  /** The connections of clients that have logged in, in order, also of those that are away. */
  readonly connections: Connection[] = [];
  /** The reasons of byes that clients have sent. */
  readonly byes: string[] = [];
  password = 'wonderland';
  server: Server | undefined;
  private waiting: (() => void)[] = [];

  private constructor(
    readonly port: number,
    private readonly line: Line,
  ) {}

  /** Takes a port; nobody listens there before {@link start}. */
  static async create(closing: Closing): Promise<PageServer> {
    const port = await reservedPort(closing);
    const line = new Line(port);
    await line.mend();
    const server = new PageServer(port, line);
    closing.add(() => line.cut());
    closing.add(() => server.stop());
    return server;
  }

  /** Where the client dials. */
  get url(): string {
    return `ws://${LOOPBACK}:${this.line.port}/jstp`;
  }

  cut(): void {
    this.line.cut();
  }

  async mend(): Promise<void> {
    await this.line.mend();
  }

  get clients(): readonly Connection[] {
    return this.server?.getClientsArray() ?? [];
  }

  /** Lets the calls of `list.wait` be answered. */
  release(): void {
    for (const answer of this.waiting.splice(0)) answer();
  }

  get waitingCalls(): number {
    return this.waiting.length;
  }

  async start(): Promise<void> {
    const api: Api = {
      list: {
        add: (_connection: Connection, value: unknown, callback: Back) => {
          this.added.push(value);
          callback(null, this.added.length);
        },
        wait: (_connection: Connection, callback: Back) => {
          this.waiting.push(() => callback(null, 'waited'));
        },
        askSize: (connection: Connection, callback: Back) => {
          connection.callMethod('screen', 'size', []).then((size) => callback(null, size), callback);
        },
        tell: (connection: Connection, count: number, callback: Back) => {
          for (let value = 1; value <= count; value++) connection.emitRemoteEvent('news', 'told', [value]);
          callback(null);
        },
      },
    };
    const note = (_connection: Connection, value: unknown): void => void this.added.push(value);
    const server = ws.createServer({
      applications: [new PageApplication('app@1.2.0', api, { list: { note } })],
      authPolicy: (_connection, _application, strategy, credentials, callback) => {
        const [name, password] =
          strategy === 'token' ? ['by token', credentials] : (credentials as unknown[]);
        this.logins.push(name);
        if (password === this.password) callback(null, String(name));
        else callback(new Error('no'));
      },
      extensions: ALL_EXTENSIONS,
      path: '/jstp',
    });
    server.on('connect', (connection: Connection) => {
      this.connections.push(connection);
      connection.on('bye', (reason) => this.byes.push(reason));
    });
    await within(
      new Promise<void>((resolve) => server.listen(this.port, LOOPBACK, resolve)),
      'a listening server',
    );
    this.server = server;
  }

  /** Ends it without a word, with all sessions. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of server.getClientsArray()) {
      const raw = connection.getTransport();
      if (raw instanceof WebSocket) raw.terminate();
    }
    server.closeConnections();
    await within(closed, 'the end of a server');
  }
}
