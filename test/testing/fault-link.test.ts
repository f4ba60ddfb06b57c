import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  Application,
  ERR_NO_HANDSHAKE_RESPONSE,
  type ClientOptions,
  type Connection,
  type Server,
} from '../../lib/core.js';
import {
  createFaultEntry,
  type FaultEntry,
  type FaultLink,
  type FaultOptions,
} from '../../lib/testing/index.js';
import { API, type Back } from '../support/core.js';

const PORT = 1;

let entry: FaultEntry;
let server: Server;
let client: Connection;
let clients: Connection[];
let heard: unknown[];

/** Everything here runs under fake timers: no test waits, and no time goes by that it does not say. */
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(async () => {
  await stop();
  jest.useRealTimers();
});

/** All that is on its way has come: bytes move by microtasks here. */
const arrived = (): Promise<void> => jest.advanceTimersByTimeAsync(0);

async function connect(options: ClientOptions = {}): Promise<Connection> {
  const connection = await entry.connect('app', { reconnector: () => undefined, ...options }, PORT);
  clients.push(connection);
  return connection;
}

async function start(options?: FaultOptions): Promise<FaultLink> {
  heard = [];
  clients = [];
  entry = createFaultEntry(options);
  const events = { news: { told: (_connection: Connection, value: unknown) => void heard.push(value) } };
  server = entry.createServer([new Application<Connection>('app', API, events)]);
  server.listen(PORT);
  client = await connect();
  return present();
}

async function stop(): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const connection of clients) connection.close();
  server.closeConnections();
  entry.heal();
  await closed;
}

function present(): FaultLink {
  if (!entry.latest) throw new Error('No link');
  return entry.latest;
}

const tell = (value: unknown): void => client.emitRemoteEvent('news', 'told', [value]);
const remoteOf = (): Connection => server.getClientsArray()[0];

