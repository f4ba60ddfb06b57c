import type { Socket } from 'node:net';
import { ca, serverPair } from './certificates.js';
import {
  releaseHandshakeTimers,
  type Fn,
  type JstpModule,
  type PeerConnection,
  type PeerServer,
} from './jstp.js';

/** The transports that a program for `net` is tried on as well. */
export const OTHER_TRANSPORTS = ['tls', 'ws', 'wss'] as const;
type TransportName = (typeof OTHER_TRANSPORTS)[number];

/** The reference's WebSockets wait for their peer's close by a timer that would keep the tests alive for seconds. */
const SHORT = { closeTimeout: 100 };
const WEB_SOCKET_SERVER = { ...SHORT, keepalive: false };

type Entry = JstpModule['net'];
type Reconnector = (connection: PeerConnection, reconnectFn: (...args: unknown[]) => void) => void;

/** What both implementations give as the raw side of a WebSocket. */
interface RawWebSocket {
  destroy?: () => void;
  readonly terminate?: () => void;
  readonly socket?: Socket;
}

/**
 * A module whose `net` is another of its transports: programs and tests that say `net.connect(app, client, port, host)`
 * run on it as they stand.
 */
export function over(jstp: JstpModule, name: TransportName): JstpModule {
  const entry = (jstp as unknown as Record<TransportName, Entry & { createServer: Fn }>)[name];
  const dial = ([port, host, callback]: unknown[]): unknown[] => [
    ...addressOf(name, port, host),
    ...ifGiven(callback),
  ];
  const options = (client: unknown): unknown => clientOf(client as { reconnector?: Reconnector }, name);
  const net: Entry = {
    connect: (app, client, ...args) => entry.connect(app, options(client), ...withRaw(dial(args))),
    connectAndInspect: (app, client, interfaces, ...args) =>
      entry.connectAndInspect(app, options(client), interfaces, ...withRaw(dial(args))),
    reconnect: (connection, ...args) => entry.reconnect(connection, ...withRaw(dial(args))),
    createServer: (given, listener) => {
      const secure = name === 'ws' ? {} : serverPair;
      // What is no WebSocket server takes the listener in their options' place.
      const rest = name === 'tls' || 'createListener' in entry ? [listener] : [WEB_SOCKET_SERVER, listener];
      const all = Array.isArray(given) ? { applications: given } : (given as object);
      const server = (entry.createServer as (...args: unknown[]) => PeerServer)(
        { ...all, ...secure },
        ...rest,
      );
      if ('_onRawConnection' in server) releaseHandshakeTimers(server);
      server.on('connection', (raw: RawWebSocket) => givenDestroy(raw));
      return server;
    },
  };
  // Its classes have getters: an object that inherits keeps them.
  return Object.create(jstp, { net: { value: net } }) as JstpModule;
}

function addressOf(name: TransportName, port: unknown, host: unknown): unknown[] {
  if (name === 'tls') return [{ port, host, ca }];
  return [{ tlsOptions: { ca }, ...SHORT }, `${name}://${String(host)}:${String(port)}/`];
}

function ifGiven(callback: unknown): unknown[] {
  return callback === undefined ? [] : [callback];
}

/** A reconnector that names port and host gets them translated too. */
function clientOf(client: { reconnector?: Reconnector } | null, name: TransportName): unknown {
  const reconnector = client?.reconnector;
  if (!reconnector) return client;
  const translated: Reconnector = (connection, reconnectFn) => {
    reconnector(connection, (port, host, callback) => {
      const args = typeof port === 'number' ? addressOf(name, port, host) : [];
      const done = typeof port === 'function' ? port : callback;
      const told = (error: unknown, ...rest: unknown[]): void => {
        givenDestroy(connection.getTransport() as RawWebSocket | undefined);
        (done as ((...all: unknown[]) => void) | undefined)?.(error, ...rest);
      };
      reconnectFn(...args, told);
    });
  };
  return { ...client, reconnector: translated };
}

/** Tests cut a line by its socket's `destroy`: a WebSocket gets one as well. */
function withRaw(args: unknown[]): unknown[] {
  const callback = args.at(-1);
  if (typeof callback !== 'function') return args;
  return [
    ...args.slice(0, -1),
    (error: unknown, connection: PeerConnection | undefined, ...rest: unknown[]) => {
      givenDestroy(connection?.getTransport() as RawWebSocket | undefined);
      (callback as (...all: unknown[]) => void)(error, connection, ...rest);
    },
  ];
}

function givenDestroy(raw: RawWebSocket | undefined): void {
  if (!raw || raw.destroy) return;
  raw.destroy = () => {
    if (raw.terminate) raw.terminate();
    else raw.socket?.destroy();
  };
}
