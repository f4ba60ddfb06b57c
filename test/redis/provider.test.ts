import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DEFAULT_LIMITS, Session } from '../../lib/core.js';
import { createClient } from 'redis';
import { RedisSessionStorageProvider, type RedisLike } from '../../lib/redis/index.js';
import { Closing } from '../support/closing.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { clockWait } from '../support/quiet.js';
import { waitFor } from '../support/wait-for.js';
import { PACKAGES, RedisServer } from './redis-server.js';
import { mostBytesOf } from '../../lib/redis/stored-journal.js';
import { fullSession, renewals, watchCommands, World } from './world.js';

// Far beyond what a loaded machine holds a renewal up.
const SHORT = { leaseMs: 1000, claimTimeoutMs: 500 };
const BUSY = { code: 'ERR_JSTP_SESSION_BUSY' };

let closing: Closing;
let server: RedisServer;
let world: World;
beforeEach(async () => {
  closing = new Closing();
  server = await RedisServer.start(closing);
  world = new World(server, closing, SHORT);
});
afterEach(() => closing.run());

/** The keys of Redis. */
async function keys(): Promise<string[]> {
  return (await server.dump()).split('\n').map((line) => line.split(' ')[0]);
}

describe('what Redis holds', () => {
  test('names a session by the SHA-256 of its id, and sees the id in no command', async () => {
    const lines = await watchCommands(server);
    const first = await world.user({ writeThrough: true });
    const second = await world.user({}, 'ioredis');
    const session = await first.open(fullSession());
    await first.provider.save(session.id, session);
    const hash = createHash('sha256').update(session.id).digest('hex');
    expect(await keys()).toContain(`{jstp}:session:${hash}`);
    await second.resume(session.id);
    await second.release(session);
    await first.resume(session.id);
    await first.provider.delete(session.id);
    expect(await keys()).not.toContain(`{jstp}:session:${hash}`);
    expect(lines.filter((line) => line.includes(hash)).length).toBeGreaterThan(5);
    expect(lines.some((line) => line.startsWith('lua PUBLISH {jstp}:handover:'))).toBe(true);
    expect(lines.filter((line) => line.includes(session.id))).toEqual([]);
  });

  test('has no text of a session that lives in a server, unless that writes through', async () => {
    const user = await world.user();
    const session = await user.open(fullSession());
    expect(await server.dump()).not.toContain('lobby');
    await user.release(session);
    expect(await server.dump()).toContain('lobby');
    await user.resume(session.id);
    expect(await server.dump()).not.toContain('lobby');
    const through = await world.user({ writeThrough: true, keyPrefix: 'through:' });
    await through.open(fullSession());
    expect(await server.dump()).toContain('lobby');
  });

  test('and cannot be read is an error to each who claims it, and nobody owns it: it is no session of a busy server', async () => {
    for (const writeThrough of [false, true]) {
      const [first, second] = [await world.user({ writeThrough }), await world.user({ writeThrough })];
      const session = await first.open(fullSession());
      await first.release(session);
      const hash = createHash('sha256').update(session.id).digest('hex');
      const { redis } = await server.nodeRedis();
      await redis.hSet(
        `{jstp}:session:${hash}`,
        'text',
        session.serialize().replace('"format":1', '"format":9'),
      );
      for (const { provider } of [second, first, second])
        await expect(provider.claim(session.id)).rejects.toThrow('its format is 9');
      expect(await redis.hKeys(`{jstp}:session:${hash}`)).toEqual(['text']);
    }
  });

  test('and is beyond the limits of the server that asks is an error to it alone', async () => {
    const [first, second] = [await world.user(), await world.user()];
    const session = await first.open(fullSession());
    await first.release(session);
    const { signal } = new AbortController();
    const limits = { ...DEFAULT_LIMITS, maxSessionTextLength: 100 };
    await expect(second.provider.claim(session.id, { order: undefined, signal, limits })).rejects.toThrow(
      'more than limits.maxSessionTextLength',
    );
    expect(await first.resume(session.id)).toBeInstanceOf(Session);
  });

  test.each([
    ['a piece of its journal is no JSON', '[1,"', undefined],
    ['more values than limits.maxMessageNodes', '[1,""]', { ...DEFAULT_LIMITS, maxMessageNodes: 1 }],
    ['a journal in two places', '[1,""]', undefined],
    ['buffer has a message out of its place', '[9,""]', undefined],
  ])('and has a piece that cannot be read is an error: %s', async (message, piece, limits) => {
    const [first, second] = [await world.user(), await world.user()];
    const session = await first.open(fullSession());
    await first.release(session);
    const hash = createHash('sha256').update(session.id).digest('hex');
    const { redis } = await server.nodeRedis();
    const isWhole = message.endsWith('places');
    const text = isWhole ? session.serialize() : session.serializeWithoutJournal();
    await redis.hSet(`{jstp}:session:${hash}`, { text, j0: piece });
    const request = { order: undefined, signal: new AbortController().signal, limits };
    await expect(second.provider.claim(session.id, request)).rejects.toThrow(message);
  });

  test.each([
    ['a large text', (most: number) => ({ text: 'x'.repeat(most) })],
    ['large pieces', (most: number) => ({ j0: 'x'.repeat(most / 2), j1: 'x'.repeat(most / 2) })],
    [
      'many pieces',
      (most: number) =>
        Object.fromEntries(Array.from({ length: most / 64 }, (_, index) => [`j${String(index)}`, ''])),
    ],
  ])('and is certainly too large is not fetched: %s', async (_title, fieldsOf) => {
    const [first, second] = [await world.user(), await world.user()];
    const session = await first.open(fullSession());
    await first.release(session);
    const hash = createHash('sha256').update(session.id).digest('hex');
    const { redis } = await server.nodeRedis();
    const key = `{jstp}:session:${hash}`;
    const limits = { ...DEFAULT_LIMITS, maxSessionTextLength: 1024 };
    await redis.hSet(key, fieldsOf(mostBytesOf(limits)));
    const sent = async (): Promise<number> =>
      Number(/total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))?.[1]);
    const before = await sent();
    await expect(
      second.provider.claim(session.id, { order: undefined, signal: new AbortController().signal, limits }),
    ).rejects.toThrow('more characters than limits.maxSessionTextLength');
    expect((await sent()) - before).toBeLessThan(mostBytesOf(limits) / 4);
    expect(await redis.hGet(key, 'owner')).toBeNull();
  });

  test('goes after its lifetime where nobody owns it, and stays where somebody does', async () => {
    const lines = await watchCommands(server);
    const user = await world.user({ leaseMs: 300, sessionLifetimeMs: 900, writeThrough: true });
    const [owned, released] = [await user.open(fullSession()), await user.open(fullSession())];
    const { length } = await keys();
    await user.release(released);
    const before = renewals(lines);
    await waitFor(() => renewals(lines) > before + 20, 'more renewals than a lifetime holds');
    expect(await keys()).toHaveLength(length - 1);
    expect(await server.dump()).toContain('lobby');
    await user.release(owned);
    expect(await user.resume(owned.id)).toBeInstanceOf(Session);
  });

  test('is under the prefix of the options, after the one that a client puts before its keys', async () => {
    const { redis: io } = server.ioRedis({ keyPrefix: 'mine:' });
    const { redis: node } = await server.nodeRedis({ keyPrefix: 'mine:' });
    const first = await world.user({ keyPrefix: 'app:' }, 'redis', () => io);
    const second = await world.user({ keyPrefix: 'app:' }, 'redis', () => node);
    const session = await first.open(fullSession());
    expect((await second.resume(session.id))?.username).toBe('ann');
    expect((await first.resume(session.id))?.username).toBe('ann');
    expect([first.asked.length > 0, second.asked.length > 0]).toEqual([true, true]);
    expect((await keys()).every((key) => key.startsWith('mine:app:'))).toBe(true);
  });
});

