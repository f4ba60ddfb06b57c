import { afterEach, describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { net, Session, type Connection, type ExtensionName, type Reconnector } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { clockWait } from '../support/quiet.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';
import type { PackageName } from './redis-server.js';
import { clientOf, Servers } from './servers.js';
import { World } from './world.js';

const closing = new Closing();
afterEach(() => closing.run());

const EXTENSIONS: readonly ExtensionName[] = ['bye', 'cancel', 'nest', 'resume', 'stream'];
// Beyond what a claim waits for an owner, and a command for Redis.
const SHORT = { claimTimeoutMs: 600, commandTimeoutMs: 400, leaseMs: 10_000 };

/** A Nest client of the balancer that calls. */
async function callerOf(servers: Servers, options: object = {}) {
  const { client, ends } = await clientOf(servers, closing, options);
  const call = (method: string, value: string): Promise<unknown> => {
    const answer = firstValueFrom(client.send<unknown>(`works.${method}`, value));
    answer.catch(() => undefined);
    return within(answer, `the answer of ${value}`);
  };
  return { client, ends, call };
}

/** A client of the core that comes back at once, and notes the attempts that were refused. */
async function mover(servers: Servers, refusals: unknown[]): Promise<Connection> {
  const reconnector: Reconnector = (_connection, reconnectFn) => {
    setTimeout(() => {
      reconnectFn((error: unknown) => {
        if (error && (error as { code?: unknown }).code !== -2) refusals.push(error);
      });
    }, 1);
  };
  const client = { extensions: EXTENSIONS, reconnector };
  const connection = await within(net.connect('jstp', client, servers.balancer.port, LOOPBACK), 'a login');
  closing.add(() => connection.close());
  return connection;
}

test('bytes that were under way at a cut, both ways, arrive as bytes by another server', async () => {
  const extensions: readonly ExtensionName[] = [...EXTENSIONS, 'bytes'];
  const servers = await Servers.start(closing, { options: { extensions }, storage: SHORT });
  const { client, ends } = await clientOf(servers, closing);
  const heard: unknown[] = [];
  client.fromEvent('news', 'told').subscribe((value) => heard.push(value));
  const bytes = Buffer.from([0, 1, 39, 96, 254, 255]);
  // Neither is written before the cut.
  servers.members[0].server.getClientsArray()[0].emitRemoteEvent('news', 'told', [bytes]);
  const answer = firstValueFrom(client.send<unknown>('works.quick', bytes));
  servers.cutTo(1);
  expect(await within(answer, 'the answer')).toEqual(bytes);
  expect((await servers.called(1)).args).toEqual([bytes]);
  await waitFor(() => heard.length > 0, 'the event');
  expect([heard, ends, servers.members[0].calls]).toEqual([[bytes], [], []]);
});

test('bytes that are within the size limit only as they are, under way at a cut, arrive by another server', async () => {
  const extensions: readonly ExtensionName[] = [...EXTENSIONS, 'bytes', 'attachments'];
  const options = { extensions, limits: { maxMessageBytes: 20_000 } };
  const servers = await Servers.start(closing, { options, storage: SHORT });
  const { client, ends } = await clientOf(servers, closing);
  const heard: unknown[] = [];
  client.fromEvent('news', 'told').subscribe((value) => heard.push(value));
  const bytes = Buffer.alloc(17_000, 7);
  const answer = firstValueFrom(client.send<unknown>('works.held', 'a'));
  const call = await servers.called(0);
  servers.members[0].server.getClientsArray()[0].emitRemoteEvent('news', 'told', [bytes]);
  call.succeed([bytes]);
  servers.cutTo(1);
  expect(await within(answer, 'the answer')).toEqual(bytes);
  expect([heard, ends, servers.members[1].calls]).toEqual([[bytes], [], []]);
});

describe('two cuts behind a balancer, with a call under way on the first server', () => {
  test.each<[PackageName, number, number, number]>([
    ['redis', 2, 0, 250],
    ['redis', 2, 20, 250],
    ['redis', 2, 20, 30],
    ['ioredis', 2, 5, 10],
    ['ioredis', 3, 10, 70],
  ])(
    'over %s, %d servers, Redis %d ms away, %d ms between the cuts: the client keeps its session',
    async (name, count, redisDelayMs, pauseMs) => {
      const servers = await Servers.start(closing, { client: name, count, redisDelayMs, storage: SHORT });
      const { ends, call } = await callerOf(servers);
      const answer = call('held', 'first');
      const held = await servers.called(0);
      for (let place = 1; place < count; place++) {
        servers.cutTo(place);
        await clockWait('a moment of another process', pauseMs);
      }
      servers.cutTo(0);
      // Longer than any claim of the others goes on.
      await clockWait('a term of a store', 2 * SHORT.claimTimeoutMs);
      held.succeed(['done']);
      expect(await answer).toBe('done');
      expect(await call('quick', 'next')).toBe('next');
      expect(ends).toEqual([]);
      expect(servers.members.map(({ taken, calls }) => taken + calls.length)).toEqual([
        2,
        ...Array.from({ length: count - 1 }, () => 0),
      ]);
    },
  );

  test.each([40, 1000])(
    'and a Redis that stalls for %d ms between: the client keeps its session',
    async (stallMs) => {
      const servers = await Servers.start(closing, { storage: SHORT });
      const { ends, call } = await callerOf(servers);
      const answer = call('held', 'first');
      const held = await servers.called(0);
      servers.distance.hold();
      servers.cutTo(1);
      await clockWait('a moment of another process', stallMs);
      servers.cutTo(0);
      await clockWait('a moment of another process', 30);
      servers.distance.release();
      await clockWait('a term of a store', 2 * SHORT.claimTimeoutMs);
      held.succeed(['done']);
      expect(await answer).toBe('done');
      expect(await call('quick', 'next')).toBe('next');
      expect([ends, servers.members.map(({ taken }) => taken)]).toEqual([[], [0, 0]]);
    },
  );
});

test.each<[PackageName, number]>([
  ['redis', 20],
  ['ioredis', 20],
  ['redis', 10],
])(
  'over %s: of a session that only moves, Redis %d ms away, no attempt is refused',
  async (name, redisDelayMs) => {
    const servers = await Servers.start(closing, { client: name, count: 3, redisDelayMs, storage: SHORT });
    const refusals: unknown[] = [];
    for (const places of [
      [1, 0],
      [1, 1],
      [1, 2, 0],
    ]) {
      for (const pauseMs of [15, 25, 35, 50, 70, 140]) {
        servers.next = 0;
        const connection = await mover(servers, refusals);
        connection.emitRemoteEvent('works', 'told', [`${places.join()} ${String(pauseMs)}`]);
        expect(await connection.callMethod('works', 'quick', ['before'])).toBe('before');
        for (const place of places) {
          servers.cutTo(place);
          await clockWait('a moment of another process', pauseMs);
        }
        expect(await within(connection.callMethod('works', 'quick', ['after']), 'the answer')).toBe('after');
        connection.close();
      }
    }
    expect(refusals).toEqual([]);
    expect(servers.members.flatMap(({ events }) => events)).toHaveLength(18);
  },
);

describe('a rolling deploy', () => {
  test('with servers that lack the version: a client keeps its session until one comes that has it', async () => {
    const servers = await Servers.start(closing, { count: 0, storage: SHORT });
    await servers.add({}, 'jstp@1.2.0');
    await servers.add({}, 'jstp@2.0.0');
    await servers.add({}, 'jstp@1.3.0');
    const { client, ends, call } = await callerOf(servers, { app: 'jstp@^1.0.0' });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push((error as { code?: unknown }).code));
    expect(await call('quick', 'before')).toBe('before');
    servers.cutTo(1);
    await waitFor(() => errors.filter((code) => code === 10).length > 1, 'refusals');
    servers.next = 2;
    expect(await call('quick', 'after')).toBe('after');
    expect(ends).toEqual([]);
  });

  test('answers nothing to peers who could not tell that their session is kept', async () => {
    const servers = await Servers.start(closing, { count: 1 });
    const peer = await RawPeer.connect(servers.members[0].port);
    closing.add(() => peer.destroy());
    peer.send("{handshake:[0,'jstp','^7.0.0'],session:['any',0]}");
    await peer.end();
    expect(peer.messages).toEqual([]);
  });

  test('refuses a login as ever, and a resume where no other server could have the session', async () => {
    const servers = await Servers.start(closing, { count: 1 });
    const alone = await servers.add({ sessionStorageProvider: null });
    for (const [port, second] of [
      [servers.members[0].port, ''],
      [alone.port, ",session:['any',0]"],
    ] as const) {
      const peer = await RawPeer.connect(port);
      closing.add(() => peer.destroy());
      peer.send(`{handshake:[0,'jstp','^7.0.0']${second}}`);
      expect(await peer.received(1)).toEqual(['{handshake:[0],error:[10]}']);
    }
  });
});

