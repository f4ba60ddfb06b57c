import type { Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { WebSocket } from 'ws';
import { net, tls, ws, wss, type Connection, type Server, type TransportEntry } from '../../lib/core.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { ca, serverPair } from '../support/certificates.js';
import { LOOPBACK } from '../support/ports.js';

/** A transport as the conformance suite knows it: how to listen, how to dial, how to break its line. */
export interface Contender {
  readonly name: string;
  readonly entry: TransportEntry;
  /** Options of its server, besides JSTP's. */
  readonly serverOptions: object;
  /** The arguments of `listen` for an address that is free. */
  listenArguments(): unknown[];
  /** The arguments of `connect` for an address that a server has, or had. */
  dialArguments(address: unknown): unknown[];
  /** Breaks a connection's line, as a network does. */
  cut(connection: Connection): void;
  /** What `remoteAddress` is. */
  readonly remoteAddress: string | undefined;
}

const portOf = (address: unknown): number => (address as { port: number }).port;
const destroySocket = (connection: Connection): void => {
  (connection.getTransport() as Socket | undefined)?.destroy();
};
const terminate = (connection: Connection): void => {
  (connection.getTransport() as WebSocket | undefined)?.terminate();
};
const onLoopback = { listenArguments: () => [0, LOOPBACK], remoteAddress: LOOPBACK };

/** All transports there are. */
export const CONTENDERS: readonly Contender[] = [
  {
    ...onLoopback,
    name: 'net',
    entry: net,
    serverOptions: {},
    dialArguments: (address) => [portOf(address), LOOPBACK],
    cut: destroySocket,
  },
  {
    name: 'IPC',
    entry: net,
    serverOptions: {},
    listenArguments: () => [path.join(tmpdir(), `jstp-${randomBytes(6).toString('hex')}.sock`)],
    dialArguments: (address) => [address],
    cut: destroySocket,
    remoteAddress: undefined,
  },
  {
    ...onLoopback,
    name: 'tls',
    entry: tls,
    serverOptions: serverPair,
    dialArguments: (address) => [{ port: portOf(address), host: LOOPBACK, ca }],
    cut: destroySocket,
  },
  {
    ...onLoopback,
    name: 'ws',
    entry: ws,
    serverOptions: {},
    dialArguments: (address) => [{}, `ws://${LOOPBACK}:${String(portOf(address))}`],
    cut: terminate,
  },
  {
    ...onLoopback,
    name: 'wss',
    entry: wss,
    serverOptions: serverPair,
    dialArguments: (address) => [{ ca }, `wss://${LOOPBACK}:${String(portOf(address))}`],
    cut: terminate,
  },
  {
    name: 'memory',
    entry: createMemoryEntry(),
    serverOptions: {},
    listenArguments: () => [0],
    dialArguments: (address) => [portOf(address)],
    cut: cutLine,
    remoteAddress: undefined,
  },
];

/** Says of a server where to dial it. */
export function dialOf(contender: Contender, server: Server): unknown[] {
  return contender.dialArguments(server.address());
}
