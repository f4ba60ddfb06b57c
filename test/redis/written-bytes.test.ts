import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { Session, type Connection } from '../../lib/core.js';
import {
  RedisSessionStorageProvider,
  type RedisLike,
  type RedisSessionStorageOptions,
} from '../../lib/redis/index.js';
import { joinText } from '../../lib/redis/stored-journal.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { Closing } from '../support/closing.js';
import type { RawPeer } from '../support/raw-peer.js';
import { OFFER_WITH_BYE, ServerOnTheWire, SESSION_LOST, WITH_BYE } from '../support/resume-wire.js';
import { waitFor } from '../support/wait-for.js';
import { RedisServer } from './redis-server.js';
import { fullSession, watchCommands, World } from './world.js';

const closing = new Closing();
afterEach(() => closing.run());

const KIB = 1024;
const EVENT = 'x'.repeat(512 * KIB);
// 4 MiB: many times what the rest of a test writes.
const EVENTS = 8;
const JOURNAL_BYTES = EVENTS * EVENT.length;
const TOO_LARGE = { code: 'ERR_JSTP_SESSION_SIZE' };

/** Whether a message is an event; pings are sent as well, to ask for acknowledgements. */
function isEvent(message: string): boolean {
  return message.startsWith('{event:');
}

/** A server over a Redis whose bytes are counted, and a client that acknowledges nothing. */
class Stage {
  readonly errors: unknown[] = [];

  private constructor(
    readonly wire: ServerOnTheWire,
    private readonly info: () => Promise<string>,
    readonly dump: () => Promise<string>,
  ) {
    wire.server.on('connectionError', (error) => {
      if ((error as { syscall?: string }).syscall === undefined) this.errors.push(error);
    });
    wire.server.on('storageError', (error) => this.errors.push(error));
  }

  static async start(storage: RedisSessionStorageOptions = {}): Promise<Stage> {
    const server = await RedisServer.start(closing);
    const { redis } = await server.connect('redis');
    const { redis: watcher } = await server.nodeRedis();
    const wire = await ServerOnTheWire.start(closing, {
      sessionStorageProvider: new RedisSessionStorageProvider(redis, storage),
      limits: { journalMaxBytesAway: Infinity, maxJournalBytesTotal: Infinity },
      extensions: WITH_BYE,
    });
    return new Stage(
      wire,
      () => watcher.info('stats'),
      () => server.dump(),
    );
  }

  /** The bytes that Redis has got. */
  async bytes(): Promise<number> {
    return Number(/total_net_input_bytes:(\d+)/.exec(await this.info())?.[1]);
  }

  /** A client with much that it has not acknowledged. */
  async fill(events = EVENTS): Promise<{ peer: RawPeer; connection: Connection; id: string }> {
    const client = await this.wire.login(OFFER_WITH_BYE);
    for (let count = 0; count < events; count++) client.connection.emitRemoteEvent('iface', 'large', [EVENT]);
    await waitFor(() => client.peer.messages.filter(isEvent).length === events, 'the events');
    return client;
  }
}

function keyOf({ id }: Session): string {
  return `{jstp}:session:${createHash('sha256').update(id).digest('hex')}`;
}

/** Lets Redis lose a session. */
async function lose(server: RedisServer, session: Session): Promise<void> {
  const { redis, kill } = server.ioRedis();
  await redis.del(keyOf(session));
  kill();
}

/** The text of a session in Redis. */
async function storedText(redis: Redis, session: Session): Promise<string> {
  const { text, ...fields } = await redis.hgetall(keyOf(session));
  const isPiece = ([name]: [string, string]): boolean => /^j\d+$/.test(name);
  return joinText(text, Object.entries(fields).filter(isPiece).flat());
}