describe('a claim', () => {
  test('that Redis does after its asker has given up on it is undone: others get the session at once', async () => {
    const servers = await Servers.start(closing, { count: 0 });
    const world = new World(servers.redis, closing, SHORT);
    const [owner, other] = [await world.user(), await world.user()];
    const session = await owner.open(new Session(null, 'ann'));
    await owner.release(session);
    const { redis } = await servers.redis.connect('redis', servers.distance.port);
    const asker = redis as unknown as { ping(): Promise<unknown> };
    const far = await world.user({}, 'redis', () => redis);
    servers.distance.hold();
    await expect(far.provider.claim(session.id)).rejects.toMatchObject({ code: 'ERR_JSTP_STORE_AWAY' });
    servers.distance.release();
    // By the first answer the late claim is done, by the second its undoing.
    for (let answer = 1; answer <= 2; answer++) await within(asker.ping(), 'an answer of Redis');
    await within(unowned(servers), 'the undoing');
    expect((await within(other.provider.claim(session.id), 'the claim'))?.username).toBe('ann');
    expect(far.asked).toEqual([]);
  });
});

/** Waits until a claim was done, and nobody owns a session any more. */
async function unowned({ redis }: Servers): Promise<void> {
  let dump = await redis.dump();
  while (dump.includes('"owner":') || !dump.includes('"text":')) dump = await redis.dump();
}
