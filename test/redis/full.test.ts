import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { waitFor, within } from '../support/wait-for.js';
import { dial } from '../support/core.js';
import { PACKAGES } from './redis-server.js';
import { Servers } from './servers.js';
import { fullSession, renewals, watchCommands, World } from './world.js';

const closing = new Closing();
afterEach(() => closing.run());

/** Sets how much memory Redis may take, in bytes; 0: as much as there is. */
async function limitMemory(servers: Servers, bytes: number): Promise<void> {
  const { redis, kill } = servers.redis.ioRedis();
  await redis.config('SET', 'maxmemory', bytes);
  kill();
}

describe.each(PACKAGES)('Redis at its memory limit, over %s', (name) => {
  test('loses no lease of a server that lives, however long it lasts, and keeps what returns and ends', async () => {
    const servers = await Servers.start(closing, { count: 0 });
    const world = new World(servers.redis, closing, { leaseMs: 1000, claimTimeoutMs: 0 });
    const [user, other] = [await world.user({}, name), await world.user({}, name)];
    const [session, returning, ended] = [fullSession(), fullSession(), fullSession()];
    for (const one of [session, returning, ended]) await user.open(one);
    await user.provider.save(returning.id, returning);
    const lines = await watchCommands(servers.redis);
    await limitMemory(servers, 1);
    user.isStubborn = true;
    const before = renewals(lines);
    await waitFor(() => renewals(lines) > before + 12, 'renewals of three leases of two servers');
    await user.provider.revive(returning.id);
    await user.provider.delete(ended.id);
    await expect(other.provider.claim(session.id)).rejects.toMatchObject({ code: 'ERR_JSTP_SESSION_BUSY' });
    await expect(user.provider.save(session.id, session)).rejects.toMatchObject({
      code: 'ERR_JSTP_STORE_FULL',
    });
    await limitMemory(servers, 0);
    user.isStubborn = false;
    expect((await within(other.resume(session.id), 'the session'))?.username).toBe('ann');
    expect(await other.resume(ended.id)).toBeUndefined();
    expect(user.lostIds).toEqual([]);
  });
});

test.each([false, true])(
  'a server tells once that Redis is full, with what to do, and serves on (write-through: %s)',
  async (writeThrough) => {
    const servers = await Servers.start(closing, { count: 1, storage: { leaseMs: 300, writeThrough } });
    const [member] = servers.members;
    const first = await dial(closing, member.port, {}, 'jstp');
    expect(await first.callMethod('works', 'quick', ['before'])).toBe('before');
    await limitMemory(servers, 1);
    const clients = [];
    for (let count = 0; count < 3; count++) clients.push(await dial(closing, member.port, {}, 'jstp'));
    await waitFor(() => member.storageErrors.length > 0, 'the word of it');
    const calls = clients.map((client) => client.callMethod('works', 'quick', ['then']));
    if (!writeThrough) expect(await Promise.all(calls)).toEqual(['then', 'then', 'then']);
    expect(member.storageErrors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Redis has reached its maxmemory \(OOM .*noeviction/s),
    ]);
    await limitMemory(servers, 0);
    expect(await within(Promise.all(calls), 'the answers')).toEqual(['then', 'then', 'then']);
    expect(await first.callMethod('works', 'quick', ['after'])).toBe('after');
  },
);