describe('a session with much that its client does not acknowledge', () => {
  test('is not written again with each small message', async () => {
    const stage = await Stage.start({ writeThrough: true });
    const { peer } = await stage.fill();
    const before = await stage.bytes();
    let sent = 0;
    for (let id = 1; sent < 500; id++) {
      const text = `{ping:[${String(id)}]}`;
      sent += text.length + 1;
      peer.send(text);
      await waitFor(() => peer.messages.includes(`{pong:[${String(id)}]}`), 'an answer');
    }
    expect((await stage.bytes()) - before).toBeLessThan(JOURNAL_BYTES / 20);
  });

  test('is not written again with each small message to a client that is away', async () => {
    const stage = await Stage.start();
    const { peer, connection } = await stage.fill();
    await stage.wire.cut(peer);
    await waitFor(async () => (await stage.dump()).includes(EVENT), 'the session in Redis');
    const before = await stage.bytes();
    for (let count = 0; count < 5; count++) {
      const text = `small ${String(count)}`;
      connection.emitRemoteEvent('iface', text, []);
      await waitFor(async () => (await stage.dump()).includes(text), 'the event in Redis');
    }
    expect((await stage.bytes()) - before).toBeLessThan(JOURNAL_BYTES / 20);
  });
});

test('a session whose client comes and goes is not written again each time', async () => {
  const stage = await Stage.start();
  const { peer, id } = await stage.fill();
  await stage.wire.cut(peer);
  await waitFor(async () => (await stage.dump()).includes(EVENT), 'the session in Redis');
  const before = await stage.bytes();
  for (let count = 0; count < 5; count++) {
    const resuming = await stage.wire.resume(id, 0, OFFER_WITH_BYE);
    // Of the events, those at which the connection was cut again and again are left out by and by.
    await waitFor(() => resuming.messages.filter(isEvent).length >= EVENTS - 2, 'the events');
    expect(await stage.dump()).not.toContain('"text"');
    await stage.wire.cut(resuming);
    await waitFor(async () => (await stage.dump()).includes('"text"'), 'the session in Redis');
  }
  expect((await stage.bytes()) - before).toBeLessThan(JOURNAL_BYTES / 20);
});

test('what Redis has of a session goes while its client is there, and all is there when it is away again', async () => {
  const server = await RedisServer.start(closing);
  const world = new World(server, closing, { leaseMs: 300, claimTimeoutMs: 500 });
  const [user, other] = [await world.user(), await world.user()];
  const session = await user.open(fullSession());
  session.journal.append('x'.repeat(100 * KIB));
  await user.provider.save(session.id, session);
  const commands = await watchCommands(server);
  const removalOf = (field: string): number =>
    commands.findIndex((line) => line.startsWith('lua HDEL ') && line.split(' ').includes(field));
  // Two at once, with a save that comes too late.
  const revived = [user.provider.revive(session.id), user.provider.revive(session.id)];
  await Promise.all([...revived, user.provider.save(session.id, session)]);
  expect(await server.dump()).not.toContain('"text"');
  await waitFor(() => removalOf('j0') !== -1, 'the end of the pieces');
  // By a script that runs later. Why not by a look at what is there: on a slow machine that comes later, too.
  const between = commands.slice(removalOf('text'), removalOf('j0'));
  expect(between.some((line) => /^evalsha/i.test(line))).toBe(true);
  expect(await server.dump()).not.toContain('"j0"');
  session.journal.append('y'.repeat(KIB));
  await user.provider.save(session.id, session);
  expect(differenceOf(await storedText(server.ioRedis().redis, session), session.serialize())).toBe('');
  await user.provider.revive(session.id);
  session.journal.acknowledge(session.journal.lastId - 1);
  session.journal.append('z'.repeat(20 * KIB));
  await user.provider.save(session.id, session);
  const text = session.serialize();
  expect(differenceOf(await storedText(server.ioRedis().redis, session), text)).toBe('');
  await user.release(session);
  expect((await other.resume(session.id))?.journal.bytes).toBe(session.journal.bytes);
});

test('saves that come while one is under way become one, which has the last state', async () => {
  const server = await RedisServer.start(closing);
  const user = await new World(server, closing).user({ writeThrough: true });
  const session = await user.open(fullSession());
  await user.provider.save(session.id, session);
  const lines = await watchCommands(server);
  const saves: Promise<void>[] = [];
  for (let count = 0; count < 20; count++) {
    session.set('count', count);
    saves.push(user.provider.save(session.id, session));
  }
  await Promise.all(saves);
  expect(await storedText(server.ioRedis().redis, session)).toBe(session.serialize());
  expect(lines.filter((line) => /^evalsha/i.test(line) && line.includes(':session:'))).toHaveLength(2);
});

