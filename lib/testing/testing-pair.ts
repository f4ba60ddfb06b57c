import { Applications } from '../application/applications.js';
import type { AppSpecifier, ClientOptions } from '../connection/connection.js';
import type { Connection } from '../connection/connection.js';
import { DEFAULT_LIMITS } from '../protocol/limits.js';
import { checkNames } from '../protocol/option-checks.js';
import type { Server } from '../server/server.js';
import { SERVER_OPTION_NAMES, type ServerOptions } from '../server/server-options.js';
import type { TransportEntry } from '../transport/entry.js';
import { MemoryTransport } from '../transport/memory/memory-transport.js';
import { createMemoryEntry } from '../transport/memory/memory.js';

/** What a testing pair is made of. */
export interface TestingPairOptions extends ServerOptions {
  /** The application that the client asks for. @default the first one */
  app?: AppSpecifier;
  /** The options of the client, as `connect` takes them. @default an anonymous client */
  client?: ClientOptions;
}

/** A server and a client of real code, with no socket between them. */
export interface TestingPair {
  /** The server; its `getClients()` has the client. */
  readonly server: Server;
  /** The client's connection. */
  readonly client: Connection;
  /** The server's connection to the client. */
  readonly remote: Connection;
  /** Where the server listens, for further clients: `pair.entry.connect(app, null, pair.port)`. */
  readonly entry: TransportEntry;
  /** The server's port in the entry's network. */
  readonly port: number;
  /**
   * Breaks the line as a network does: what was on its way is lost, both ways, and the client's reconnector is
   * asked (without one of your own: after 1 to 2 seconds).
   */
  cut(): void;
  /** Brings the client back at once, with its session. Fails as `reconnect` of a transport does. */
  reconnect(): Promise<Connection>;
  /** Ends both sides; resolves when all is closed. Before fake timers are taken away. */
  close(): Promise<void>;
}

/**
 * Makes a server and a client that is logged in to it, within this process. Nothing waits for I/O: messages
 * arrive by microtasks, and what takes time (heartbeats, timeouts, reconnecting) goes by the timers of the test.
 *
 * @param options the applications served, and what else the server and the client are told
 * @returns rejects as `connect` does, where the client is refused
 * @example
 * const pair = await createTestingPair({ applications: [new Application('chat', { rooms })] });
 * expect(await pair.client.callMethod('rooms', 'join', ['lobby'])).toBe('joined');
 * await pair.close();
 */
export async function createTestingPair(options: TestingPairOptions): Promise<TestingPair> {
  checkNames('options', options, ['app', 'client', ...SERVER_OPTION_NAMES]);
  const { app, client = {}, ...serverOptions } = options;
  const entry = createMemoryEntry();
  const server = entry.createServer(serverOptions);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as { port: number };
  const entered = new Promise<Connection>((resolve) => server.once('connect', resolve));
  const connection = await entry
    .connect(app ?? firstOf(serverOptions), client, port)
    .catch((error: unknown) => {
      server.close();
      throw error;
    });
  const remote = await entered;
  return {
    server,
    client: connection,
    remote,
    entry,
    port,
    cut: () => {
      cutLine(connection);
    },
    reconnect: () => entry.reconnect(connection, port),
    async close() {
      const closed = new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
      connection.close();
      server.closeConnections();
      await closed;
    },
  };
}

/**
 * Breaks the line of a connection over a memory entry, as a network does: what was on its way is lost, both ways.
 * Nothing happens where it is down.
 */
export function cutLine(connection: Connection): void {
  const transport = connection.getTransport();
  if (transport instanceof MemoryTransport) transport.cut();
}

function firstOf({ applications }: ServerOptions): AppSpecifier {
  const first = [...new Applications(applications, DEFAULT_LIMITS.maxVersionRangeLength)].at(0);
  return first ?? 'jstp';
}
