import { afterEach } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Socket } from 'node:net';
import { JstpClient, type JstpClientOptions } from '../../../lib/index.js';
import {
  Application,
  net,
  type Api,
  type ApplicationLike,
  type ClientOptions,
  type Connection,
  type IncomingCall,
  type NetServerOptions,
  type Server,
} from '../../../lib/core.js';
import type { JstpClientEventArguments } from '../../../lib/nest/client/client-events.js';
import { createMemoryEntry, cutLine } from '../../../lib/testing/index.js';
import { Closing } from '../../support/closing.js';
import { ALL_EXTENSIONS, type Back } from '../../support/core.js';
import { LOOPBACK } from '../../support/ports.js';
import { Door } from '../../support/quiet.js';
import { within } from '../../support/wait-for.js';

type Handler = (call: IncomingCall<Connection>) => void;

/** An application that takes calls whole: it sees their metadata and signal, and can stream. */
export class CallApplication implements ApplicationLike<Connection> {
  readonly version = '1.0.0';
  readonly calls: IncomingCall<Connection>[] = [];
  readonly events: { interfaceName: string; event: string; args: unknown[]; metadata: unknown }[] = [];

  constructor(
    private readonly handler: Handler = (call) => call.succeed(call.args),
    readonly name = 'app',
  ) {}

  callMethod(): never {
    throw new Error('Calls are taken whole');
  }

  getMethods(): undefined {
    return undefined;
  }

  handleCall(call: IncomingCall<Connection>): void {
    this.calls.push(call);
    this.handler(call);
  }

  handleEvent(
    _connection: Connection,
    interfaceName: string,
    event: string,
    args: unknown[],
    metadata?: unknown,
  ): void {
    this.events.push({ interfaceName, event, args, metadata });
  }
}

/** What most tests call. */
export const API = {
  default: {
    echo: (_connection: Connection, value: unknown, answer: Back): void => answer(null, value),
    silent: (_connection: Connection, _value: unknown, _answer: Back): void => undefined,
    whoami: (connection: Connection, _value: unknown, answer: Back): void =>
      answer(null, connection.username),
  },
  calc: {
    add: (_connection: Connection, a: number, b: number, answer: Back): void => answer(null, a + b),
    pair: (_connection: Connection, answer: Back): void => answer(null, 'first', 'second'),
    nothing: (_connection: Connection, answer: Back): void => answer(null),
    fail: (_connection: Connection, error: unknown, answer: Back): void => answer(error),
  },
} as unknown as Api;

/** A server of a test, and the sockets of its clients. */
export interface TestServer {
  readonly server: Server;
  readonly port: number;
  readonly connections: () => number;
  /** How many connections have come, once all have that are dialled by now. */
  readonly came: () => Promise<number>;
  readonly sockets: ReadonlySet<Socket>;
  /** Breaks all lines, as a broken network does. */
  cut(): void;
  /** Ends the server with all its connections, as `JstpServer.close` does. */
  stop(): Promise<void>;
}

const MEMORY_PORT = 5;
/** Calls that are never answered do not hold up the end of a test. */
const CLOSES_AT_ONCE = { drainTimeoutMs: 0 };

Logger.overrideLogger(false);

/** The servers and clients of one test. */
export class Bench {
  private readonly closing = new Closing();

  constructor() {
    afterEach(() => this.closing.run());
  }

  /** Starts a server that accepts the extensions of the Nest layer. */
  async serve(
    application: ApplicationLike<Connection> | Api = API,
    options: Partial<NetServerOptions> & { readonly port?: number } = {},
  ): Promise<TestServer> {
    const { port = 0, ...rest } = options;
    const served =
      application instanceof CallApplication
        ? application
        : new Application<Connection>('app', application as Api);
    const server = net.createServer({ applications: [served], extensions: ALL_EXTENSIONS, ...rest });
    const sockets = new Set<Socket>();
    const door = new Door(server, () => address.port);
    server.on('connection', (socket) => {
      sockets.add(socket as Socket);
      (socket as Socket).on('close', () => sockets.delete(socket as Socket));
    });
    server.on('connectionError', () => undefined);
    const cut = (): void => {
      for (const socket of sockets) socket.destroy();
    };
    const stop = (): Promise<void> => {
      server.closeConnections();
      return within(new Promise((resolve) => server.close(() => resolve())), 'the end of a server');
    };
    this.closing.add(() => {
      cut();
      if (server.listening) server.close();
    });
    await within(
      new Promise<void>((resolve) => server.listen(port, LOOPBACK, resolve)),
      'a server that listens',
    );
    const address = server.address() as { port: number };
    return {
      server,
      port: address.port,
      connections: () => door.count,
      came: () => door.came(),
      sockets,
      cut,
      stop,
    };
  }