/** A client of Redis of which some commands fail: not executed, or executed without an answer. */
function failing(redis: RedisLike, fails: () => 'before' | 'after' | undefined): RedisLike {
  const evalSha = Reflect.get(redis, 'evalsha') as (...args: unknown[]) => Promise<unknown>;
  return new Proxy(redis, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'evalsha') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return async (...args: unknown[]): Promise<unknown> => {
        const failure = fails();
        if (failure === 'before') throw new Error('not executed');
        const answer = await evalSha.apply(target, args);
        if (failure === 'after') throw new Error('executed');
        return answer;
      };
    },
  });
}

/** Where two long texts differ first, as a short text; '' where they do not. */
function differenceOf(text: string, expected: string): string {
  if (text === expected) return '';
  let place = 0;
  while (text[place] === expected[place]) place += 1;
  const [found, wanted] = [text, expected].map((one) => one.slice(place - 40, place + 40));
  return `at ${String(place)}: ${found} instead of ${wanted}`;
}

/** Changes a journal as a conversation does. */
function converse(session: Session, next: () => number): void {
  const { journal } = session;
  const text = `"\u0001é${'x'.repeat(Math.floor(next() ** 4 * 60_000))}`;
  const kind = next();
  if (kind < 0.5) journal.append(text);
  else if (kind < 0.8) journal.appendUnnumbered(text);
  else if (kind < 0.95)
    journal.acknowledge(journal.acknowledged + Math.ceil(next() * (journal.lastId - journal.acknowledged)));
  else
    for (let place = journal.start; place < journal.end; place++)
      if (next() < 0.1) journal.replace(place, 'instead');
  session.receivedCount += 1;
}

test.each([1, 2])(
  'what is written in parts is read as it was, whichever commands fail or get no answer (seed %i)',
  async (seed) => {
    const random = new SeededRandom(seed);
    const next = (): number => random.next();
    const server = await RedisServer.start(closing);
    const { redis } = server.ioRedis();
    let fails = false;
    const fault = (): 'before' | 'after' | undefined =>
      !fails || next() < 0.6 ? undefined : next() < 0.5 ? 'before' : 'after';
    const world = new World(server, closing, { writeThrough: true, claimTimeoutMs: 500 });
    const user = await world.user({}, 'ioredis', (redis) => failing(redis, fault));
    const session = await user.open(fullSession());
    let saved = 0;
    for (let step = 0; step < 90; step++) {
      const { size } = session.journal;
      for (let count = 0; count <= size % 12; count++) converse(session, next);
      fails = step % 30 > 10;
      const isSaved = await user.provider.save(session.id, session).then(
        () => true,
        () => false,
      );
      if (!isSaved) continue;
      saved += 1;
      expect(differenceOf(await storedText(redis, session), session.serialize())).toBe('');
    }
    expect(saved).toBeGreaterThan(45);
    fails = false;
    await user.provider.save(session.id, session);
    // As it is read: the order of names is another.
    const text = Session.deserialize(session.id, session.serialize()).serialize();
    const other = await world.user();
    const found = await other.resume(session.id);
    expect(differenceOf(found?.serialize() ?? '', text)).toBe('');
  },
);

test('what Redis has lost is written again, also where the client was back in between', async () => {
  const server = await RedisServer.start(closing);
  const user = await new World(server, closing).user();
  const session = await user.open(fullSession());
  for (let count = 0; count < 4; count++) session.journal.append('x'.repeat(64 * KIB));
  await user.provider.save(session.id, session);
  await lose(server, session);
  await user.provider.revive(session.id);
  session.journal.append('more');
  await user.provider.save(session.id, session);
  expect(differenceOf(await storedText(server.ioRedis().redis, session), session.serialize())).toBe('');
});