describe('a link with faults', () => {
  test('without any carries calls and events as a memory entry does, without time going by', async () => {
    await start();
    const before = performance.now();
    expect(await client.callMethod('echo', 'back', ['жінка €😀'])).toBe('жінка €😀');
    tell(1);
    await client.ping();
    expect(heard).toEqual([1]);
    expect(performance.now()).toBe(before);
  });

  test('tells where its server listens, and what is wrong with an address', async () => {
    await start();
    expect(server.address()).toMatchObject({ port: PORT });
    await expect(entry.connect('app', null, PORT + 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const second = entry.createServer([]);
    const failed = new Promise((resolve) => second.on('error', resolve));
    second.listen(PORT);
    expect(await failed).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('an end on purpose arrives after what was sent before it', async () => {
    await start();
    tell('last words');
    client.close();
    await arrived();
    expect(heard).toEqual(['last words']);
    expect(server.getClientsArray()).toEqual([]);
  });

  test('a server that is closed is told when its last link is gone', async () => {
    await start();
    const closed = jest.fn();
    server.close(closed);
    await arrived();
    expect(closed).not.toHaveBeenCalled();
    client.close();
    await arrived();
    expect(closed).toHaveBeenCalledTimes(1);
    expect(entry.links).toEqual([]);
  });
});

describe('cut', () => {
  test('loses what is on its way, and both sides see a reset', async () => {
    const link = await start();
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    server.on('connectionError', (error) => errors.push(error));
    tell('on its way');
    link.cut();
    await arrived();
    expect(heard).toEqual([]);
    expect(errors).toMatchObject([{ code: 'ECONNRESET' }, { code: 'ECONNRESET' }]);
    expect(link.isUp).toBe(false);
  });

  test('cutAfter lets exactly so many bytes through: one less than a message loses it', async () => {
    const link = await start();
    const before = link.arrivedBytes('toServer');
    tell(1);
    await arrived();
    const length = link.arrivedBytes('toServer') - before;
    for (const [bytes, expected] of [
      [length - 1, [1]],
      [length, [1, 2]],
    ] as const) {
      heard = [1];
      client = await connect();
      // Its first message is as long as the first one of the link before.
      present().cutAfter(bytes, 'toServer');
      tell(2);
      await arrived();
      expect(heard).toEqual(expected);
      expect(present().isUp).toBe(false);
    }
  });

  test('cutAfter counts bytes of the other direction as well, from now on', async () => {
    const link = await start();
    const before = link.arrivedBytes('toClient');
    link.cutAfter(5, 'toClient');
    remoteOf().emitRemoteEvent('echo', 'said', ['longer than five']);
    await arrived();
    expect(link.arrivedBytes('toClient')).toBe(before + 5);
    expect(link.isUp).toBe(false);
  });

  test('a plan for new links cuts in the handshake', async () => {
    await start();
    entry.onLink = (link) => link.cutAfter(10, 'toServer');
    await expect(connect()).rejects.toMatchObject({ code: ERR_NO_HANDSHAKE_RESPONSE });
    expect(entry.linkCount).toBe(2);
    expect(server.getClientsArray()).toHaveLength(1);
  });
});

describe('half-open', () => {
  test('a client that does not notice believes its line to be up, and what it says goes nowhere', async () => {
    const link = await start();
    link.halfOpen('client');
    tell('into the void');
    await arrived();
    expect(client.handshakeDone).toBe(true);
    expect(server.getClientsArray()).toEqual([]);
    expect(heard).toEqual([]);
    link.notice('client');
    await arrived();
    expect(client.handshakeDone).toBe(false);
  });

  test("the server sees a client's new link before it sees the end of the old one", async () => {
    const link = await start();
    const remote = remoteOf();
    const seen: string[] = [];
    server.on('disconnect', () => seen.push('disconnect'));
    server.on('reconnect', () => seen.push('reconnect'));
    link.halfOpen('server');
    await arrived();
    expect(client.handshakeDone).toBe(false);
    expect(server.getClientsArray()).toEqual([remote]);
    await entry.reconnect(client, PORT);
    link.notice('server');
    await arrived();
    expect(seen).toEqual(['reconnect']);
    expect(await client.callMethod('echo', 'back', [1])).toBe(1);
    expect(server.getClientsArray()).toEqual([remote]);
  });

  test('with both unaware nobody sees anything, until told', async () => {
    const link = await start();
    link.halfOpen('both');
    await arrived();
    expect([link.isSeenUp('client'), link.isSeenUp('server'), link.isUp]).toEqual([true, true, false]);
    link.notice('server');
    await arrived();
    expect([link.isSeenUp('client'), link.isSeenUp('server')]).toEqual([true, false]);
    expect(server.getClientsArray()).toEqual([]);
  });

  test('the heartbeat finds out what nobody tells', async () => {
    const link = await start();
    client.startHeartbeat(1000);
    link.halfOpen('both');
    await jest.advanceTimersByTimeAsync(5000);
    expect(link.isSeenUp('client')).toBe(false);
    expect(link.isSeenUp('server')).toBe(true);
  });
});

describe('stall', () => {
  test('holds one direction, and lets all of it go in order', async () => {
    const link = await start();
    link.stall('toServer');
    for (const value of [1, 2, 3]) tell(value);
    remoteOf().emitRemoteEvent('echo', 'said', []);
    const before = link.arrivedBytes('toClient');
    await arrived();
    expect(heard).toEqual([]);
    expect(link.waitingBytes('toServer')).toBeGreaterThan(0);
    expect(link.arrivedBytes('toClient')).toBeGreaterThan(before);
    link.release('toServer');
    await arrived();
    expect(heard).toEqual([1, 2, 3]);
    expect(link.waitingBytes('toServer')).toBe(0);
  });

  test('holds the end of the link as well', async () => {
    const link = await start();
    link.stall('toServer');
    client.close();
    await arrived();
    expect(server.getClientsArray()).toHaveLength(1);
    link.release();
    await arrived();
    expect(server.getClientsArray()).toEqual([]);
  });

  test('what was held when the line is cut is lost', async () => {
    const link = await start();
    link.stall('toServer');
    tell('held');
    link.cut();
    link.release();
    await arrived();
    expect(heard).toEqual([]);
  });
});

describe('pace', () => {
  test('single bytes arrive as the same messages', async () => {
    await start({ chunkBytes: 1 });
    expect(await client.callMethod('echo', 'back', ['жінка €😀'])).toBe('жінка €😀');
  });

  test('a delay of turns lets the other direction go first', async () => {
    const link = await start();
    const seen: string[] = [];
    link.setPace({ delayTurns: 50 }, 'toServer');
    const far = client.callMethod('echo', 'back', [1]).then(() => seen.push('there and back'));
    const backwards = remoteOf()
      .callMethod('any', 'any', [])
      .catch(() => undefined);
    let turns = 0;
    while (link.arrivedBytes('toClient') === 0 && turns < 100) {
      turns += 1;
      await Promise.resolve();
    }
    expect(turns).toBeLessThan(50);
    expect(seen).toEqual([]);
    await Promise.all([far, backwards]);
    expect(seen).toEqual(['there and back']);
  });

  test('pieces of random sizes are the same for the same seed, and others for another', async () => {
    const sizesOf = async (seed: number): Promise<number[]> => {
      const sizes: number[] = [];
      const link = await start({ seed, chunkBytes: [1, 9] });
      tell('x'.repeat(200));
      for (let turn = 0; turn < 100; turn++) {
        sizes.push(link.arrivedBytes('toServer'));
        await Promise.resolve();
      }
      await stop();
      return sizes;
    };
    const first = await sizesOf(7);
    expect(await sizesOf(7)).toEqual(first);
    expect(await sizesOf(8)).not.toEqual(first);
  });

  test('a server that stops reading is waited for', async () => {
    const link = await start({ chunkBytes: 3 });
    const transport = remoteOf().getTransport() as { pause(): void; resume(): void };
    transport.pause();
    tell('later');
    await arrived();
    expect(heard).toEqual([]);
    expect(link.waitingBytes('toServer')).toBeGreaterThan(0);
    transport.resume();
    await arrived();
    expect(heard).toEqual(['later']);
  });
});

describe('other faults', () => {
  test('a message arrives twice, and the one after it once', async () => {
    const link = await start();
    let calls = 0;
    const count = (_connection: Connection, callback: Back): void => callback(null, (calls += 1));
    const counting = new Application<Connection>('app', { count: { up: count } });
    // What a peer that knows no numbers makes of it.
    server.updateApplications([counting]);
    client = await connect({ extensions: [] });
    expect(present()).not.toBe(link);
    present().duplicate('toServer');
    await client.callMethod('count', 'up', []);
    await client.callMethod('count', 'up', []);
    expect(calls).toBe(3);
  });

  test('who connects while nobody is accepted is refused', async () => {
    await start();
    entry.isRefusing = true;
    await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    entry.isRefusing = false;
    await expect(connect()).resolves.toBeDefined();
  });

  test('heal ends all of them: what is held arrives, who is unaware is told, plans are off', async () => {
    await start();
    const other = await connect();
    const [first, second] = entry.links;
    first.halfOpen('both');
    second.stall('toServer');
    second.cutAfter(1, 'toServer');
    entry.onLink = (link) => link.cut();
    entry.isRefusing = true;
    other.emitRemoteEvent('news', 'told', ['held']);
    entry.heal();
    await arrived();
    expect(heard).toEqual(['held']);
    expect(client.handshakeDone).toBe(false);
    expect(other.handshakeDone).toBe(true);
    await entry.reconnect(client, PORT);
    expect(await client.callMethod('echo', 'back', [2])).toBe(2);
  });
});