describe('a session that Redis has lost', () => {
  test('is new to it at the next save', async () => {
    const user = await world.user({ writeThrough: true });
    const session = await user.open(fullSession());
    await forgetSessions();
    session.set('room', 'garden');
    await user.provider.save(session.id, session);
    expect(await server.dump()).toContain('garden');
    await user.release(session);
    expect((await (await world.user()).resume(session.id))?.get('room')).toBe('garden');
  });

  test('does not come back by a save, where it is deleted before Redis has answered that', async () => {
    const user = await world.user({ writeThrough: true });
    const session = await user.open(fullSession());
    await forgetSessions();
    const saved = user.provider.save(session.id, session);
    await Promise.all([saved, user.provider.delete(session.id)]);
    expect((await keys()).filter((key) => key.includes('session:'))).toEqual([]);
  });

  /** Removes the sessions from Redis; the leases stay. */
  async function forgetSessions(): Promise<void> {
    const { redis, kill } = server.ioRedis();
    await redis.del(await redis.keys('*session:*'));
    kill();
  }
});

test('two claims of one server at once do not both get the session', async () => {
  const [user, other] = [await world.user({ claimTimeoutMs: 0 }), await world.user()];
  for (let round = 0; round < 10; round++) {
    const session = await other.open(fullSession());
    await other.release(session);
    const [got, ...refused] = await Promise.allSettled([1, 2, 3].map(() => user.provider.claim(session.id)));
    expect(got).toMatchObject({ status: 'fulfilled', value: { username: 'ann' } });
    // Not unknown: it is here, and whoever asks again is let in, or hears that it moved on.
    for (const claim of refused) expect(claim).toMatchObject({ status: 'rejected', reason: BUSY });
  }
});

