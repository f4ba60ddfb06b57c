import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  net,
  tls,
  ws,
  wss,
  type AuthPolicyFunction,
  type Limits,
  type RefusedConnection,
} from '../../lib/core.js';
import { Door } from '../../lib/server/door/door.js';
import { networkOf } from '../../lib/util/network-of.js';
import { resolveLimits } from '../../lib/protocol/limits.js';
import { createMemoryEntry } from '../../lib/testing/index.js';
import { ca, serverPair } from '../support/certificates.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';
import { Arena, guardProcess, HANDSHAKE } from './arena.js';
import { SecureArena } from './secure-arena.js';

const closing = new Closing();
afterEach(() => {
  jest.useRealTimers();
});
guardProcess();
afterEach(() => closing.run());

const client = { reconnector: (): undefined => undefined };

/** How a client connects by each transport. */
const TRANSPORTS = [
  { name: 'net', entry: net, connect: (port: number) => net.connect('app', client, port, LOOPBACK) },
  {
    name: 'tls',
    entry: tls,
    connect: (port: number) => tls.connect('app', client, { port, host: LOOPBACK, ca }),
  },
  {
    name: 'ws',
    entry: ws,
    connect: (port: number) => ws.connect('app', client, `ws://${LOOPBACK}:${String(port)}`),
  },
  {
    name: 'wss',
    entry: wss,
    connect: (port: number) => wss.connect('app', client, { ca }, `wss://${LOOPBACK}:${String(port)}`),
  },
] as const;

describe.each(TRANSPORTS)('a server over $name', ({ name, entry, connect }) => {
  const start = (limits: Partial<Limits>): Promise<SecureArena> =>
    SecureArena.start(closing, entry, name === 'tls' || name === 'wss' ? serverPair : {}, { limits });

  test.each(['maxConnections', 'maxConnectionsPerAddress'] as const)(
    'takes as many connections as limits.%s says, refuses one more, and takes another one in the place of one that ended',
    async (limit) => {
      const arena = await start({ [limit]: 2 });
      const refused: RefusedConnection[] = [];
      arena.server.on('connectionRefused', (refusal) => refused.push(refusal));
      const [first, second] = [await connect(arena.port), await connect(arena.port)];
      closing.add(() => second.close());
      expect(await second.callMethod('echo', 'back', [2])).toBe(2);
      expect(refused).toEqual([]);
      await expect(within(connect(arena.port), 'a refusal')).rejects.toThrow();
      expect(refused).toEqual([{ by: limit, address: LOOPBACK, count: 1 }]);
      expect(await second.callMethod('echo', 'back', [3])).toBe(3);
      first.close();
      await waitFor(() => arena.server.getClientsArray().length === 1, 'the end of a client');
      const third = await connectSoon(() => connect(arena.port));
      closing.add(() => third.close());
      expect(await third.callMethod('echo', 'back', [4])).toBe(4);
    },
  );

  test('ends a refused connection without a word: neither TLS nor HTTP has begun', async () => {
    const arena = await start({ maxConnections: 1 });
    const guest = await connect(arena.port);
    closing.add(() => guest.close());
    const stranger = await arena.socket();
    stranger.socket.write(name === 'ws' ? 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' : HANDSHAKE);
    expect(await stranger.end()).toBe('');
    expect(arena.errors).toEqual([]);
  });

  test('has as many strangers as limits.maxPendingHandshakes says; for one more, the one ends that has been silent the longest', async () => {
    const arena = await start({ maxPendingHandshakes: 2 });
    const refused: RefusedConnection[] = [];
    arena.server.on('connectionRefused', (refusal) => refused.push(refusal));
    // Who has logged in is no stranger.
    const guest = await connect(arena.port);
    closing.add(() => guest.close());
    const stranger = await arena.socket();
    const other = await arena.socket();
    await waitFor(() => arena.server.getUsage().pendingHandshakes.used === 2, 'the strangers');
    expect([refused, stranger.isEnded, other.isEnded]).toEqual([[], false, false]);
    const next = await connect(arena.port);
    closing.add(() => next.close());
    await stranger.end();
    expect(refused).toEqual([{ by: 'maxPendingHandshakes', address: LOOPBACK, count: 1, madeRoom: true }]);
    expect(other.isEnded).toBe(false);
    expect(await guest.callMethod('echo', 'back', [1])).toBe(1);
    expect(arena.server.getUsage().pendingHandshakes.used).toBe(1);
  });

  test('takes 16 strangers of one address, and no more, where more than half of limits.maxPendingHandshakes is used up', async () => {
    const arena = await start({ maxPendingHandshakes: 20 });
    const refused: RefusedConnection[] = [];
    arena.server.on('connectionRefused', (refusal) => refused.push(refusal));
    const pending = (count: number): Promise<void> =>
      waitFor(() => arena.server.getUsage().pendingHandshakes.used === count, `${count} strangers`);
    // Those who have logged in, or have gone, count no more.
    const guests = [await connect(arena.port), await connect(arena.port)];
    for (const guest of guests) closing.add(() => guest.close());
    for (const end of [true, false]) {
      const strangers = await Promise.all(Array.from({ length: 16 }, () => arena.socket()));
      await pending(16);
      expect(refused).toEqual([]);
      if (!end) break;
      for (const { socket } of strangers) socket.destroy();
      await pending(0);
    }
    const more = await arena.socket();
    await more.end();
    expect(refused).toEqual([{ by: 'maxPendingHandshakes', address: LOOPBACK, count: 1 }]);
    expect(await guests[0].callMethod('echo', 'back', [1])).toBe(1);
  });
});

/** Connects as soon as the server has noticed that there is room. */
async function connectSoon<T>(connect: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await within(connect(), 'a connect');
    } catch (error) {
      if (attempt === 500) throw error;
    }
  }
}

