import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Session } from '../../lib/core.js';
import { RedisSessionStorageProvider, type RedisLike } from '../../lib/redis/index.js';
import type { Script } from '../../lib/redis/script.js';
import { CLAIM, CONFIRM, CREATE, DISOWN, KEEP, RELEASE, SAVE } from '../../lib/redis/session-scripts.js';
import { hashOf } from '../../lib/redis/session-table.js';
import { Closing } from '../support/closing.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { watchProcess, type ProcessWatch } from '../support/real-process.js';
import { waitFor, within } from '../support/wait-for.js';
import { PACKAGES, RedisServer } from './redis-server.js';
import { fullSession, renewals, watchCommands, World, type User } from './world.js';

const AWAY = { code: 'ERR_JSTP_STORE_AWAY' };

let closing: Closing;
let server: RedisServer;
let world: World;
let watch: ProcessWatch;
beforeEach(async () => {
  watch = watchProcess();
  closing = new Closing();
  server = await RedisServer.start(closing);
  world = new World(server, closing, { leaseMs: 1000, claimTimeoutMs: 500, commandTimeoutMs: 300 });
});
afterEach(async () => {
  await closing.run();
  watch.stop();
  expect(watch.failures).toEqual([]);
});

/** Waits until the stores of servers answer. */
async function untilBack(...users: User[]): Promise<void> {
  for (const { provider } of users) {
    const answers = () =>
      provider.claim('any').then(
        () => true,
        () => false,
      );
    await waitFor(answers, 'Redis that is back');
  }
}

/** Waits until so many servers listen on their channels. */
async function untilListening(count: number): Promise<void> {
  const { redis, kill } = server.ioRedis();
  await waitFor(async () => (await redis.pubsub('CHANNELS')).length === count, 'the channels');
  kill();
}

/** Waits until an emptied Redis was told of a session again. */
async function untilToldOf(id: string): Promise<void> {
  const { redis, kill } = server.ioRedis();
  await waitFor(async () => (await redis.keys(`*session:${hashOf(id)}`)).length > 0, 'the session in Redis');
  kill();
}

/** A connection that loses the first run of a script: the command on its way to Redis, or the answer. */
function losing(redis: Redis, script: Script, what: 'command' | 'answer'): Redis {
  let isLost = false;
  return new Proxy(redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || !String(name).startsWith('eval')) return value;
      return async (...args: unknown[]) => {
        const isIt = !isLost && (args[0] === script.sha1 || args[0] === script.text);
        const answer: unknown = isIt && what === 'command' ? undefined : await value.apply(target, args);
        if (!isIt) return answer;
        isLost = true;
        throw new Error('Connection is closed.');
      };
    },
  });
}

test.each<[string, Script]>([
  ['claim', CLAIM],
  ['taking of the text', CONFIRM],
  ['release', RELEASE],
])('the lost answer to a %s loses no session', async (_title, script) => {
  const other = await world.user();
  const user = await world.user({}, 'ioredis', (redis) => losing(redis as Redis, script, 'answer'));
  const session = await other.open(fullSession());
  await other.release(session);
  const attempt = user.resume(session.id).then(() => user.release(session));
  await expect(within(attempt, 'a refusal')).rejects.toMatchObject(AWAY);
  expect((await other.resume(session.id))?.username).toBe('ann');
  await other.release(session);
  expect((await user.resume(session.id))?.username).toBe('ann');
});

test('a claim whose answer is lost, and the command that undoes it as well, is undone when another server asks', async () => {
  const other = await world.user({ claimTimeoutMs: 5000 });
  const user = await world.user({}, 'ioredis', (redis) =>
    losing(losing(redis as Redis, DISOWN, 'command'), CLAIM, 'answer'),
  );
  const session = await other.open(fullSession());
  await other.release(session);
  await expect(within(user.provider.claim(session.id), 'a refusal')).rejects.toMatchObject(AWAY);
  expect((await within(other.provider.claim(session.id), 'the session'))?.username).toBe('ann');
  expect(user.asked).toEqual([]);
});

test('what Redis has lost and could not be told again is told at the next renewal, and the failure is reported', async () => {
  const user = await world.user({}, 'ioredis', (redis) => losing(redis as Redis, KEEP, 'command'));
  const session = await user.open(fullSession());
  const { redis } = server.ioRedis();
  await redis.flushall();
  await within(untilToldOf(session.id), 'the session');
  expect(user.errors).toEqual([expect.objectContaining(AWAY)]);
});

test('a ping of the store tells whether Redis answers, and fails within the time of a command where it does not', async () => {
  const { redis } = await server.connect('redis');
  const provider = new RedisSessionStorageProvider(redis, { commandTimeoutMs: 300 });
  await provider.ping();
  server.pause();
  await expect(within(provider.ping(), 'a failure')).rejects.toMatchObject(AWAY);
});

