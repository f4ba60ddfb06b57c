import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import path from 'node:path';
import type { Session } from '../../lib/core.js';
import { RedisBroadcaster, RedisSessionStorageProvider, type RedisLike } from '../../lib/redis/index.js';
import { ca, clientPair } from '../support/certificates.js';
import { Closing } from '../support/closing.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { clockWait } from '../support/quiet.js';
import { watchProcess, type ProcessWatch } from '../support/real-process.js';
import { retried, waitFor, within } from '../support/wait-for.js';
import { RedisCluster } from './redis-cluster.js';
import { RedisSentinel } from './redis-sentinel.js';
import { PACKAGES, RedisServer } from './redis-server.js';
import { fullSession, User } from './world.js';

const LEASE_MS = 900;

const forAll = new Closing();
let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await RedisCluster.start(forAll);
});
afterAll(() => forAll.run());

let closing: Closing;
let watch: ProcessWatch;
beforeEach(() => {
  watch = watchProcess();
  closing = new Closing();
});
afterEach(async () => {
  await closing.run();
  watch.stop();
  expect(watch.failures).toEqual([]);
});

type Connect = () => Promise<RedisLike>;

/** One of several servers: a store, and a broadcaster, over a connection of its own. */
class Site {
  readonly user: User;
  readonly events: unknown[][] = [];
  readonly broadcaster: RedisBroadcaster;

  private constructor(redis: RedisLike, writeThrough: boolean) {
    const options = { leaseMs: LEASE_MS, claimTimeoutMs: 500, commandTimeoutMs: 500, writeThrough };
    this.user = new User(new RedisSessionStorageProvider(redis, options));
    this.broadcaster = new RedisBroadcaster(redis, { commandTimeoutMs: 5000, onError: () => undefined });
  }

  static async start(connect: Connect, writeThrough = false): Promise<Site> {
    const site = new Site(await connect(), writeThrough);
    closing.add(() => site.close());
    const client = {
      username: 'ann',
      emitRemoteEvent: (...event: unknown[]) => site.events.push(event),
    };
    await site.broadcaster.attach({ getClients: () => [client] });
    return site;
  }

  async close(): Promise<void> {
    this.broadcaster.close();
    await this.user.stop();
  }
}

async function resumeAt(
  { user }: Site,
  { id, receivedCount }: Session,
  resume = (): Promise<Session | undefined> => user.resume(id),
): Promise<Session> {
  const session = await within(resume(), 'a session that moves');
  if (!session) throw new Error('The session is lost');
  expect([session.username, session.receivedCount]).toEqual(['ann', receivedCount]);
  return session;
}

/** What one server tells reaches the clients of both. */
async function expectEvents(first: Site, second: Site): Promise<void> {
  await first.broadcaster.emitToUser('ann', 'news', 'told', 1);
  await waitFor(() => first.events.length > 0 && second.events.length > 0, 'the event on both servers');
  expect([...first.events, ...second.events]).toEqual([
    ['news', 'told', [1]],
    ['news', 'told', [1]],
  ]);
}

/** A session opens on one server, moves to another and back, is saved and ends; each tells the other's clients. */
async function expectShared(connect: Connect, writeThrough = false): Promise<void> {
  const [first, second] = [await Site.start(connect, writeThrough), await Site.start(connect, writeThrough)];
  const session = await first.user.open(fullSession());
  const moved = await resumeAt(second, session);
  expect(first.user.asked).toContain(session.id);
  await second.user.provider.revive(session.id);
  moved.receivedCount += 1;
  await second.user.provider.save(session.id, moved);
  await second.user.release(moved);
  await resumeAt(first, moved);
  await expectEvents(first, second);
  await first.user.provider.delete(session.id);
  expect(await second.user.resume(session.id)).toBeUndefined();
  await Promise.all([first.close(), second.close()]);
}

/** Waits until a session can be stored. */
async function saved(user: User, session: Session): Promise<void> {
  await retried(() => user.provider.save(session.id, session), 'a session that is stored');
}

