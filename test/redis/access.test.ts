import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { once } from 'node:events';
import { RedisBroadcaster, RedisSessionStorageProvider, type RedisLike } from '../../lib/redis/index.js';
import { Closing } from '../support/closing.js';
import { waitFor, within } from '../support/wait-for.js';
import { RedisCluster } from './redis-cluster.js';
import { PACKAGES, RedisServer, type PackageName } from './redis-server.js';
import { fullSession, User } from './world.js';

/** What docs/guides/several-servers.md names: the commands, and what else a user needs. */
const COMMANDS = [
  '+evalsha',
  '+eval',
  '+exists',
  '+hexists',
  '+hget',
  '+hkeys',
  '+hlen',
  '+hmget',
  '+hset',
  '+hstrlen',
  '+hdel',
  '+set',
  '+del',
  '+pexpire',
  '+publish',
  '+subscribe',
];
const SCOPES = ['~{jstp}:*', '&{jstp}:*'];
const USER = { username: 'sessions', password: 'secret' };

const closing = new Closing();
let server: RedisServer;
let admin: Redis;
beforeEach(async () => {
  server = await RedisServer.start(closing);
  admin = server.ioRedis().redis;
});
afterEach(() => closing.run());

async function allow(rules: readonly string[]): Promise<void> {
  await admin.call('ACL', 'DELUSER', USER.username);
  await admin.call('ACL', 'SETUSER', USER.username, 'on', `>${USER.password}`, ...rules);
  await admin.call('SCRIPT', 'FLUSH');
  await admin.call('FLUSHALL');
}

async function connect(name: PackageName): Promise<RedisLike> {
  if (name === 'redis') return (await server.nodeRedis(USER)).redis;
  // Its check asks for INFO, which nothing else needs.
  const { redis } = server.ioRedis({ ...USER, enableReadyCheck: false });
  await within(once(redis, 'ready'), 'a connection');
  return redis;
}

type Connect = () => Promise<RedisLike>;

/** A server's store and broadcaster. */
async function startSite(connect: Connect, failures: unknown[], release: Closing) {
  const redis = await connect();
  const options = { leaseMs: 600, claimTimeoutMs: 2000, commandTimeoutMs: 2000 };
  const user = new User(new RedisSessionStorageProvider(redis, options));
  release.add(() => user.stop());
  const broadcaster = new RedisBroadcaster(redis, {
    commandTimeoutMs: 1000,
    onError: (error) => failures.push(error),
  });
  release.add(() => broadcaster.close());
  const events: unknown[] = [];
  const client = { username: 'ann', emitRemoteEvent: (...event: unknown[]) => events.push(event) };
  await broadcaster.attach({ getClients: () => [client] });
  const resume = async (id: string): Promise<void> => {
    const session = await user.provider.claim(id);
    if (!session) throw new Error('The session is lost');
    user.live.set(id, session);
  };
  return { user, broadcaster, events, resume };
}

/** All that the store and the broadcaster do, between two servers; rejects where it is not allowed. */
async function useAll(connect: Connect): Promise<void> {
  const release = new Closing();
  const failures: unknown[] = [];
  try {
    const first = await startSite(connect, failures, release);
    const second = await startSite(connect, failures, release);
    await second.broadcaster.broadcast('news', 'told');
    const presence = await second.broadcaster.who('kitchen');
    if (!presence.isComplete) throw new Error('A server has not answered');
    const session = await first.user.open(fullSession());
    await second.resume(session.id);
    await second.user.provider.save(session.id, session);
    await second.user.release(session);
    await first.resume(session.id);
    await first.user.provider.delete(session.id);
    await waitFor(() => first.events.length + second.events.length === 2, 'the event', 2000);
    await Promise.all([first.user.stop(), second.user.stop()]);
    failures.push(...first.user.errors, ...second.user.errors);
    if (failures.length > 0) throw new AggregateError(failures, 'Something failed');
  } finally {
    await release.run();
  }
}

test.each(PACKAGES)(
  'over %s, a user of a Redis Cluster needs no more than +cluster|slots besides',
  async (name) => {
    const cluster = await RedisCluster.start(closing);
    const rules = [...COMMANDS, ...SCOPES, '+cluster|slots'];
    for (const node of cluster.nodes) {
      const { redis } = node.ioRedis();
      await redis.call('ACL', 'SETUSER', USER.username, 'on', `>${USER.password}`, ...rules);
    }
    const user = name === 'ioredis' ? { ...USER, enableReadyCheck: false } : USER;
    await useAll(async () => (await cluster.connect(name, closing, user)).redis);
  },
);

describe.each(PACKAGES)('a user of Redis over %s', (name) => {
  test('needs no more than the documents name', async () => {
    await allow([...COMMANDS, ...SCOPES]);
    await useAll(() => connect(name));
  });

  test.each([...COMMANDS, ...SCOPES])('needs %s', async (rule) => {
    await allow([...COMMANDS, ...SCOPES].filter((other) => other !== rule));
    await expect(useAll(() => connect(name))).rejects.toThrow();
  });
});
