import type { Socket } from 'node:net';
import {
  Application,
  net,
  type Api,
  type AppSpecifier,
  type ClientOptions,
  type Connection,
  type ExtensionName,
  type NetServerOptions,
  type Server,
} from '../../lib/core.js';
import type { Closing } from './closing.js';
import { waitFor, within } from './wait-for.js';

/** How a method of the core answers. */
export type Back = (error?: unknown, ...results: unknown[]) => void;

/** All that two sides of this package can agree on. */
export const ALL_EXTENSIONS = Object.keys({
  nest: true,
  stream: true,
  source: true,
  cancel: true,
  bye: true,
  resume: true,
  bytes: true,
  attachments: true,
} satisfies Record<ExtensionName, true>) as ExtensionName[];

/** A core server that listens. */
export interface CoreServer {
  readonly server: Server;
  readonly port: number;
}

/** Methods that most tests can do with. */
export const API: Api = {
  echo: {
    back: (_connection: Connection, value: unknown, callback: Back) => callback(null, value),
    pair: (_connection: Connection, a: unknown, b: unknown, callback: Back) => callback(null, a, b),
    nothing: (_connection: Connection, callback: Back) => callback(null),
    fail: (_connection: Connection, callback: Back) => callback('failed'),
    never: (_connection: Connection, _callback: Back) => undefined,
    circular: (_connection: Connection, callback: Back) => {
      const circle: Record<string, unknown> = {};
      circle['itself'] = circle;
      callback(null, circle);
    },
    circularError: (_connection: Connection, callback: Back) => {
      const circle: unknown[] = [1];
      circle.push(circle);
      callback(circle);
    },
  },
};

const APP = new Application<Connection>('app', API);

/** Starts a core server of one application on a free port; `closing` ends it and its connections. */
export async function startCore(
  closing: Closing,
  options: Partial<NetServerOptions> = {},
): Promise<CoreServer> {
  const server = net.createServer({ applications: [APP], ...options });
  closing.add(() => stopCore(server));
  await within(
    new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
    'a server that listens',
  );
  const { port } = server.address() as { port: number };
  return { server, port };
}

/** Ends a core server and its connections. */
export async function stopCore(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeConnections();
  await within(closed, 'the end of a server');
}

/** Connects; nothing is dialled again unless the options say so. */
export async function dial(
  closing: Closing,
  port: number,
  options: ClientOptions = {},
  app: AppSpecifier = 'app',
): Promise<Connection> {
  const client = { reconnector: () => undefined, ...options };
  const connection = await within(net.connect(app, client, port, '127.0.0.1'), 'a connect');
  closing.add(() => connection.close());
  return connection;
}

/** Waits until a server has let in and answered one more client: what those before it have asked for has happened. */
export async function serves(closing: Closing, port: number): Promise<void> {
  const connection = await dial(closing, port);
  await within(connection.ping(), 'a pong');
  connection.close();
}

/** Waits until one side has sent so many heartbeats more. */
export async function heartbeats(connection: Connection, count: number): Promise<void> {
  let sent = 0;
  const note = (message: unknown): void => {
    if ('ping' in (message as object)) sent += 1;
  };
  connection.on('outgoingMessage', note);
  await waitFor(() => sent >= count, `heartbeat ${String(count)}`);
  connection.off('outgoingMessage', note);
}

/** Does something, and waits until a connection's socket has written of it. */
export async function writes(connection: Connection, act: () => void): Promise<void> {
  const socket = connection.getTransport() as Socket;
  const { bytesWritten } = socket;
  act();
  await waitFor(() => socket.bytesWritten > bytesWritten, 'a write');
}
