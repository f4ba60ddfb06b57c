import assert from 'node:assert/strict';
import { checkNames } from '../protocol/option-checks.js';
import { Session } from '../session/session.js';
import {
  assertSame,
  fullSession,
  put,
  StorageWorld,
  SUITE_OPTION_NAMES,
  get,
  type SessionStorageSuiteOptions,
  type StoreServer,
} from './session-storage-world.js';

/** One test case that a session storage provider must pass. */
export interface SessionStorageCase {
  /** The behaviour that is tested, as a sentence. */
  readonly name: string;
  /** Runs the case; takes 30 seconds at most. Rejects with an AssertionError where the behaviour is another. */
  run(): Promise<void>;
}

type Body = (world: StorageWorld) => Promise<void>;
type Bodies = Readonly<Record<string, Body>>;

const MANY = 1000;
const MESSAGE_LENGTH = 1024;
const MESSAGES_OF_A_MIB = 1024;
const ROUNDS = 10;
const SLOW_HAND_OVER_MS = 150;

/** Ids that no server gives, but that a peer may ask for. */
const HOSTILE_IDS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  '*',
  '{a}:b',
  '../a',
  'a\r\nb',
  '\u0000',
  '\u{1F600}',
  'x'.repeat(10_000),
];

const FOR_ALL: Bodies = {
  async 'gives back a session as it was stored, by its id'(world) {
    const provider = await world.provider();
    const session = fullSession();
    const anonymous = new Session(null, null);
    await put(provider, session);
    await put(provider, anonymous);
    assertSame(await get(provider, session.id), session);
    assertSame(await get(provider, anonymous.id), anonymous);
  },

  async 'gives nothing for an id that it does not know'(world) {
    const provider = await world.provider();
    await put(provider, fullSession('known'));
    for (const id of ['unknown', 'know', 'KNOWN', ...HOSTILE_IDS])
      assert.equal((await get(provider, id)) ?? undefined, undefined);
  },

  async 'takes any text for an id'(world) {
    const provider = await world.provider();
    const sessions = HOSTILE_IDS.map((id, index) => fullSession(id, `user ${index}`));
    for (const session of sessions) await put(provider, session);
    for (const session of sessions) assertSame(await get(provider, session.id), session);
  },

  async 'gives the newest of what was stored under an id'(world) {
    const provider = await world.provider();
    const session = fullSession();
    await put(provider, session);
    session.set('room', 'garden');
    session.journal.acknowledge(2);
    await put(provider, session);
    assertSame(await get(provider, session.id), session);
    session.journal.append('fifth');
    await put(provider, session);
    assertSame(await get(provider, session.id), session);
  },

  async 'forgets what is deleted, and that alone'(world) {
    const provider = await world.provider();
    const [deleted, kept] = [fullSession(), fullSession()];
    await put(provider, deleted);
    await put(provider, kept);
    await provider.delete?.(deleted.id);
    await provider.delete?.('unknown');
    if (provider.delete) assert.equal((await get(provider, deleted.id)) ?? undefined, undefined);
    assertSame(await get(provider, kept.id), kept);
  },

  async 'keeps many sessions apart'(world) {
    const provider = await world.provider();
    const sessions = Array.from({ length: MANY }, (_, index) => fullSession(undefined, `user ${index}`));
    await Promise.all(sessions.map((session) => put(provider, session)));
    const found = await Promise.all(sessions.map(({ id }) => get(provider, id)));
    sessions.forEach((session, index) => {
      assertSame(found[index], session);
    });
  },

  async 'keeps a session with 1 MiB of messages'(world) {
    const provider = await world.provider();
    const session = fullSession();
    for (let count = 0; count < MESSAGES_OF_A_MIB; count++)
      session.journal.append('x'.repeat(MESSAGE_LENGTH));
    await put(provider, session);
    assertSame(await get(provider, session.id), session);
  },
};

