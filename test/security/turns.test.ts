import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  Application,
  net,
  ws,
  type Connection,
  type IncomingCall,
  type Limits,
  type OutgoingStream,
  type Server,
} from '../../lib/core.js';
import { RawPeer } from '../support/raw-peer.js';
import { Closing } from '../support/closing.js';
import { waitFor, within } from '../support/wait-for.js';
import { guardProcess } from './arena.js';

const closing = new Closing();
const LARGE = 'x'.repeat(17 * 1024);
const MEDIUM = 'x'.repeat(15 * 1024);
/** Longer than all work of a turn may take. */
const LONG_MS = 11;

/** What was served, in order, each with the number of the event loop's turn. */
let served: { readonly label: string; readonly turn: number }[];
let turn: number;
/** The time in milliseconds. It passes only by work. */
let time: number;
let isCounting: boolean;

guardProcess();
beforeEach(() => {
  served = [];
  turn = 0;
  time = performance.now();
  isCounting = true;
  jest.spyOn(performance, 'now').mockImplementation(() => time);
  const count = (): void => {
    turn += 1;
    if (isCounting) setImmediate(count);
  };
  setImmediate(count);
});
afterEach(async () => {
  await closing.run();
  isCounting = false;
  jest.restoreAllMocks();
});

/** Serves events that take long where they are large, and streams whose values take some time. */
class Worker extends Application<Connection> {
  readonly streams: OutgoingStream[] = [];

  override handleEvent(
    _connection: Connection,
    _interfaceName: string,
    label: string,
    args: unknown[],
  ): void {
    served.push({ label, turn });
    if (args[0] === LARGE || args[0] === MEDIUM) time += LONG_MS;
  }

  handleCall(call: IncomingCall<Connection>): void {
    if (call.methodName === 'give') {
      served.push({ label: String(call.args[0]), turn });
      time += LONG_MS;
      call.succeed([LARGE]);
    } else this.streams.push(call.openStream());
  }
}

const worker = (): Worker => new Worker('app', {});
const labels = (): string[] => served.map(({ label }) => label);
const turnsOf = (those: RegExp): number[] =>
  served.filter(({ label }) => those.test(label)).map((one) => one.turn);