/** A connection whose first run of a script reaches Redis when it is told so, after those that follow. */
function holdingBack(redis: RedisLike, script: Script): { redis: RedisLike; let: () => Promise<unknown> } {
  let held: (() => Promise<unknown>) | undefined;
  const proxy = new Proxy(redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === 'withCommandOptions') return undefined;
      if (typeof value !== 'function' || !String(name).startsWith('eval')) return value;
      return (...args: unknown[]): unknown => {
        const isHeld = !held && (args[0] === script.sha1 || args[0] === script.text);
        if (!isHeld) return value.apply(target, args);
        held = () => {
          const [, ...rest] = args;
          const run: unknown = Reflect.get(target, 'eval', target);
          return (run as (...given: unknown[]) => Promise<unknown>).call(target, script.text, ...rest);
        };
        return new Promise(() => undefined);
      };
    },
  });
  return { redis: proxy, let: () => held?.() ?? Promise.reject(new Error('Nothing was held back')) };
}

/** A step that Redis does late, and what was done since: what Redis holds of the session then. */
const LATE_STEPS: readonly [string, Script, boolean, (user: User, session: Session) => Promise<unknown>][] = [
  ['a save, after a later save', SAVE, false, (user, session) => user.provider.save(session.id, session)],
  [
    'a save, after the return of the client',
    SAVE,
    false,
    (user, session) => user.provider.revive(session.id),
  ],
  ['a save, after the end of the session', SAVE, false, (user, session) => user.provider.delete(session.id)],
  ['a save, after a release', SAVE, false, (user, session) => user.provider.release(session.id, session)],
  ['a creation, after a save', CREATE, true, (user, session) => user.provider.save(session.id, session)],
];

describe.each(PACKAGES)('what comes late changes nothing newer, over %s', (name) => {
  test.each(LATE_STEPS)('%s', async (_title, script, writeThrough, newer) => {
    const { redis } = await server.connect(name);
    const held = holdingBack(redis, script);
    const user = await world.user({ writeThrough }, name, () => held.redis);
    const session = fullSession();
    const late = (): Promise<void> =>
      script === CREATE ? user.provider.create(session.id, session) : user.provider.save(session.id, session);
    if (script !== CREATE) await user.open(session);
    await expect(within(late(), 'a refusal')).rejects.toMatchObject(AWAY);
    session.set('room', 'garden');
    await newer(user, session);
    const before = await sessions();
    await held.let();
    expect(await sessions()).toEqual(before);
  });

  /** The sessions in Redis. */
  async function sessions(): Promise<string[]> {
    return (await server.dump()).split('\n').filter((line) => line.includes('session:'));
  }
});

// Node's error of a host with several addresses has no message.
test.each<[string, unknown, string]>([
  ['message', new Error('cut'), 'cut'],
  ['name, where it has no message', new AggregateError([]), 'AggregateError'],
  ['text, where it is no error', 'gone', 'gone'],
])("an outage is told by its error's %s", async (_title, error, told) => {
  const silent = (): Promise<unknown> => new Promise(() => undefined);
  const failing = async (cause: unknown): Promise<never> => {
    throw cause;
  };
  const subscriber = { connect: () => failing(error), destroy: silent, on: silent };
  const redis = { evalSha: silent, eval: silent, publish: silent, subscribe: silent, on: silent };
  const provider = new RedisSessionStorageProvider(
    { ...redis, destroy: silent, duplicate: () => subscriber } as unknown as RedisLike,
    { commandTimeoutMs: 100 },
  );
  const errors: Error[] = [];
  const end = provider.serve({
    handOver: async () => undefined,
    lost: () => undefined,
    reportError: (report) => errors.push(report as Error),
  });
  closing.add(end);
  await waitFor(() => errors.length > 0, 'a word of the outage');
  expect(errors[0].message).toContain(`Redis is away (${told}). `);
});

