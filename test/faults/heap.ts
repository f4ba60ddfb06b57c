/*
 * `npm run test:faults -- --part heap`: what connections leave behind, and what peers that stop reading can hold. Real
 * sockets, in one process; needs --expose-gc.
 */
import { connect as dial, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Application, net, type Connection, type Server } from '../../lib/core.js';
import { ALL_EXTENSIONS } from '../../lib/connection/extensions.js';

const LOOPBACK = '127.0.0.1';
const CYCLES = 1000;
const WARM_UP_CYCLES = 1500;
const ALLOWED_GROWTH = 0.05;
const STALLED_PEERS = 1000;
const EVENT = 'x'.repeat(1000);
const EVENTS_A_PEER = 200;
const LIMITS = { journalMaxBytes: 50_000, journalMaxEntries: 1000, maxSendBufferBytes: 100_000 };
const MANY_OF_ONE_ADDRESS = {
  maxConnectionsPerAddress: Infinity,
  maxHandshakesPerSecond: Infinity,
  maxSessionsPerAddress: Infinity,
  maxJournalBytesPerAddress: Infinity,
};
// A text is held once, by the journal; what waits for the socket is joined, and so a second time.
const ALLOWED_BYTES_A_PEER = LIMITS.journalMaxBytes + LIMITS.maxSendBufferBytes + 20_000;

/** What was measured, as a line, and whether it is within its bound. */
export interface HeapReport {
  readonly line: string;
  readonly isWithin: boolean;
}

const application = new Application<Connection>('app', {
  echo: { back: async (_connection: Connection, value: unknown) => value },
});

/** Connects, is cut, comes back, says goodbye, a thousand times: what is left of it in the heap. */
export async function measureCycles(): Promise<HeapReport> {
  const server = await listen({});
  await cycles(server, WARM_UP_CYCLES);
  const before = await heapUsed();
  await cycles(server, CYCLES);
  const after = await heapUsed();
  await close(server);
  const growth = (after - before) / before;
  const line = `heap: ${CYCLES} times connected, cut, resumed and closed: ${mib(before)} before, ${mib(after)} after`;
  return { line: `${line} (${(growth * 100).toFixed(1)} %)`, isWithin: growth <= ALLOWED_GROWTH };
}

/** Peers that log in and never read again, while events go to all of them: how much the server holds for each. */
export async function measureStalledPeers(): Promise<HeapReport> {
  const server = await listen(LIMITS);
  const peers: Socket[] = [];
  for (let count = 0; count < STALLED_PEERS; count++) peers.push(await stalledPeer());
  while (server.getClientsArray().length < STALLED_PEERS) await delay(5);
  const before = await memory();
  for (let count = 0; count < EVENTS_A_PEER; count++) {
    server.broadcast('news', 'told', EVENT);
    await delay(1);
  }
  const held = ((await memory()) - before) / STALLED_PEERS;
  for (const peer of peers) peer.destroy();
  await close(server);
  const line = `heap: ${STALLED_PEERS} peers that read nothing, ${EVENTS_A_PEER} events of ${EVENT.length} bytes for each: `;
  return {
    line: `${line}${Math.round(held)} bytes held a peer, ${ALLOWED_BYTES_A_PEER} allowed`,
    isWithin: held <= ALLOWED_BYTES_A_PEER,
  };

  async function stalledPeer(): Promise<Socket> {
    const peer = dial(portOf(server), LOOPBACK);
    peer.on('error', () => undefined);
    await new Promise((resolve) => peer.once('connect', resolve));
    peer.pause();
    peer.write("{handshake:[0,'app','',{resume:1}]}\0");
    return peer;
  }
}

async function cycles(server: Server, count: number): Promise<void> {
  for (let cycle = 0; cycle < count; cycle++) {
    const client = { extensions: ALL_EXTENSIONS, reconnector: () => undefined };
    const connection = await net.connect('app', client, portOf(server), LOOPBACK);
    await connection.callMethod('echo', 'back', [cycle]);
    const closed = new Promise((resolve) => connection.once('close', resolve));
    (connection.getTransport() as Socket).destroy();
    await closed;
    const answer = connection.callMethod('echo', 'back', ['while away']);
    await net.reconnect(connection, portOf(server), LOOPBACK);
    await answer;
    const gone = new Promise((resolve) => connection.once('close', resolve));
    connection.close();
    await gone;
  }
}

async function listen(limits: object): Promise<Server> {
  const server = net.createServer({
    applications: [application],
    extensions: ALL_EXTENSIONS,
    limits: { ...MANY_OF_ONE_ADDRESS, ...limits },
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  return server;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeConnections();
  await closed;
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}

async function heapUsed(): Promise<number> {
  await collect();
  return process.memoryUsage().heapUsed;
}

/** The heap, and what sockets hold outside of it. */
async function memory(): Promise<number> {
  await collect();
  const { heapUsed: heap, external } = process.memoryUsage();
  return heap + external;
}

async function collect(): Promise<void> {
  // What a connection's end has set off is over by then.
  await delay(50);
  globalThis.gc?.();
  await delay(10);
  globalThis.gc?.();
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}