async function start(transport: 'net' | 'ws', app = worker(), limits: Partial<Limits> = {}): Promise<Server> {
  const server = { net, ws }[transport].createServer({ applications: [app], limits });
  closing.add(async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeConnections();
    await within(closed, 'the end of the server');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function guest(transport: 'net' | 'ws', server: Server, streamCredit = 64): Promise<Connection> {
  const { port } = server.address() as { port: number };
  const connection = await (transport === 'net'
    ? net.connect('app', { limits: { streamCredit } }, port, '127.0.0.1')
    : ws.connect('app', {}, `ws://127.0.0.1:${String(port)}`));
  closing.add(() => connection.close());
  return connection;
}

describe.each(['net', 'ws'] as const)('large messages over %s', (transport) => {
  test('of all connections have one turn of the event loop after another, and small ones come between', async () => {
    const server = await start(transport);
    const hostile = [
      await guest(transport, server),
      await guest(transport, server),
      await guest(transport, server),
    ];
    const honest = await guest(transport, server);
    for (const [n, connection] of hostile.entries())
      for (let count = 1; count <= 4; count++)
        connection.emitRemoteEvent('all', `large ${'abc'.charAt(n)}${String(count)}`, [LARGE]);
    honest.emitRemoteEvent('all', 'small', [1]);
    await waitFor(() => served.length === 13, 'all messages');
    const turns = turnsOf(/large/);
    expect(new Set(turns).size).toBe(turns.length);
    expect(turnsOf(/small/)[0]).toBeLessThan(turns[2] ?? 0);
    for (const one of ['a', 'b', 'c'])
      expect(labels().filter((label) => label.startsWith(`large ${one}`))).toEqual(
        [1, 2, 3, 4].map((count) => `large ${one}${String(count)}`),
      );
    // Nobody's last one comes before the others have had some of theirs.
    const first = labels().findIndex((label) => label.endsWith('4'));
    expect(first).toBeGreaterThanOrEqual(7);
  });

  test('take the time that many smaller ones share, too', async () => {
    const server = await start(transport);
    const hostile = [await guest(transport, server), await guest(transport, server)];
    for (const [n, connection] of hostile.entries())
      for (let count = 1; count <= 10; count++)
        connection.emitRemoteEvent('all', `medium ${'ab'.charAt(n)}${String(count)}`, [MEDIUM]);
    await waitFor(() => served.length === 20, 'all messages');
    // The clock is read for each 16 KiB: that is every second one.
    expect(new Set(turnsOf(/medium/)).size).toBeGreaterThanOrEqual(9);
    for (const one of ['a', 'b'])
      expect(labels().filter((label) => label.startsWith(`medium ${one}`))).toEqual(
        Array.from({ length: 10 }, (_, index) => `medium ${one}${String(index + 1)}`),
      );
  });

  test('take the time that small calls share whose answers are large, and others go on', async () => {
    const server = await start(transport);
    const hostile = await guest(transport, server);
    const honest = await guest(transport, server);
    const answers = Array.from({ length: 300 }, (_, n) =>
      hostile.callMethod('all', 'give', [`give ${String(n)}`]),
    );
    for (let n = 0; n < 10; n++) honest.emitRemoteEvent('all', `small ${String(n)}`, [1]);
    await Promise.all(answers);
    const turns = turnsOf(/give/);
    // The first in a turn begins its time, and the next one is over it.
    expect(new Set(turns).size).toBeGreaterThanOrEqual(100);
    expect(turnsOf(/small/).at(-1)).toBeLessThan(turns[20] ?? 0);
  });

  test('keep the order of their connection, with all that is behind them', async () => {
    const server = await start(transport);
    const connection = await guest(transport, server);
    const sent: string[] = [];
    for (let n = 0; n < 30; n++) {
      const label = `${n % 3 === 0 ? 'large' : 'small'} ${String(n)}`;
      sent.push(label);
      connection.emitRemoteEvent('all', label, [n % 3 === 0 ? LARGE : n]);
    }
    await waitFor(() => served.length === 30, 'all messages');
    expect(labels()).toEqual(sent);
    expect(new Set(turnsOf(/large/)).size).toBe(10);
  });
});

test('large messages are served before the end of their transport', async () => {
  const server = await start('net');
  const { port } = server.address() as { port: number };
  const peers = [await RawPeer.connect(port), await RawPeer.connect(port)];
  const ends: number[] = [];
  server.on('disconnect', () => ends.push(served.length));
  for (const peer of peers) closing.add(() => peer.destroy());
  for (const peer of peers) peer.send("{handshake:[0,'app']}");
  for (const peer of peers) await peer.received(1);
  const event = (id: number, text: string): string =>
    `{event:[${String(id)},'all'],e${String(id)}:['${text}']}`;
  for (const peer of peers) {
    peer.send(event(1, LARGE), event(2, LARGE), event(3, LARGE), event(4, 'small'));
    peer.socket.end();
  }
  await waitFor(() => ends.length === 2, 'the ends');
  expect(labels().sort()).toEqual(['e1', 'e1', 'e2', 'e2', 'e3', 'e3', 'e4', 'e4']);
  expect(ends[1]).toBe(8);
});

test('large messages that wait for calls under way have their turns when their transports end', async () => {
  const server = await start('net', worker(), { maxCallsInFlight: 1 });
  const { port } = server.address() as { port: number };
  const peers: RawPeer[] = [];
  for (let n = 0; n < 8; n++) {
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send("{handshake:[0,'app']}");
    await peer.received(1);
    peer.send("{call:[1,'all'],feed:[]}", `{event:[2,'all'],e2:['${LARGE}']}`, "{event:[3,'all'],e3:[]}");
    peers.push(peer);
  }
  for (const peer of peers) peer.socket.end();
  await waitFor(() => served.length === 16, 'all messages');
  expect(new Set(turnsOf(/e2/)).size).toBe(8);
});

test('all that one connection has sent behind a call under way is served over several turns when it ends', async () => {
  const server = await start('net', worker(), { maxCallsInFlight: 1 });
  const ends: number[] = [];
  server.on('disconnect', () => ends.push(served.length));
  const { port } = server.address() as { port: number };
  const peer = await RawPeer.connect(port);
  closing.add(() => peer.destroy());
  peer.send("{handshake:[0,'app']}");
  await peer.received(1);
  peer.send("{call:[1,'all'],feed:[]}");
  for (let n = 2; n < 18; n++) peer.send(`{event:[${String(n)},'all'],e${String(n)}:['${MEDIUM}']}`);
  peer.socket.end();
  await waitFor(() => ends.length === 1, 'the end');
  expect(labels()).toEqual(Array.from({ length: 16 }, (_, n) => `e${String(n + 2)}`));
  expect(ends).toEqual([16]);
  expect(new Set(turnsOf(/e/)).size).toBeGreaterThanOrEqual(7);
});

test('connections whose handlers are told to stop, as their transports end, have one turn after another', async () => {
  class Stopping extends Worker {
    override handleCall(call: IncomingCall<Connection>): void {
      call.signal.addEventListener('abort', () => {
        served.push({ label: 'stop', turn });
        time += 1;
      });
    }
  }
  const server = await start('net', new Stopping('app', {}));
  const { port } = server.address() as { port: number };
  const peers: RawPeer[] = [];
  for (let n = 0; n < 5; n += 1) {
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send("{handshake:[0,'app']}");
    await peer.received(1);
    for (let id = 1; id <= 40; id += 1) peer.send(`{call:[${String(id)},'all'],wait:[]}`);
    peers.push(peer);
  }
  await waitFor(() => server.getUsage().callsInFlight.used === 200, 'the calls');
  for (const peer of peers) peer.destroy();
  await waitFor(() => served.length === 200, 'the ends');
  expect(new Set(turnsOf(/stop/)).size).toBe(5);
  expect(server.getClientsArray()).toEqual([]);
});

test('what waits to be served at the end of a transport is dropped when the connection is closed meanwhile', async () => {
  const lengths: number[] = [];
  class Closer extends Worker {
    override handleEvent(connection: Connection, ...event: [string, string, unknown[]]): void {
      super.handleEvent(connection, ...event);
      if (event[1] !== 'e5') return;
      process.nextTick(() => {
        lengths.push(served.length);
        connection.close();
      });
    }
  }
  const server = await start('net', new Closer('app', {}), { maxCallsInFlight: 1 });
  const { port } = server.address() as { port: number };
  const peer = await RawPeer.connect(port);
  closing.add(() => peer.destroy());
  peer.send("{handshake:[0,'app']}");
  await peer.received(1);
  peer.send("{call:[1,'all'],feed:[]}");
  for (let n = 2; n < 18; n++) peer.send(`{event:[${String(n)},'all'],e${String(n)}:['${MEDIUM}']}`);
  peer.socket.end();
  await waitFor(() => lengths.length === 1, 'the close');
  await waitFor(() => turn > (served.at(-1)?.turn ?? 0) + 20, 'more turns');
  expect(lengths[0]).toBeLessThan(16);
  expect(served).toHaveLength(lengths[0]);
  expect(server.getClientsArray()).toEqual([]);
});

test('nothing that waits for its turn is served after the connection has ended', async () => {
  class Closer extends Worker {
    override handleEvent(
      connection: Connection,
      interfaceName: string,
      label: string,
      args: unknown[],
    ): void {
      super.handleEvent(connection, interfaceName, label, args);
      process.nextTick(() => connection.close());
    }
  }
  const server = await start('ws', new Closer('app', {}));
  const connection = await guest('ws', server);
  const closed = new Promise((resolve) => connection.once('close', resolve));
  for (const label of ['first', 'second', 'third']) connection.emitRemoteEvent('all', label, [LARGE]);
  await within(closed, 'the end of the connection');
  expect(labels()).toEqual(['first']);
});

test('streams of all connections share the time of a turn', async () => {
  const app = worker();
  const server = await start('net', app);
  const connections = [
    await guest('net', server, 1e6),
    await guest('net', server, 1e6),
    await guest('net', server, 1e6),
  ];
  for (const connection of connections)
    connection.startCall('all', 'feed', [], () => undefined, { onItem: () => undefined });
  await waitFor(() => app.streams.length === 3, 'the streams');
  const perTurn = new Map<number, number>();
  let isOver = false;
  const written = [0, 0, 0];
  const feeds = app.streams.map(async (stream, n) => {
    while (!isOver) {
      // Ten values take a millisecond.
      time += 0.1;
      perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
      written[n] += 1;
      if (!stream.write(n) && !(await stream.ready())) return;
      isOver = Math.max(...written) >= 3000;
    }
    stream.end();
  });
  await Promise.all(feeds);
  expect(Math.min(...written)).toBeGreaterThan(1000);
  // The clock is read at each 64th value.
  expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(100 + 4 * 64);
});

test('a client whose address has had little time does not wait behind all that have had much', async () => {
  const server = await start('net');
  const hostile: Connection[] = [];
  for (let count = 0; count < 12; count++) hostile.push(await guest('net', server));
  const { port } = server.address() as { port: number };
  const honest = await net.connect('app', {}, { port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  closing.add(() => honest.close());
  for (const connection of hostile)
    for (let count = 0; count < 3; count++) connection.emitRemoteEvent('all', 'large', [LARGE]);
  await waitFor(() => served.length >= 4, 'some of them');
  for (let count = 0; count < 20; count++) honest.emitRemoteEvent('all', 'small', ['x'.repeat(200)]);
  await waitFor(() => served.length === 12 * 3 + 20, 'all messages');
  // It had to wait, and came before those that were there.
  expect(new Set(turnsOf(/small/)).size).toBeGreaterThan(1);
  const between = labels().slice(labels().indexOf('small'), labels().lastIndexOf('small'));
  expect(between.filter((label) => label === 'large').length).toBeLessThanOrEqual(2);
});