describe.each(PACKAGES)('over %s', (name) => {
  test('Redis that ends and starts again, empty: sessions live on, and are handed over then', async () => {
    const [first, second] = [await world.user({}, name), await world.user({}, name)];
    const session = await first.open(fullSession());
    const released = await first.open(fullSession());
    await server.stop();
    await waitFor(() => first.errors.length > 0 && second.errors.length > 0, 'a word of the outage');
    for (const attempt of [
      () => first.open(fullSession('new')),
      () => first.provider.claim('any'),
      () => first.provider.save(session.id, session),
      () => first.release(released),
      () => first.provider.delete('any'),
    ])
      await expect(within<unknown>(attempt(), 'a refusal')).rejects.toMatchObject(AWAY);
    await server.up();
    await within(untilListening(2), 'subscriptions');
    // One is owned again; the other's text could not be written then, was kept, and is written now.
    await within(untilToldOf(session.id), 'the session');
    await within(untilToldOf(released.id), 'the text');
    await untilBack(second);
    expect((await second.resume(session.id))?.username).toBe('ann');
    await waitFor(() => first.live.size === 1, 'the hand-over');
    expect((await second.resume(released.id))?.get('room')).toBe('lobby');
    expect(first.lostIds).toEqual([]);
    for (const { errors } of [first, second]) {
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject(AWAY);
      expect(errors[0].message).toMatch(
        /^Redis is away \((?!\w*Error: ).+\)\. Who is connected is served on; until it is back/,
      );
    }
  });

  test('Redis that stops answering: commands fail in time, and nothing is lost by what it does of them late', async () => {
    const [first, second] = [await world.user({}, name), await world.user({}, name)];
    const [released, claimed, own] = [fullSession(), fullSession(), fullSession()];
    for (const session of [released, claimed, own]) await first.open(session);
    for (const session of [claimed, own]) await first.release(session);
    server.pause();
    const attempts = [
      first.release(released),
      second.provider.claim(claimed.id),
      first.provider.claim(own.id),
    ];
    const refusals = attempts.map((attempt) =>
      expect(within<unknown>(attempt, 'a refusal')).rejects.toMatchObject(AWAY),
    );
    await Promise.all(refusals);
    await waitFor(() => first.errors.length > 0, 'a word of the outage');
    server.resume();
    await untilBack(first, second);
    expect((await second.resume(released.id))?.username).toBe('ann');
    expect((await first.resume(claimed.id))?.username).toBe('ann');
    expect((await second.resume(own.id))?.username).toBe('ann');
    expect(first.errors).toHaveLength(1);
  });

  test('a session that was made while Redis did not answer is handed over when it does', async () => {
    const [first, second] = [await world.user({}, name), await world.user({}, name)];
    await within(untilListening(2), 'subscriptions');
    const session = fullSession();
    server.pause();
    await expect(within(first.open(session), 'a refusal')).rejects.toMatchObject(AWAY);
    server.resume();
    // A server whose open failed tells Redis of the session as soon as it can: until then, others do not know it.
    await within(untilToldOf(session.id), 'the session');
    await untilBack(second);
    expect((await second.resume(session.id))?.get('room')).toBe('lobby');
    expect(first.lostIds).toEqual([]);
  });

  test('a subscriber that is cut off listens again', async () => {
    const [first, second] = [await world.user({}, name), await world.user({}, name)];
    const session = await first.open(fullSession());
    const { redis } = server.ioRedis();
    for (let round = 0; round < 3; round++) {
      await within(untilListening(2), 'subscriptions');
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
    expect((await second.resume(session.id))?.username).toBe('ann');
  });

  test('each outage is told once', async () => {
    const user = await world.user({}, name);
    for (const round of [1, 2]) {
      await server.stop();
      await waitFor(() => user.errors.length === round, 'a word of the outage');
      await server.up();
      const lines = await watchCommands(server);
      // Every connection is back then, and an attempt that was under way has failed.
      await within(untilListening(1), 'a subscription');
      const before = renewals(lines);
      await waitFor(() => renewals(lines) > before + 5, 'renewals');
    }
    expect(user.errors).toHaveLength(2);
  });

  test('the end of serving while Redis is away leaves nothing open, and does not fail', async () => {
    const before = countHandles();
    const { redis, kill } = await server.connect(name);
    const provider = new RedisSessionStorageProvider(redis, { leaseMs: 300, commandTimeoutMs: 200 });
    const errors: unknown[] = [];
    const end = provider.serve({
      handOver: async () => undefined,
      lost: () => undefined,
      reportError: (error) => errors.push(error),
    });
    await provider.create('a', fullSession('a'));
    await server.stop();
    await within(end(), 'the end');
    kill();
    expect(errors).toHaveLength(1);
    await expectNoNewHandles(before);
  });

  test('a session is not given to a server that has ended while it claimed it', async () => {
    const [first, second] = [await world.user({}, name), await world.user({ claimTimeoutMs: 60_000 }, name)];
    const session = await first.open(fullSession());
    first.isStubborn = true;
    // It may be refused at once, while the session is given up.
    const refused = expect(within(second.provider.claim(session.id), 'a refusal')).rejects.toMatchObject({
      code: 'ERR_JSTP_SESSION_BUSY',
    });
    await waitFor(() => first.asked.length > 0, 'a request');
    await second.stop();
    await first.release(session);
    await refused;
    expect((await first.resume(session.id))?.username).toBe('ann');
  });
});