test('a message that changes while what Redis has lost is written again is written, too', async () => {
  const server = await RedisServer.start(closing);
  let change = (): void => undefined;
  let commands = 0;
  const user = await new World(server, closing).user({}, 'ioredis', (redis) =>
    failing(redis, () => {
      commands += 1;
      change();
      return undefined;
    }),
  );
  const session = await user.open(fullSession());
  const { journal } = session;
  for (let count = 0; count < 4; count++) journal.append('x'.repeat(64 * KIB));
  await user.provider.save(session.id, session);
  await lose(server, session);
  commands = 0;
  // What has changed, all of it, and all of it as new.
  change = () => {
    if (commands === 2) journal.replace(journal.start, 'instead');
  };
  await user.provider.save(session.id, session);
  await user.provider.save(session.id, session);
  expect(commands).toBe(4);
  expect(differenceOf(await storedText(server.ioRedis().redis, session), session.serialize())).toBe('');
});

test.each([
  ['in addition', false],
  ['anew', true],
])('what is written %s without an answer does not stay behind', async (_title, isAnew) => {
  const server = await RedisServer.start(closing);
  let failure: 'after' | undefined;
  const world = new World(server, closing, { writeThrough: true });
  const user = await world.user({}, 'ioredis', (redis) => failing(redis, () => failure));
  const session = await user.open(fullSession());
  const append = (): void => {
    for (let count = 0; count < 10; count++) session.journal.append('x'.repeat(20 * KIB));
  };
  append();
  await user.provider.save(session.id, session);
  append();
  if (isAnew) {
    await user.provider.save(session.id, session);
    session.journal.acknowledge(session.journal.lastId - 1);
  }
  failure = 'after';
  await expect(user.provider.save(session.id, session)).rejects.toThrow('executed');
  failure = undefined;
  if (isAnew) append();
  else session.journal.acknowledge(session.journal.lastId - 2);
  await user.provider.save(session.id, session);
  expect(differenceOf(await storedText(server.ioRedis().redis, session), session.serialize())).toBe('');
});

describe('the option maxSessionBytes', () => {
  test.each([
    ['in one text', 10],
    ['in parts', 20 * KIB],
  ])('lets a session have as many bytes, and takes none of one with more (%s)', async (_title, length) => {
    const server = await RedisServer.start(closing);
    const session = fullSession();
    session.journal.append('é'.repeat(length));
    const maxSessionBytes = Buffer.byteLength(session.serialize()) + KIB;
    const world = new World(server, closing, { maxSessionBytes, claimTimeoutMs: 500 });
    const user = await world.user();
    await user.open(session);
    // A change of the text alone, so that parts are kept.
    await user.provider.save(session.id, session);
    session.set('more', '');
    const left = maxSessionBytes - Buffer.byteLength(session.serialize());
    session.set('more', 'x'.repeat(left));
    await user.provider.save(session.id, session);
    const text = session.serialize();
    expect(Buffer.byteLength(text)).toBe(maxSessionBytes);
    session.set('more', 'x'.repeat(left + 1));
    await expect(user.provider.save(session.id, session)).rejects.toMatchObject(TOO_LARGE);
    expect(await storedText(server.ioRedis().redis, session)).toBe(text);
    await expect(user.release(session)).rejects.toMatchObject(TOO_LARGE);
    expect(await server.dump()).not.toContain(':session:');
  });

  test.each([true, false])(
    'ends a session with more, which is told once and lost to its client (write-through: %s)',
    async (writeThrough) => {
      const stage = await Stage.start({ writeThrough, maxSessionBytes: JOURNAL_BYTES });
      const { peer, connection, id } = await stage.fill(EVENTS - 1);
      if (!writeThrough) {
        await stage.wire.cut(peer);
        await waitFor(async () => (await stage.dump()).includes(EVENT), 'the session in Redis');
      }
      connection.emitRemoteEvent('iface', 'large', [EVENT]);
      await waitFor(() => stage.errors.length > 0, 'the error');
      if (writeThrough) {
        await peer.end();
        expect(peer.messages.at(-1)).toBe("{bye:['close']}");
        expect(peer.messages.filter(isEvent)).toHaveLength(EVENTS - 1);
      }
      const resuming = await stage.wire.resume(id, 0, OFFER_WITH_BYE);
      expect((await resuming.received(1))[0]).toBe(SESSION_LOST);
      expect(stage.errors).toEqual([
        expect.objectContaining({
          ...TOO_LARGE,
          message: expect.stringMatching(/maxSessionBytes \(4194304\)/) as unknown,
        }),
      ]);
      expect(await stage.dump()).not.toContain(':session:');
    },
  );
});