test('a listener on a shared HTTP server answers 503 to an upgrade that has no room, and leaves other requests alone', async () => {
  const raw = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => raw.listen(0, LOOPBACK, resolve));
  closing.add(() => closeHttp(raw));
  const { port } = raw.address() as AddressInfo;
  const arena = await SecureArena.start(closing, ws, { server: raw }, { limits: { maxConnections: 1 } });
  const guest = await ws.connect('app', client, `ws://${LOOPBACK}:${String(port)}`);
  closing.add(() => guest.close());
  expect(await arena.refusal('metarhia-jstp')).toBe(503);
  expect(await (await fetch(`http://${LOOPBACK}:${String(port)}/`)).text()).toBe('hello');
  guest.close();
  await waitFor(() => arena.server.getClientsArray().length === 0, 'the end of the guest');
  const next = await connectSoon(() => ws.connect('app', client, `ws://${LOOPBACK}:${String(port)}`));
  next.close();
});

function closeHttp(server: HttpServer): Promise<unknown> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

test('connections in memory have no address, and count for limits.maxConnections', async () => {
  const entry = createMemoryEntry();
  const limits = { maxConnections: 1, maxConnectionsPerAddress: 1 };
  const arena = await SecureArena.start(closing, entry, {}, { limits });
  const first = await entry.connect('app', client, arena.port);
  await expect(within(entry.connect('app', client, arena.port), 'a refusal')).rejects.toThrow();
  first.close();
  await waitFor(() => arena.server.getClientsArray().length === 0, 'the end of a client');
  const second = await connectSoon(() => entry.connect('app', client, arena.port));
  second.close();
});

test('strangers who come and go, and are refused, leave all places free', async () => {
  const arena = await Arena.start(closing, { limits: { maxConnections: 4, maxConnectionsPerAddress: 3 } });
  for (let round = 0; round < 10; round += 1) {
    const strangers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => arena.stranger()));
    strangers[0].send('}{');
    strangers[1].socket.resetAndDestroy();
    for (const stranger of strangers) stranger.destroy();
    const guest = await connectSoon(() => net.connect('app', client, arena.port, LOOPBACK));
    guest.close();
  }
});