const FOR_SHARED: Bodies = {
  async 'asks the owner of a session for it, and gives what that stored'(world) {
    const [first, second] = await world.twoServers();
    const session = await first.open(fullSession());
    session.set('room', 'garden');
    assertSame(await second.resume(session.id), session);
    assert.ok(first.asked.includes(session.id));
    assert.deepEqual([first.live.size, second.live.size], [0, 1]);
  },

  async 'gives a session to and fro, and no step of it is lost'(world) {
    const servers = await world.twoServers();
    const { id } = await servers[0].open(fullSession());
    for (let round = 1; round <= ROUNDS; round++) {
      const session = await servers[round % 2].resume(id);
      session?.set('rounds', round);
      session?.journal.append(`round ${round}`);
    }
    const session = await servers[1].resume(id);
    assert.equal(session?.get('rounds'), ROUNDS);
    assert.equal(session.journal.lastId, fullSession().journal.lastId + ROUNDS);
  },

  async 'gives a session to one of two that claim it at once'(world) {
    const servers = await world.twoServers();
    for (const server of servers) server.isStubborn = true;
    const session = await servers[0].open(fullSession());
    await servers[0].release(session);
    const claims = await Promise.allSettled(servers.map(({ provider }) => provider.claim(session.id)));
    const owners = claims.flatMap((claim) =>
      claim.status === 'fulfilled' && claim.value ? [claim.value] : [],
    );
    assert.equal(owners.length, 1);
    assertSame(owners[0], session);
    const refusals = claims.flatMap((claim) => (claim.status === 'rejected' ? [codeOf(claim.reason)] : []));
    assert.deepEqual(refusals, ['ERR_JSTP_SESSION_BUSY']);
  },

  async 'gives a session back to the server that released it'(world) {
    const [first] = await world.twoServers();
    const session = await first.open(fullSession());
    await first.release(session);
    assertSame(await first.resume(session.id), session);
    assert.deepEqual(first.asked, []);
  },

  async 'refuses a claim while the owner does not hand over, and leaves it the session'(world) {
    const [first, second] = await world.twoServers();
    first.isStubborn = true;
    const session = await first.open(fullSession());
    await rejects(second.provider.claim(session.id), 'ERR_JSTP_SESSION_BUSY');
    await first.provider.save(session.id, session);
    await first.release(session);
    assertSame(await second.resume(session.id), session);
  },

  async 'asks an owner for a session once at a time'(world) {
    const [first, second] = await world.twoServers();
    first.handOverMs = SLOW_HAND_OVER_MS;
    const session = await first.open(fullSession());
    assertSame(await second.resume(session.id), session);
    assert.equal(first.mostAtOnce, 1);
  },

  async 'refuses what a former owner writes'(world) {
    const [first, second] = await world.twoServers();
    const stale = await first.open(fullSession());
    await first.release(stale);
    const session = await second.resume(stale.id);
    stale.set('room', 'stale');
    await rejects(first.provider.save(stale.id, stale), 'ERR_JSTP_SESSION_NOT_OWNED');
    await rejects(first.provider.release(stale.id, stale), 'ERR_JSTP_SESSION_NOT_OWNED');
    await first.provider.delete(stale.id);
    assert.ok(session);
    session.set('room', 'garden');
    await second.release(session);
    await rejects(first.provider.save(stale.id, stale), 'ERR_JSTP_SESSION_NOT_OWNED');
    assertSame(await first.resume(stale.id), session);
  },

  async 'forgets for all what its owner deletes'(world) {
    const [first, second] = await world.twoServers();
    const session = await first.open(fullSession());
    await first.provider.save(session.id, session);
    first.live.clear();
    await first.provider.delete(session.id);
    assert.equal(await second.resume(session.id), undefined);
    assert.equal(await first.resume(session.id), undefined);
  },

  async 'gives at once what a server that has ended owned: with write-through as stored, else it is lost'(
    world,
  ) {
    const [first, second] = await world.twoServers();
    const session = await first.open(fullSession());
    await first.stop();
    await expectLeft(await second.provider.claim(session.id), session, first);
  },
};

const FOR_KILLED: Bodies = {
  async 'keeps what a server released before it died'(world) {
    const [first, second] = await world.twoServers();
    const session = await first.open(fullSession());
    await first.release(session);
    await world.options.kill?.(first.provider);
    assertSame(await second.resume(session.id), session);
  },

  async 'gives what a dead server owned: with write-through as stored, else it is lost'(world) {
    const [first, second] = await world.twoServers();
    const session = await first.open(fullSession());
    if (first.provider.writeThrough) {
      session.set('room', 'garden');
      await first.provider.save(session.id, session);
    }
    await world.options.kill?.(first.provider);
    await expectLeft(await second.resume(session.id), session, first);
  },

  async 'gives no older state of a session that a dead server had resumed'(world) {
    const [first, second] = await world.twoServers();
    const { id } = await first.open(fullSession());
    const resumed = await second.resume(id);
    assert.ok(resumed);
    await world.options.kill?.(second.provider);
    await expectLeft(await first.resume(id), resumed, first);
    if (!first.provider.writeThrough) assert.equal(await first.resume(id), undefined);
  },
};

const FOR_DUMPED: Bodies = {
  async 'stores no id'(world) {
    const [first, second] = await world.twoServers();
    const sessions = [await first.open(fullSession()), await first.open(fullSession())];
    await first.release(sessions[0]);
    await second.resume(sessions[1].id);
    const dump = (await world.options.dump?.()) ?? '';
    assert.ok(dump.length > 0, 'dump() gives what is stored');
    for (const { id } of sessions) assert.ok(!dump.includes(id), 'An id is in what is stored');
  },
};

/**
 * Returns the test cases that every session storage provider must pass, for any test runner.
 *
 * @example
 * for (const { name, run } of sessionStorageCases({ create: () => new MyProvider() })) test(name, run);
 *
 * @param options how the suite makes providers; `createSecond` adds the cases of stores that servers share
 * @throws ConfigurationError for an unknown option
 */
export function sessionStorageCases(options: SessionStorageSuiteOptions): SessionStorageCase[] {
  checkNames('options', options, SUITE_OPTION_NAMES);
  const isForShared = options.createSecond !== undefined;
  const bodies = {
    ...FOR_ALL,
    ...(isForShared && FOR_SHARED),
    ...(isForShared && options.kill && FOR_KILLED),
    ...(isForShared && options.dump && FOR_DUMPED),
  };
  return Object.entries(bodies).map(([name, body]) => ({ name, run: () => runCase(options, body) }));
}

async function runCase(options: SessionStorageSuiteOptions, body: Body): Promise<void> {
  const world = new StorageWorld(options);
  try {
    await body(world);
  } finally {
    await world.end();
  }
}

async function expectLeft(found: Session | undefined, stored: Session, owner: StoreServer): Promise<void> {
  if (owner.provider.writeThrough) assertSame(found, stored);
  else assert.equal(found, undefined);
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => codeOf(error) === code);
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code;
}