describe('the lease', () => {
  test('keeps sessions for as long as the server lives, by one command however many they are', async () => {
    const user = await world.user();
    for (let count = 0; count < 100; count++) await user.open(fullSession());
    const session = await user.open(fullSession());
    const lines = await watchCommands(server);
    const start = lines.length;
    await waitFor(() => renewals(lines) > 9, 'renewals of three leases');
    const sent = lines.slice(start).filter((line) => !line.startsWith('lua '));
    const others = sent.filter((line) => !/^evalsha \w+ 1 \{jstp\}:instance:\w+ 1000$/i.test(line));
    expect(others).toEqual([]);
    const other = await world.user({ claimTimeoutMs: 0 });
    user.isStubborn = true;
    await expect(other.provider.claim(session.id)).rejects.toMatchObject(BUSY);
  });

  test.each([
    ['lost, without write-through', false],
    ['the other server has, with write-through', true],
  ])(
    'that ran out while its server did not run: the session is %s; the server is told',
    async (_title, writeThrough) => {
      const lines = await watchCommands(server);
      const paused = await world.user({ leaseMs: 6000, writeThrough });
      const other = await world.user({ writeThrough });
      const [session, kept] = [await paused.open(fullSession()), await paused.open(fullSession())];
      await waitFor(() => lines.some((line) => line.includes('PX 6000')), 'a lease');
      await endLeases(lines, 'PX 6000');
      expect((await other.resume(session.id))?.username).toBe(writeThrough ? 'ann' : undefined);
      if (!writeThrough) await other.open(session);
      await waitFor(() => paused.lostIds.length > 0, 'what was lost', 10_000);
      expect(paused.lostIds).toEqual([session.id]);
      expect([...paused.live.keys()]).toEqual([kept.id]);
      // What nobody else has claimed is the paused server's as before.
      expect((await other.resume(kept.id))?.username).toBe('ann');
      expect(paused.asked).toContain(kept.id);
    },
  );

  test('that ran out: a server that learns of a loss when the client is back is not told of it again', async () => {
    const lines = await watchCommands(server);
    const [first, second] = [await world.user({ leaseMs: 6000 }), await world.user()];
    const [returned, other] = [await first.open(fullSession()), await first.open(fullSession())];
    for (const session of [returned, other]) await first.provider.save(session.id, session);
    await waitFor(() => lines.some((line) => line.includes('PX 6000')), 'a lease');
    await endLeases(lines, 'PX 6000');
    for (const { id } of [returned, other]) expect(await second.resume(id)).toBeInstanceOf(Session);
    await expect(first.provider.revive(returned.id)).rejects.toMatchObject({
      code: 'ERR_JSTP_SESSION_NOT_OWNED',
    });
    await waitFor(() => first.lostIds.length > 0, 'what was lost', 10_000);
    expect(first.lostIds).toEqual([other.id]);
  });

  test('starts the lifetime of its sessions anew three times in it, however often it is renewed', async () => {
    // The test sets the clock that tells what is due; the timers of the renewals run on.
    let time = 1_000_000_000;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => time);
    closing.add(() => {
      clock.mockRestore();
    });
    const lines = await watchCommands(server);
    const user = await world.user({ leaseMs: 300, sessionLifetimeMs: 3000 });
    await user.open(fullSession());
    const starts = () => lines.filter((line) => /^lua PEXPIRE \S*session:\w+ 3000$/.test(line)).length;
    const startsAfter = async (passedMs: number): Promise<number> => {
      time += passedMs;
      const before = renewals(lines);
      await waitFor(() => renewals(lines) > before + 3, 'renewals');
      return starts();
    };
    const before = await startsAfter(0);
    expect(await startsAfter(999)).toBe(before);
    expect(await startsAfter(1)).toBe(before + 1);
    expect(await startsAfter(999)).toBe(before + 1);
    expect(await startsAfter(5000)).toBe(before + 2);
  });

  test('is one for all servers of a process, and ends with the last of them', async () => {
    const { redis } = await server.connect('redis');
    const provider = new RedisSessionStorageProvider(redis, SHORT);
    const asked: string[] = [];
    const owner = (name: string) => ({
      handOver: async () => void asked.push(name),
      lost: () => undefined,
      reportError: () => undefined,
    });
    const [endFirst, endSecond] = [provider.serve(owner('first')), provider.serve(owner('second'))];
    const session = fullSession();
    await provider.create(session.id, session);
    const other = await world.user({ claimTimeoutMs: 200 });
    await expect(other.provider.claim(session.id)).rejects.toMatchObject(BUSY);
    expect(new Set(asked)).toEqual(new Set(['first', 'second']));
    await endFirst();
    await endFirst();
    await expect(other.provider.claim(session.id)).rejects.toMatchObject(BUSY);
    await endSecond();
    expect(await other.provider.claim(session.id)).toBeUndefined();
    expect((await keys()).filter((key) => key.includes('instance')).length).toBe(1);
  });

  async function endLeases(lines: readonly string[], of: string): Promise<void> {
    const line = lines.find((text) => text.startsWith('lua SET') && text.endsWith(of)) ?? '';
    const { redis, kill } = server.ioRedis();
    await redis.del(line.split(' ')[2]);
    kill();
  }
});