describe('a door', () => {
  const doorOf = (limits: object): { door: Door; refused: RefusedConnection[] } => {
    const refused: RefusedConnection[] = [];
    const owner = {
      pending: { size: 0, endSilent: () => undefined },
      isMemoryExceeded: () => false,
      connectionRefused: (refusal: RefusedConnection) => {
        refused.push(refusal);
      },
    };
    return { door: new Door(resolveLimits(limits), owner), refused };
  };

  test('takes ten seconds’ worth of limits.maxHandshakesPerSecond at once, then so many a second', () => {
    jest.useFakeTimers();
    const { door, refused } = doorOf({ maxHandshakesPerSecond: 2 });
    for (let n = 0; n < 20; n += 1) door.admit('192.0.2.1')?.release();
    expect(refused).toEqual([]);
    expect(door.admit('192.0.2.1')).toBeUndefined();
    expect(refused).toEqual([{ by: 'maxHandshakesPerSecond', address: '192.0.2.1', count: 1 }]);
    // Another address has its own.
    expect(door.admit('192.0.2.2')).toBeDefined();
    jest.advanceTimersByTime(1000);
    expect([1, 2, 3].map(() => door.admit('192.0.2.1') !== undefined)).toEqual([true, true, false]);
  });

  test('counts IPv6 by the first 64 bits, and an IPv4 address in IPv6 as what it is', () => {
    const { door, refused } = doorOf({ maxConnectionsPerAddress: 2 });
    for (const address of ['2001:db8:0:7::1', '2001:db8:0:7:ffff::2', '192.0.2.1', '::ffff:192.0.2.1'])
      expect(door.admit(address)).toBeDefined();
    expect(door.admit('2001:0DB8::7:1:0:0:3')).toBeUndefined();
    expect(door.admit('192.0.2.1')).toBeUndefined();
    expect(door.admit('2001:db8:0:8::1')).toBeDefined();
    expect(refused.map(({ count }) => count)).toEqual([1, 2]);
    expect(['::1', 'fe80::1%eth0', '1:2:3:4:5:6:7:8', '2001:db8::'].map(networkOf)).toEqual([
      '0:0:0:0::/64',
      'fe80:0:0:0::/64',
      '1:2:3:4::/64',
      '2001:db8:0:0::/64',
    ]);
    const ofIpv4 = [
      '::ffff:192.0.2.1',
      '::FFFF:c000:201',
      '0:0:0:0:0:ffff:c000:0201',
      '64:ff9b::c000:201',
      '0064:ff9b:0:0:0:0:192.0.2.1',
    ];
    expect(new Set(ofIpv4.map(networkOf))).toEqual(new Set(['192.0.2.1']));
    expect(['64:ff9b:1::c000:201', '::fffe:c000:201', '64:ff9b::1:0:0'].map(networkOf)).toEqual([
      '64:ff9b:1:0::/64',
      '0:0:0:0::/64',
      '64:ff9b:0:0::/64',
    ]);
  });

  test('keeps the second half of limits.maxPendingHandshakes for addresses that have few of them', () => {
    const pending = { size: 0, endSilent: () => undefined };
    const refused: string[] = [];
    const door = new Door(resolveLimits({ maxPendingHandshakes: 2000, maxHandshakesPerSecond: Infinity }), {
      pending,
      isMemoryExceeded: () => false,
      connectionRefused: ({ by, address }) => {
        refused.push(`${by} ${String(address)}`);
      },
    });
    const places = Array.from({ length: 41 }, () => door.admit('192.0.2.1'));
    pending.size = 999;
    expect(door.admit('192.0.2.1')).toBeDefined();
    pending.size = 1000;
    expect(door.admit('192.0.2.1')).toBeUndefined();
    expect(door.admit('192.0.2.2')).toBeDefined();
    expect(refused).toEqual(['maxPendingHandshakes 192.0.2.1']);
    // Two have logged in, and one has turned out to be another address's.
    places[0]?.settled();
    places[1]?.settled();
    expect(door.admit('192.0.2.1')).toBeUndefined();
    places[2]?.identify('192.0.2.3');
    expect(door.admit('192.0.2.1')).toBeDefined();
    expect(door.admit('192.0.2.1')).toBeUndefined();
  });

  test('at limits.maxPendingHandshakes makes room for an address with few of them, and for no other', () => {
    const pending = { size: 1999, endSilent: jest.fn(() => silent) };
    const refused: string[] = [];
    const door = new Door(resolveLimits({ maxHandshakesPerSecond: 50, maxConnectionsPerAddress: 30 }), {
      pending,
      isMemoryExceeded: () => false,
      connectionRefused: ({ by, address, madeRoom }) => {
        refused.push(`${by} ${String(address)}${madeRoom ? ' made room' : ''}`);
      },
    });
    let silent = door.admit('2001:db8::7');
    expect(door.admit('192.0.2.1')).toBeDefined();
    expect(pending.endSilent).not.toHaveBeenCalled();
    pending.size = 2000;
    for (let n = 2; n <= 30; n += 1) expect(door.admit('192.0.2.1')).toBeDefined();
    expect(pending.endSilent).toHaveBeenCalledTimes(29);
    expect(new Set(refused)).toEqual(new Set(['maxPendingHandshakes 2001:db8:0:0::/64 made room']));
    // One that another limit refuses, or whose address is not known, ends nobody.
    expect([door.admit('192.0.2.1'), door.admit(undefined)]).toEqual([undefined, undefined]);
    expect(refused.slice(29)).toEqual([
      'maxConnectionsPerAddress 192.0.2.1',
      'maxPendingHandshakes undefined',
    ]);
    expect(pending.endSilent).toHaveBeenCalledTimes(29);
    // Where nobody is silent, it is refused, and holds no place.
    silent = undefined;
    expect(door.admit('192.0.2.2')).toBeUndefined();
    expect(refused.at(-1)).toBe('maxPendingHandshakes 192.0.2.2');
    expect(door.size).toBe(31);
    pending.size = 0;
    for (let n = 1; n <= 30; n += 1) expect(door.admit('192.0.2.2')).toBeDefined();
  });

  test('moves a connection to its address when that is known, and refuses it there', () => {
    const { door, refused } = doorOf({ maxConnections: 2, maxConnectionsPerAddress: 1 });
    const first = door.admit(undefined)?.identify('192.0.2.1');
    const second = door.admit(undefined);
    expect(second?.identify('192.0.2.1')).toBeUndefined();
    expect(door.admit(undefined)).toBeUndefined();
    expect(refused.map(({ by }) => by)).toEqual(['maxConnectionsPerAddress', 'maxConnections']);
    first?.release();
    expect(second?.identify('192.0.2.1')).toBeDefined();
  });

  test('remembers a bounded number of addresses, and never forgets one that has a connection', () => {
    const { door, refused } = doorOf({ maxConnectionsPerAddress: 1 });
    const held = door.admit('198.51.100.1');
    const addressOf = (n: number): string =>
      `10.${String(n >> 16)}.${String((n >> 8) & 255)}.${String(n & 255)}`;
    for (let n = 0; n < 120_000; n += 1) door.admit(addressOf(n))?.release();
    const { places, left } = door as unknown as Record<'places' | 'left', { readonly size: number }>;
    expect(places.size).toBe(1);
    expect(left.size).toBeLessThanOrEqual(50_000);
    expect(door.admit('198.51.100.1')).toBeUndefined();
    held?.release();
    expect(door.admit('198.51.100.1')).toBeDefined();
    expect(refused).toHaveLength(1);
  });

  test('with Infinity for all limits refuses nobody', () => {
    const limits = {
      maxConnections: Infinity,
      maxConnectionsPerAddress: Infinity,
      maxPendingHandshakes: Infinity,
      maxHandshakesPerSecond: Infinity,
    };
    const { door } = doorOf(limits);
    for (let n = 0; n < 5000; n += 1) expect(door.admit('192.0.2.1')).toBeDefined();
  });
});

test('a stranger whose login is being decided is not silent, and makes no room', async () => {
  const answers: ((error: null, name: string) => void)[] = [];
  const authPolicy: AuthPolicyFunction = (_connection, _application, _strategy, _credentials, callback) => {
    answers.push(callback);
  };
  const arena = await Arena.start(closing, { authPolicy, limits: { maxPendingHandshakes: 2 } });
  const asking = [await arena.stranger(), await arena.stranger()];
  for (const peer of asking) peer.send("{handshake:[0,'app'],login:['ann','secret']}");
  await waitFor(() => answers.length === 2, 'the policy');
  const third = await arena.stranger();
  await third.end();
  for (const answer of answers) answer(null, 'ann');
  for (const peer of asking) expect((await peer.received(1))[0]).toMatch(/ok:/);
});
