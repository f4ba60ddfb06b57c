import type { Server as NodeServer, Socket } from 'node:net';
import { createRequire } from 'node:module';
import * as core from '../../lib/core.js';
import { inspect as inspectValue } from 'node:util';
import type { Closing } from './closing.js';
import { within } from './wait-for.js';

/** Any function: the two implementations type (or do not type) theirs differently. */
export type Fn = (...args: never[]) => unknown;

/** What both implementations' emitters have. */
export interface Emitter {
  on(event: string, listener: Fn): unknown;
  once(event: string, listener: Fn): unknown;
  removeListener(event: string, listener: Fn): unknown;
}

export interface PeerSession extends Map<unknown, unknown> {
  id: string;
  username: string | null;
  connection: PeerConnection | null;
  receivedCount: number;
  toString(): string;
}

/** The documented API of a connection, without Promises: what the reference has. */
export interface PeerConnection extends Emitter {
  readonly id: number;
  username: string | null;
  session: PeerSession | null;
  application: { readonly name: string; readonly version: string } | null;
  readonly remoteProxies: Record<string, PeerProxy>;
  readonly handshakeDone: boolean;
  readonly closedIntentionally: boolean;
  readonly remoteAddress?: string;
  callMethod(iface: string, method: string, args: unknown[], callback?: Fn): unknown;
  callMethodWithResend(iface: string, method: string, args: unknown[], callback: Fn): unknown;
  emitRemoteEvent(iface: string, event: string, args: unknown[]): void;
  inspectInterface(iface: string, callback: Fn): unknown;
  ping(callback?: Fn): unknown;
  startHeartbeat(ms: number): void;
  stopHeartbeat(): void;
  close(): void;
  getTransport(): unknown;
}

export interface PeerProxy extends Emitter {
  emit(event: string, ...args: unknown[]): unknown;
  [method: string]: unknown;
}

export interface PeerServer extends Emitter {
  listen(...args: unknown[]): unknown;
  close(callback?: () => void): unknown;
  address(): unknown;
  getClients(): Iterable<PeerConnection>;
  getClientsArray(): PeerConnection[];
  broadcast(iface: string, event: string, ...args: unknown[]): void;
  updateApplications(applications: unknown): void;
  updateConnectionsApi(): void;
}

export interface PeerRemoteError extends Error {
  code: number;
  info: unknown[] | null;
  toJSTP(): unknown;
}

type Constructor<T> = new (...args: never[]) => T;

/** The documented API that the reference and this package share. */
export interface JstpModule {
  readonly net: {
    connect(app: unknown, client: unknown, ...args: unknown[]): unknown;
    connectAndInspect(app: unknown, client: unknown, interfaces: string[], ...args: unknown[]): unknown;
    reconnect(connection: PeerConnection, ...args: unknown[]): unknown;
    createServer(options: unknown, listener?: Fn): PeerServer;
  };
  readonly Application: new (
    name: string,
    api: unknown,
    ...rest: unknown[]
  ) => {
    readonly name: string;
    readonly version: string;
  };
  readonly Session: Constructor<PeerSession> & { fromString(text: string): PeerSession };
  readonly RemoteError: (new (
    code: number,
    message?: string | null,
    info?: unknown[] | null,
  ) => PeerRemoteError) & {
    fromJstpArray(array: unknown[]): PeerRemoteError;
    getJstpArrayFor(error: unknown): unknown[];
    readonly defaultMessages: Readonly<Record<number, string>>;
  };
  readonly SimpleConnectPolicy: new (login?: string, password?: string) => object;
  readonly SimpleSessionStorageProvider: new (lifetime?: number, interval?: number) => object;
  createAppsIndex(applications: unknown[]): Map<string, Map<string, unknown>>;
  readonly ERR_CALLBACK_LOST: number;
  readonly ERR_NO_HANDSHAKE_RESPONSE: number;
  readonly ERR_APP_NOT_FOUND: number;
  readonly ERR_AUTH_FAILED: number;
  readonly ERR_INTERFACE_NOT_FOUND: number;
  readonly ERR_INTERFACE_INCOMPATIBLE: number;
  readonly ERR_METHOD_NOT_FOUND: number;
  readonly ERR_NOT_A_SERVER: number;
  readonly ERR_INTERNAL_API_ERROR: number;
  readonly ERR_INVALID_SIGNATURE: number;
}

/** This package. */
export const ours = core as unknown as JstpModule;

/** `@metarhia/jstp` 2.3.0, the npm package. */
export const reference = loadReference();

function loadReference(): JstpModule {
  // It warns at its loading that its native part is not built.
  const { warn, error } = console;
  console.warn = console.error = () => undefined;
  try {
    return createRequire(import.meta.url)('@metarhia/jstp') as JstpModule;
  } finally {
    console.warn = warn;
    console.error = error;
  }
}

/** A server and a client of two implementations, named for the tests. */
export interface Pair {
  readonly title: string;
  readonly server: JstpModule;
  readonly client: JstpModule;
}