describe('a hand-over', () => {
  test('that fails is told to the server', async () => {
    const [first, second] = [await world.user(), await world.user()];
    const session = await first.open(fullSession());
    first.handOver = () => Promise.reject(new Error('no'));
    await expect(second.provider.claim(session.id)).rejects.toMatchObject(BUSY);
    expect(first.errors[0]?.message).toBe('no');
  });

  test('is asked of nobody by what else comes on the channel', async () => {
    const lines = await watchCommands(server);
    const user = await world.user();
    await waitFor(() => lines.some((line) => line.startsWith('subscribe')), 'a subscription');
    const channel = lines.find((line) => line.startsWith('subscribe'))?.split(' ')[1] ?? '';
    const { redis } = server.ioRedis();
    for (const text of ['', 'x', '__proto__', '*', 'f'.repeat(63)]) await redis.publish(channel, text);
    const session = await user.open(fullSession());
    await (await world.user()).resume(session.id);
    expect(new Set(user.asked)).toEqual(new Set([session.id]));
    expect(user.errors).toEqual([]);
  });
});

describe('nothing is left open', () => {
  test.each(PACKAGES)('over %s, after the end of serving and of the client', async (name) => {
    const before = countHandles();
    for (const pauseMs of [0, 0, 1, 1, 2, 3, 10, 100]) {
      const { redis, kill } = await server.connect(name);
      const provider = new RedisSessionStorageProvider(redis, SHORT);
      const end = provider.serve({
        handOver: async () => undefined,
        lost: () => undefined,
        reportError: () => undefined,
      });
      if (pauseMs > 0) await clockWait('a moment of another process', pauseMs);
      await end();
      kill();
    }
    expect(await server.dump()).toBe('');
    await expectNoNewHandles(before);
  });
});

describe('what cannot be used is refused by its name', () => {
  const METHODS = ['evalSha', 'eval', 'publish', 'subscribe', 'duplicate', 'on', 'destroy'];
  const anyClient = Object.fromEntries(METHODS.map((name) => [name, () => undefined]));

  test.each([
    undefined,
    null,
    'redis://localhost',
    {},
    { eval: () => undefined },
    { ...anyClient, evalSha: 1 },
  ])('redis: %p', (redis) => {
    expect(() => new RedisSessionStorageProvider(redis as unknown as RedisLike)).toThrow(
      expect.objectContaining({ code: 'ERR_JSTP_CONFIGURATION', option: 'redis' }),
    );
  });

  test('a client of redis whose connect() was not called is refused, and told why', () => {
    const redis = createClient();
    expect(() => new RedisSessionStorageProvider(redis)).toThrow(/connect\(\) was not called/);
  });

  test.each<[string, unknown]>([
    ['keyPrefix', 1],
    ['leaseMs', 99],
    ['leaseMs', '300'],
    ['leaseMs', 2 ** 31],
    ['writeThrough', 'yes'],
    ['sessionLifetimeMs', 299],
    ['sessionLifetimeMs', Infinity],
    ['claimTimeoutMs', -1],
    ['claimTimeoutMs', 1.5],
    ['commandTimeoutMs', 0],
    ['maxSessionBytes', 1023],
    ['maxSessionBytes', '64 MiB'],
  ])('%s: %p', (option, value) => {
    const options = { leaseMs: 300, [option]: value };
    expect(() => new RedisSessionStorageProvider(anyClient as never, options)).toThrow(
      expect.objectContaining({ code: 'ERR_JSTP_CONFIGURATION', option }),
    );
  });

  test('a name that no option has, with the nearest that one has', () => {
    const options = { leaseMS: 300 } as never;
    expect(() => new RedisSessionStorageProvider(anyClient as never, options)).toThrow(
      /^Unknown name "leaseMS" in options: did you mean "leaseMs"\?/,
    );
  });

  test('options: null', () => {
    expect(() => new RedisSessionStorageProvider(anyClient as never, null as never)).toThrow(
      /options must be/,
    );
  });
});