describe.each(PACKAGES)('over %s', (name) => {
  /** A connection of this package to one server, with options of its own. */
  const connectWith =
    (server: RedisServer, ofNodeRedis: object, ofIoRedis: object): Connect =>
    async () => {
      if (name === 'redis') return (await server.nodeRedis(ofNodeRedis)).redis;
      const { redis } = server.ioRedis(ofIoRedis);
      await within(redis.ping(), 'a connection to Redis');
      return redis;
    };

  test.each([
    ['without', false],
    ['with', true],
  ])(
    'a Redis Cluster of three masters: sessions move and events come, %s write-through',
    async (_how, how) => {
      await expectShared(async () => (await cluster.connect(name, closing)).redis, how);
    },
  );

  test('a Redis Cluster: an outage is told, the next one as well, and nothing stays open', async () => {
    const handles = countHandles();
    const { redis, kill } = await cluster.connect(name, closing);
    const site = await Site.start(async () => redis);
    const { user } = site;
    const session = await user.open(fullSession());
    // An outage is over for the store when commands and its channel have both come back: only then it tells of the next.
    for (let outages = 0; outages < 8 && user.errors.length < 2; outages++) {
      for (const node of cluster.nodes) await node.stop();
      await waitFor(() => user.errors.length > 0, 'word of the outage');
      await expect(user.provider.save(session.id, session)).rejects.toMatchObject({
        code: 'ERR_JSTP_STORE_AWAY',
      });
      for (const node of cluster.nodes) await node.up();
      await saved(user, session);
      await clockWait('a term of a store', 2 * LEASE_MS);
    }
    expect(user.errors).toHaveLength(2);
    await site.close();
    await kill();
    await expectNoNewHandles(handles);
  });

  test('Redis Sentinel: sessions move and events come', async () => {
    const sentinel = await RedisSentinel.start(closing);
    await expectShared(async () => (await sentinel.connect(name)).redis);
  });

  test('Redis Sentinel: when the master ends, all goes on with its replica', async () => {
    const sentinel = await RedisSentinel.start(closing);
    const connect: Connect = async () => (await sentinel.connect(name)).redis;
    const [first, second] = [await Site.start(connect), await Site.start(connect)];
    const session = await first.user.open(fullSession());
    await sentinel.master.stop();
    await saved(first.user, session);
    // The second server finds the new master by itself, a while later: until then it fails, and a client asks again.
    await resumeAt(second, session, () =>
      retried(() => second.user.resume(session.id), 'a session that moves'),
    );
    await expectEvents(first, second);
    await Promise.all([first.close(), second.close()]);
  });

  test('Redis Sentinel: a connection that listens and is cut off is told, the next time as well', async () => {
    const sentinel = await RedisSentinel.start(closing);
    const { user } = await Site.start(async () => (await sentinel.connect(name)).redis);
    const { redis } = sentinel.master.ioRedis();
    await clockWait('a term of a store', LEASE_MS);
    for (let cuts = 0; cuts < 8 && user.errors.length < 2; cuts++) {
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await waitFor(() => user.errors.length > 0, 'word of the cut');
      await clockWait('a term of a store', 2 * LEASE_MS);
    }
    expect(user.errors).toHaveLength(2);
  });

  test('TLS, with certificates on both sides', async () => {
    const folder = path.resolve(import.meta.dirname, '../support/certificates');
    const files = { 'cert-file': 'server.crt', 'key-file': 'server.key', 'ca-cert-file': 'ca.crt' };
    const args = Object.entries(files).flatMap(([what, file]) => [`--tls-${what}`, path.join(folder, file)]);
    const server = await RedisServer.start(closing, (port) => [
      '--port',
      '0',
      '--tls-port',
      String(port),
      ...args,
    ]);
    const { port } = server;
    const tls = { ca, ...clientPair };
    await expectShared(
      connectWith(server, { socket: { port, host: '127.0.0.1', tls: true, ...tls } }, { tls }),
    );
  });

  test.each([2, 3] as const)('RESP%d', async (protocol) => {
    const server = await RedisServer.start(closing);
    await expectShared(connectWith(server, { RESP: protocol }, { protocol }));
  });
});