  /** Makes a client, which is closed with the test. */
  client(port: number, options: Partial<JstpClientOptions> = {}): JstpClient {
    const limits = { ...CLOSES_AT_ONCE, ...options.limits };
    const client = new JstpClient({ app: 'app', host: LOOPBACK, port, ...options, limits });
    this.closing.add(() => client.close());
    return client;
  }

  /** Ends something else with the test. */
  ends(release: () => unknown): void {
    this.closing.add(release);
  }
}

/** The only server of a test, within this process: its line goes down and up at the test's word. */
export interface MemoryWorld {
  readonly server: Server;
  /** How many lines clients have made so far. */
  readonly connections: number;
  /** Breaks the lines; nobody gets in any more. */
  down(): void;
  /** Lets clients in again. */
  up(): void;
  /** Connects as somebody else. */
  connect(client: ClientOptions): Promise<Connection>;
  /** In the place of the server comes another one, which knows no session of the first. */
  replace(application?: ApplicationLike<Connection>): void;
}

/** The server and the clients of a test without sockets, good with fake timers. */
export class MemoryBench {
  private readonly closing = new Closing();
  private entry = createMemoryEntry();

  constructor() {
    afterEach(() => this.closing.run());
  }

  /** Starts the server. */
  serve(application: ApplicationLike<Connection>, options: Partial<NetServerOptions> = {}): MemoryWorld {
    const entry = createMemoryEntry();
    this.entry = entry;
    let connections = 0;
    const start = (served: ApplicationLike<Connection>): Server => {
      const made = entry.createServer({
        applications: [served],
        extensions: ALL_EXTENSIONS,
        authPolicy: (_connection, _application, _strategy, _credentials, answer) => answer(null, 'somebody'),
        ...options,
      });
      made.on('connection', () => {
        connections += 1;
      });
      made.on('connectionError', () => undefined);
      return made.listen(MEMORY_PORT);
    };
    let server = start(application);
    const down = (): void => {
      server.close();
      for (const connection of server.getClientsArray()) cutLine(connection);
    };
    return {
      get server() {
        return server;
      },
      get connections() {
        return connections;
      },
      down,
      up: () => void server.listen(MEMORY_PORT),
      connect: (client) =>
        entry.connect(
          'app',
          { extensions: ALL_EXTENSIONS, reconnector: () => undefined, ...client },
          MEMORY_PORT,
        ),
      replace: (other = application) => {
        if (server.listening) down();
        server = start(other);
      },
    };
  }

  /** Ends something else with the test. */
  ends(release: () => unknown): void {
    this.closing.add(release);
  }

  /** Makes a client, which is closed with the test. */
  client(options: Partial<JstpClientOptions> = {}): JstpClient {
    const limits = { ...CLOSES_AT_ONCE, ...options.limits };
    const client = new JstpClient({
      app: 'app',
      transport: this.entry,
      port: MEMORY_PORT,
      ...options,
      limits,
    });
    this.closing.add(() => client.close());
    return client;
  }
}

type LogLevel = 'debug' | 'warn' | 'error';

/** What Nest's Logger was given from now on, until the end of the test. */
export function watchLog(bench: Pick<Bench, 'ends'>): { of(level: LogLevel): unknown[] } {
  const lines: [level: string, message: unknown][] = [];
  const note = (level: string) => (message: unknown) => void lines.push([level, message]);
  const [log, debug, warn, error] = ['log', 'debug', 'warn', 'error'].map(note);
  Logger.overrideLogger({ log, debug, warn, error });
  bench.ends(() => Logger.overrideLogger(false));
  return { of: (wanted) => lines.filter(([level]) => level === wanted).map(([, message]) => message) };
}

/** The names of the events that a client emits, in order, with their arguments where those are plain. */
export function record(client: JstpClient): string[] {
  const names: string[] = [];
  const note = (name: keyof JstpClientEventArguments): void => {
    client.on(name, (...args: unknown[]) => {
      const shown = args.filter((value) => typeof value === 'number' || typeof value === 'boolean');
      names.push([name, ...shown].join(' '));
    });
  };
  for (const name of [
    'connect',
    'close',
    'reconnecting',
    'reconnect',
    'sessionLost',
    'sessionTaken',
  ] as const) {
    note(name);
  }
  return names;
}
