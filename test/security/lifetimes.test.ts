import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Application, net, type Connection, type ServerEvents } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { ALL_EXTENSIONS, API, dial, startCore, type Back } from '../support/core.js';
import { fakeClock } from '../support/fake-clock.js';
import { turns } from '../support/quiet.js';
import type { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';
import { Arena, guardProcess, HANDSHAKE } from './arena.js';

const closing = new Closing();
guardProcess();
afterEach(async () => {
  jest.useRealTimers();
  await closing.run();
});

const RESUMING = "{handshake:[0,'app','',{resume:1}]}";
const MOVING = "{handshake:[0,'app','',{bye:1,resume:1}]}";

type Timeout = ServerEvents['connectionTimeout'];

function timeoutsOf(arena: Arena): Timeout[1][] {
  const timeouts: Timeout[1][] = [];
  arena.server.on('connectionTimeout', (_connection, limit) => timeouts.push(limit));
  return timeouts;
}

function pass(ms: number): Promise<void> {
  jest.advanceTimersByTime(ms);
  return turns();
}

describe('limits.idleTimeoutMs', () => {
  beforeEach(() => {
    fakeClock();
  });

  test.each([
    ['resume', RESUMING],
    ['no extension', HANDSHAKE],
  ])(
    'ends a connection on which nothing came for so long, and not its session, with %s',
    async (_title, offer) => {
      const arena = await Arena.start(closing, { limits: { idleTimeoutMs: 1000 } });
      const timeouts = timeoutsOf(arena);
      const peer = await arena.guest(offer);
      await pass(999);
      await arena.expectServing();
      expect([peer.ended, timeouts]).toEqual([false, []]);
      await pass(1);
      await peer.end();
      expect([timeouts, peer.messages.length, arena.errors]).toEqual([['idleTimeoutMs'], 1, []]);
      peer.destroy();
      await waitFor(() => arena.server.getClientsArray().length === 0, 'its end');
      // The session is there, and takes what comes meanwhile.
      arena.server.broadcast('news', 'said', 1);
      const [, id = ''] = /ok:'(\w+)'/.exec(peer.messages[0]) ?? [];
      const again = await arena.stranger();
      again.send(offer.replace(/\}$/, `,session:['${id}',0]}`));
      expect((await again.received(2)).slice(0, 2)).toEqual([
        expect.stringContaining('ok:0'),
        "{event:[-1,'news'],said:[1]}",
      ]);
    },
  );

  test('does not take pings and heartbeats of either side for anything', async () => {
    const arena = await Arena.start(closing, { limits: { idleTimeoutMs: 1000 }, heartbeatInterval: 100 });
    const peer = await arena.guest(HANDSHAKE);
    let pings = 0;
    for (let n = 1; n < 20 && !peer.ended; n++) {
      peer.send('{}', `{ping:[${String(n)}]}`);
      await pass(50);
      for (const text of peer.messages.slice(pings)) {
        const [, id] = /^\{ping:\[(-\d+)\]\}$/.exec(text) ?? [];
        if (id) peer.send(`{pong:[${id}]}`);
      }
      pings = peer.messages.length;
      await turns();
    }
    expect(peer.ended).toBe(false);
    await pass(50);
    await peer.end();
    expect(peer.messages.filter((text) => text.startsWith('{ping:')).length).toBeGreaterThan(3);
  });

  test('does not take a ping that waits for its pong for a call', async () => {
    const limits = { idleTimeoutMs: 1000, heartbeatTimeoutMs: 100_000 };
    const arena = await Arena.start(closing, { limits, heartbeatInterval: 100 });
    const timeouts = timeoutsOf(arena);
    const peer = await arena.guest();
    await pass(1000);
    await peer.end();
    expect(timeouts).toEqual(['idleTimeoutMs']);
  });

  const NEWS = new Application<Connection>('app', {
    echo: { back: (_connection: Connection, callback: Back) => callback(null) },
    slow: { wait: (_connection: Connection, _callback: Back) => undefined },
  });

  test.each<[title: string, use: (peer: RawPeer, arena: Arena, n: number) => void]>([
    ['calls', (peer, _arena, n) => peer.send(`{call:[${String(n)},'echo'],back:[]}`)],
    ['events', (peer, _arena, n) => peer.send(`{event:[${String(n)},'news'],said:[]}`)],
    ['events of the server', (_peer, arena) => arena.server.broadcast('news', 'said')],
  ])('begins anew with %s', async (_title, use) => {
    const arena = await Arena.start(closing, { applications: [NEWS], limits: { idleTimeoutMs: 1000 } });
    const timeouts = timeoutsOf(arena);
    const peer = await arena.guest();
    for (let n = 1; n < 6; n++) {
      await pass(900);
      use(peer, arena, n);
      if (_title === 'events') await within(peer.pong(100 + n), 'a pong');
      else await peer.received(1 + n);
    }
    expect([peer.ended, timeouts]).toEqual([false, []]);
    await pass(1250);
    await peer.end();
  });

  test('does not count while calls of either side are under way, nor just behind them', async () => {
    const arena = await Arena.start(closing, { limits: { idleTimeoutMs: 1000 } });
    const timeouts = timeoutsOf(arena);
    const peer = await arena.guest();
    peer.send("{call:[1,'slow'],wait:[]}");
    await waitFor(() => arena.waiting.length === 1, 'the call');
    const [connection] = arena.server.getClientsArray();
    await pass(10_000);
    const answered = connection.callMethod('their', 'method', []);
    arena.waiting[0]();
    await peer.received(3);
    await pass(10_000);
    peer.send('{callback:[-1],ok:[]}');
    await answered;
    await pass(1000);
    expect([peer.ended, timeouts]).toEqual([false, []]);
    await pass(250);
    await peer.end();
  });

  test('is none by default, and there is no timer for it', async () => {
    const timers = async (limits: object): Promise<number> => {
      const arena = await Arena.start(closing, { limits });
      const before = jest.getTimerCount();
      await arena.guest();
      return jest.getTimerCount() - before;
    };
    const unbounded = await timers({});
    expect(await timers({ idleTimeoutMs: 1000 })).toBe(unbounded + 1);
    expect(await timers({ maxConnectionAgeMs: 1000 })).toBe(unbounded + 1);
  });
});