/** The two pairs in which this package meets the reference. */
export const MIXED_PAIRS: readonly Pair[] = [
  { title: 'our client, reference server', server: reference, client: ours },
  { title: 'reference client, our server', server: ours, client: reference },
];

/** A listening server and what it needs to be ended. */
export interface Listening {
  readonly server: PeerServer;
  readonly port: number;
  /** The open sockets of its clients. */
  readonly sockets: ReadonlySet<Socket>;
}

/** Starts a server on a free port; `closing` ends it and cuts its links. */
export async function startServer(
  module: JstpModule,
  options: unknown,
  closing: Closing,
  listener?: Fn,
): Promise<Listening> {
  const server = module.net.createServer(options, listener);
  if (module === reference) releaseHandshakeTimers(server);
  const sockets = trackSockets(server);
  closing.add(async () => {
    for (const socket of sockets) socket.destroy();
    await within(new Promise<void>((resolve) => server.close(resolve)), 'the end of a server');
  });
  await within(new Promise((resolve) => server.listen(0, '127.0.0.1', resolve)), 'a server that listens');
  const { port } = server.address() as { port: number };
  return { server, port, sockets };
}

/** The reference's timer of a refused handshake runs on, and would keep the tests alive for three seconds. */
export function releaseHandshakeTimers(server: PeerServer): void {
  const internals = server as unknown as { _onRawConnection: (socket: Socket) => void };
  const accept = internals._onRawConnection;
  internals._onRawConnection = (socket) => {
    const start = globalThis.setTimeout;
    globalThis.setTimeout = ((...args: Parameters<typeof start>) => start(...args).unref()) as typeof start;
    try {
      accept.call(server, socket);
    } finally {
      globalThis.setTimeout = start;
    }
  };
}

function trackSockets(server: Pick<Emitter, 'on'> | NodeServer): Set<Socket> {
  const sockets = new Set<Socket>();
  (server as Pick<Emitter, 'on'>).on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** A raw TCP server, to play a hostile or an old peer. */
export async function startRawServer(
  server: NodeServer,
  closing: Closing,
): Promise<{ port: number; sockets: ReadonlySet<Socket> }> {
  const sockets = trackSockets(server);
  closing.add(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { port, sockets };
}

/** Connects; the reconnector does nothing unless the client brings one, so that no test leaves a timer. */
export function connect(
  module: JstpModule,
  closing: Closing,
  app: unknown,
  port: number,
  client: object = {},
): Promise<PeerConnection> {
  const outcome = new Promise<PeerConnection>((resolve, reject) => {
    const options = { reconnector: () => undefined, ...client };
    module.net.connect(app, options, port, '127.0.0.1', (error: unknown, connection?: PeerConnection) => {
      if (connection) {
        closing.add(() => {
          hush(connection);
          connection.close();
        });
      }
      if (error) reject(error);
      else if (connection) resolve(hush(connection));
    });
  });
  return within(outcome, 'a connect');
}

/** The reference throws an 'error' without a listener: a cut socket must not end the test. */
function hush(connection: PeerConnection): PeerConnection {
  connection.on('error', () => undefined);
  return connection;
}

/** The results of a call, as an array; rejects with its error. */
export function call(
  connection: PeerConnection,
  iface: string,
  method: string,
  ...args: unknown[]
): Promise<unknown[]> {
  const outcome = new Promise<unknown[]>((resolve, reject) => {
    connection.callMethod(iface, method, args, (error: unknown, ...results: unknown[]) => {
      if (error) reject(error);
      else resolve(results);
    });
  });
  return within(outcome, `the answer of ${iface}.${method}`);
}

/** The proxy of an interface. */
export function inspect(connection: PeerConnection, iface: string): Promise<PeerProxy> {
  const outcome = new Promise<PeerProxy>((resolve, reject) => {
    connection.inspectInterface(iface, (error: unknown, proxy: PeerProxy) => {
      if (error) reject(error);
      else resolve(proxy);
    });
  });
  return within(outcome, `the inspect of ${iface}`);
}

/** A pong. */
export function ping(connection: PeerConnection): Promise<unknown> {
  return within(new Promise((resolve) => connection.ping(resolve)), 'a pong');
}

/** Cuts a connection's link, as a broken network does. */
export function cut(connection: Pick<PeerConnection, 'getTransport'>): void {
  (connection.getTransport() as Socket | undefined)?.destroy();
}

/** Resumes on a fresh link; resolves to the error, null for none. */
export function reconnect(module: JstpModule, connection: PeerConnection, port: number): Promise<unknown> {
  const outcome = new Promise((resolve) => {
    module.net.reconnect(connection, port, '127.0.0.1', (error: unknown) => resolve(error ?? null));
  });
  return within(outcome, 'a reconnect');
}

/** What a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(
    `Fulfilled where a failure was expected, with ${inspectValue(outcome.value, { depth: 1 })}`,
  );
}

/** An error as plain data, so that the two implementations' classes compare. */
export function plainError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { name, code, message, info } = error as PeerRemoteError;
  return { name, code, message, info };
}
