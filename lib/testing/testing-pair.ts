import { Applications } from '../application/applications.js';
import type { AppSpecifier, ClientOptions } from '../connection/connection.js';
import type { Connection } from '../connection/connection.js';
import { checkOptionNames, DEFAULT_LIMITS } from '../protocol/limits.js';
import type { Server } from '../server/server.js';
import { SERVER_OPTION_NAMES, type ServerOptions } from '../server/server-options.js';
import type { TransportEntry } from '../transport/entry.js';
import { MemoryTransport } from '../transport/memory/memory-transport.js';
import { createMemoryEntry } from '../transport/memory/memory.js';

/** The options of `createTestingPair`: those of the server, and the client's. */
export interface TestingPairOptions extends ServerOptions {
  /** The application that the client asks for. @default the first application */
  app?: AppSpecifier;
  /** The options of the client, as `connect` takes them. @default an anonymous client */
  client?: ClientOptions;
}

/** A real server and a real client, without a socket between them. */
export interface TestingPair {
  /** The server. */
  readonly server: Server;
  /** The client's connection. */
  readonly client: Connection;
  /** The server's connection to the client, one of `server.getClients()`. */
  readonly remote: Connection;
  /** The entry object by which the server listens; for further clients: `pair.entry.connect(app, null, pair.port)`. */
  readonly entry: TransportEntry;
  /** The server's port in the entry's network. */
  readonly port: number;
  /**
   * Cuts the connection as a network does: messages on their way are lost in both directions, and the client
   * reconnects by its reconnector (the default one connects again after 1 to 2 seconds).
   */
  cut(): void;
  /** Reconnects the client at once, with its session. Rejects as `reconnect` of a transport does. */
  reconnect(): Promise<Connection>;
  /** Closes both sides. Resolves when all is closed. Call it before you restore real timers. */
  close(): Promise<void>;
}

/**
 * Makes a server, and a client that is logged in, within this process. Nothing waits for I/O: messages arrive by
 * microtasks, and heartbeats, timeouts and reconnects use the timers of the test.
 *
 * @param options the applications that the server serves, and further options of server and client
 * @returns a Promise of the pair; it rejects as `connect` does where the client is refused
 * @throws ConfigurationError naming the option, what was given and what is allowed
 * @example
 * const pair = await createTestingPair({ applications: [new Application('chat', { rooms })] });
 * expect(await pair.client.callMethod('rooms', 'join', ['lobby'])).toBe('joined');
 * await pair.close();
 */
export async function createTestingPair(options: TestingPairOptions): Promise<TestingPair> {
  checkOptionNames('options', options, ['app', 'client', ...SERVER_OPTION_NAMES]);
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
 * Cuts the transport of a connection over a memory entry, as a network does: messages on their way are lost in both
 * directions. Does nothing where the connection has no transport.
 */
export function cutLine(connection: Connection): void {
  const transport = connection.getTransport();
  if (transport instanceof MemoryTransport) transport.cut();
}

function firstOf({ applications }: ServerOptions): AppSpecifier {
  const first = [...new Applications(applications, DEFAULT_LIMITS.maxVersionRangeLength)].at(0);
  return first ?? 'jstp';
}