describe('limits.maxConnectionAgeMs', () => {
  test('tells each client to move at that age, and up to a tenth later, not all at once', async () => {
    fakeClock();
    const arena = await Arena.start(closing, {
      extensions: ALL_EXTENSIONS,
      limits: { maxConnectionAgeMs: 1000 },
    });
    const timeouts = timeoutsOf(arena);
    const peers: RawPeer[] = [];
    for (let n = 0; n < 40; n++) peers.push(await arena.guest(MOVING));
    await pass(999);
    await arena.expectServing();
    expect(timeouts).toEqual([]);
    const steps: number[] = [];
    for (let step = 0; step < 4; step++) {
      await pass(step === 3 ? 26 : 25);
      steps.push(timeouts.length);
    }
    // Were they all at once, at the ends of the tenth, or later, that would show.
    expect(steps[3]).toBe(40);
    expect(new Set(steps).size).toBeGreaterThan(2);
    for (const peer of peers) {
      await peer.end();
      expect(peer.messages.slice(1)).toEqual(["{bye:['moved']}"]);
    }
    expect([new Set(timeouts), arena.errors]).toEqual([new Set(['maxConnectionAgeMs']), []]);
  });

  test('lets the calls of an old peer end first, and begins nothing new meanwhile', async () => {
    fakeClock();
    const arena = await Arena.start(closing, { limits: { maxConnectionAgeMs: 1000 } });
    const peer = await arena.guest(HANDSHAKE);
    peer.send("{call:[1,'slow'],wait:[]}");
    await waitFor(() => arena.waiting.length === 1, 'the call');
    await pass(1101);
    peer.send("{call:[2,'mark'],run:['new']}");
    await arena.expectServing();
    expect(peer.ended).toBe(false);
    arena.waiting[0]();
    await peer.end();
    expect(peer.messages.slice(1)).toEqual(['{callback:[1],ok:[]}']);
    expect(arena.executed).not.toContain('new');
    // It counts as not received: the peer sends it again.
    await waitFor(() => arena.server.getClientsArray().length < 2, 'its end');
    const [, id = ''] = /ok:'(\w+)'/.exec(peer.messages[0]) ?? [];
    const again = await arena.stranger();
    again.send(`{handshake:[0,'app'],session:['${id}',0]}`, "{call:[2,'mark'],run:['new']}");
    expect(await again.received(2)).toEqual([expect.stringContaining('ok:1'), '{callback:[2],ok:[]}']);
  });

  test('waits no longer for them than limits.drainTimeoutMs', async () => {
    fakeClock();
    const arena = await Arena.start(closing, { limits: { maxConnectionAgeMs: 1000, drainTimeoutMs: 500 } });
    const peer = await arena.guest(HANDSHAKE);
    peer.send("{call:[1,'slow'],wait:[]}");
    await waitFor(() => arena.waiting.length === 1, 'the call');
    await pass(1101);
    await pass(399);
    await arena.expectServing();
    expect(peer.ended).toBe(false);
    await pass(101);
    await peer.end();
  });

  test.each([
    ['told to move', ALL_EXTENSIONS],
    ['with resume alone', ['resume'] as const],
  ])('costs a client of this package nothing, %s', async (_title, extensions) => {
    const runs: number[] = [];
    const api = {
      ...API,
      count: {
        up: (_connection: Connection, n: number, callback: Back) => {
          runs.push(n);
          setTimeout(() => callback(null, n), n % 7);
        },
      },
    };
    const core = await startCore(closing, {
      applications: [new Application('app', api)],
      extensions: ALL_EXTENSIONS,
      limits: { maxConnectionAgeMs: 30 },
    });
    const errors: unknown[] = [];
    core.server.on('connectionError', (error) => errors.push(error));
    const client = await dial(closing, core.port, {
      extensions,
      reconnector: (_connection, reconnectFn) => reconnectFn(),
    });
    let returns = 0;
    client.on('reconnect', (error) => (returns += error ? 0 : 1));
    const answers: Promise<unknown>[] = [];
    let emitted = 0;
    const heard: unknown[] = [];
    const proxy = await client.inspectInterface('echo');
    proxy.on('said', (n) => heard.push(n));
    while (returns < 5) {
      answers.push(client.callMethod('count', 'up', [answers.length]));
      for (const connection of core.server.getReachableClients())
        connection.emitRemoteEvent('echo', 'said', [++emitted]);
      expect(await client.callMethod('echo', 'back', [emitted])).toBe(emitted);
    }
    const expected = answers.map((_, n) => n);
    expect(await within(Promise.all(answers), 'the answers')).toEqual(expected);
    expect(runs).toEqual(expected);
    await waitFor(() => heard.length === emitted, 'the events');
    expect(heard).toEqual(Array.from({ length: emitted }, (_, n) => n + 1));
    expect(errors).toEqual([]);
  });

  test('counts from the last time that the client came', async () => {
    fakeClock();
    const arena = await Arena.start(closing, { limits: { maxConnectionAgeMs: 1000 } });
    const timeouts = timeoutsOf(arena);
    const peer = await arena.guest(MOVING);
    await pass(900);
    const [, id = ''] = /ok:'(\w+)'/.exec(peer.messages[0]) ?? [];
    const again = await arena.stranger();
    // The former transport is still up.
    again.send(MOVING.replace(/\}$/, `,session:['${id}',0]}`));
    await again.received(1);
    await pass(900);
    await arena.expectServing();
    expect([again.ended, timeouts]).toEqual([false, []]);
    await pass(201);
    await again.end();
    expect(timeouts).toEqual(['maxConnectionAgeMs']);
  });
});

test('limits.idleTimeoutMs lets a client of this package come back, with its session', async () => {
  const core = await startCore(closing, { limits: { idleTimeoutMs: 20 } });
  const client = await within(
    net.connect('app', { reconnector: (_connection, again) => again() }, core.port, '127.0.0.1'),
    'a connect',
  );
  closing.add(() => client.close());
  const { session } = client;
  await within(new Promise((resolve) => client.once('reconnect', resolve)), 'the return');
  expect(client.session).toBe(session);
  expect(await client.callMethod('echo', 'back', [1])).toBe(1);
});
