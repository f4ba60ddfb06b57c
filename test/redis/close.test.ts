import { afterEach, describe, expect, test } from '@jest/globals';
import { SimpleConnectPolicy } from '../../lib/core.js';
import { RedisSessionStorageProvider } from '../../lib/redis/index.js';
import { Closing } from '../support/closing.js';
import { dial } from '../support/core.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { clockWait, turns } from '../support/quiet.js';
import { waitFor, within } from '../support/wait-for.js';
import { PACKAGES, RedisServer } from './redis-server.js';
import { Servers } from './servers.js';
import { fullSession } from './world.js';

const closing = new Closing();
afterEach(() => closing.run());

/** What a server is to its store, for tests that ask it for nothing. */
const OWNER = { handOver: async () => undefined, lost: () => undefined, reportError: () => undefined };

describe.each(PACKAGES)('the end of serving, over %s', (name) => {
  test.each([0, 50])(
    'leaves nothing open where the subscriber still connects to a Redis that accepts and stays silent (after %d ms)',
    async (afterMs) => {
      const redis = await RedisServer.start(closing);
      const before = countHandles();
      const connection = await redis.connect(name);
      redis.pause();
      const provider = new RedisSessionStorageProvider(connection.redis, { commandTimeoutMs: 100 });
      const end = provider.serve(OWNER);
      await clockWait('a moment of another process', afterMs);
      await within(end(), 'the end');
      connection.kill();
      await expectNoNewHandles(before);
      redis.resume();
      await untilAlone(redis);
    },
  );

  test('closes the subscriber at once, however long Redis takes for the rest', async () => {
    const redis = await RedisServer.start(closing);
    const connection = await redis.connect(name);
    const before = countHandles();
    const provider = new RedisSessionStorageProvider(connection.redis, { commandTimeoutMs: 60_000 });
    const end = provider.serve(OWNER);
    await provider.create('a', fullSession('a'));
    redis.pause();
    provider.release('a', fullSession('a')).catch(() => undefined);
    await turns();
    const ended = end();
    await expectNoNewHandles(before);
    redis.resume();
    await within(ended, 'the end');
  });
});

test.each([
  [false, 'redis'],
  [true, 'redis'],
  [false, 'ioredis'],
] as const)(
  'a close while Redis does not answer is bounded, and says once what was not stored (write-through %s, %s)',
  async (writeThrough, client) => {
    const servers = await Servers.start(closing, {
      count: 1,
      client,
      // Far beyond what a test waits for.
      storage: { writeThrough, commandTimeoutMs: 60_000 },
      options: {
        limits: { closeTimeoutMs: 100 },
        authPolicy: (_connection, _application, _strategy, credentials, callback) => {
          callback(null, (credentials as string[])[0]);
        },
      },
    });
    const [member] = servers.members;
    for (const login of ['ann', 'bob', 'ann']) {
      const policy = new SimpleConnectPolicy(login, 'secret');
      const connection = await dial(closing, member.port, { connectPolicy: policy }, 'jstp');
      expect(await connection.callMethod('works', 'quick', [login])).toBe(login);
    }
    servers.distance.hold();
    await within(member.close(), 'the close');
    await waitFor(() => member.storageErrors.length > 0, 'the word of it');
    expect(member.storageErrors.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^The session store did not take 3 sessions at the end of the server \(of ann, bob\)/,
      ),
    ]);
    servers.distance.release();
  },
);

/** Waits until nobody but the one who asks is connected. */
async function untilAlone(redis: RedisServer): Promise<void> {
  const { redis: io, kill } = redis.ioRedis();
  const isAlone = async (): Promise<boolean> =>
    String(await io.call('CLIENT', 'LIST'))
      .trim()
      .split('\n').length === 1;
  await waitFor(isAlone, 'the end of all connections');
  kill();
}
