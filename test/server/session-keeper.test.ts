import { afterEach, describe, expect, test } from '@jest/globals';
import {
  JstpError,
  Session,
  type SessionClaim,
  type SessionOwner,
  type SharedSessionStorageProvider,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { stopCore } from '../support/core.js';
import type { RawPeer } from '../support/raw-peer.js';
import { EXTENSIONS, ServerOnTheWire } from '../support/resume-wire.js';
import { timersOf, turns } from '../support/quiet.js';
import { waitFor, within } from '../support/wait-for.js';
import { CALL_BYTES } from '../../lib/connection/calls/weight.js';

const closing = new Closing();
afterEach(() => closing.run());

const BUSY = new JstpError('ERR_JSTP_SESSION_BUSY', 'busy');
const NOT_OWNED = new JstpError('ERR_JSTP_SESSION_NOT_OWNED', 'elsewhere');
const BROKEN = new Error('broken store');

/** How long a server waits for more before it stores what changed while a client is away. */
const SAVE_AFTER_MS = 100;

/** An answer that a test gives when it is time. */
class Later {
  asked = 0;
  private resolves: (() => void)[] = [];

  readonly answer = (): Promise<void> => {
    this.asked += 1;
    return new Promise((resolve) => this.resolves.push(resolve));
  };

  give(): void {
    for (const resolve of this.resolves.splice(0)) resolve();
  }
}

/** A store that servers share, in memory. What is in `before` is asked before a method does its work. */
class Store implements SharedSessionStorageProvider {
  readonly texts = new Map<string, string>();
  readonly log: string[] = [];
  owner: SessionOwner | undefined;
  before: Partial<Record<'save' | 'release' | 'claim' | 'revive' | 'delete', () => Promise<void>>> = {};

  constructor(readonly writeThrough = false) {}

  serve(owner: SessionOwner): () => Promise<void> {
    this.log.push('serve');
    this.owner = owner;
    return async () => void this.log.push('stop');
  }

  async create(id: string, session: Session): Promise<void> {
    this.log.push('create');
    this.texts.set(id, session.serialize());
  }

  async save(id: string, session: Session): Promise<void> {
    await this.before.save?.();
    this.log.push('save');
    this.texts.set(id, session.serialize());
  }

  async release(id: string, session: Session): Promise<void> {
    await this.before.release?.();
    this.log.push('release');
    this.texts.set(id, session.serialize());
  }

  async claim(id: string): Promise<Session | undefined> {
    await this.before.claim?.();
    const text = this.texts.get(id);
    return text === undefined ? undefined : Session.deserialize(id, text);
  }

  async revive(_id: string, _claim?: SessionClaim): Promise<void> {
    await this.before.revive?.();
    this.log.push('revive');
  }

  async delete(id: string): Promise<void> {
    await this.before.delete?.();
    this.log.push('delete');
    this.texts.delete(id);
  }

  get(id: string): Promise<Session | undefined> {
    return this.claim(id);
  }

  set(id: string, session: Session): Promise<void> {
    return this.save(id, session);
  }

  count(method: string): number {
    return this.log.filter((name) => name === method).length;
  }
}

const failing = (error: Error) => (): Promise<void> => Promise.reject(error);
const YES = `{handshake:[0,null,${EXTENSIONS}],ok:0}`;

type Options = NonNullable<Parameters<typeof ServerOnTheWire.start>[1]>;

/** A server with a store; it notes what fails. */
async function start(
  store: Store,
  options: Options = {},
): Promise<{ wire: ServerOnTheWire; errors: unknown[] }> {
  const wire = await ServerOnTheWire.start(closing, { sessionStorageProvider: store, ...options });
  const errors: unknown[] = [];
  wire.server.on('storageError', (error) => errors.push(error));
  wire.server.on('connectionError', (error) => errors.push(error));
  return { wire, errors };
}

/** Ends a peer's side of its transport, too, and waits until the server has seen that. */
async function hangUp(wire: ServerOnTheWire, peer: RawPeer): Promise<void> {
  await peer.end();
  peer.socket.end();
  await waitFor(() => wire.server.getClientsArray().length === 0, 'the end of the transport');
  await turns();
}

describe('a session whose client is away', () => {
  test('is stored again with what is sent to it meanwhile', async () => {
    const store = new Store();
    const { wire } = await start(store);
    const { peer, id, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    await wire.cut(peer);
    await waitFor(() => store.count('save') === 1, 'the save of the cut');
    for (const name of ['one', 'two']) connection.emitRemoteEvent('news', name, []);
    await waitFor(() => store.count('save') === 2, 'the save of the events');
    const { buffer } = JSON.parse(store.texts.get(id) ?? '') as { buffer: [number, string][] };
    expect(buffer).toEqual([
      [1, "{event:[-1,'news'],one:[]}"],
      [2, "{event:[-2,'news'],two:[]}"],
    ]);
  });

  test('is not stored again by this server after it has gone to another one', async () => {
    const store = new Store();
    const { wire } = await start(store);
    const { peer, id, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    await wire.cut(peer);
    await waitFor(() => store.count('save') === 1, 'the save of the cut');
    connection.emitRemoteEvent('news', 'one', []);
    await within(Promise.resolve(store.owner?.handOver(id)), 'the hand-over');
    connection.emitRemoteEvent('news', 'two', []);
    await timersOf(SAVE_AFTER_MS);
    expect([store.log.at(-1), store.count('save')]).toEqual(['release', 1]);
  });

  test('is not stored again after it has ended, nor after its time is over', async () => {
    const store = new Store();
    const { wire } = await start(store, { clientExpirationTime: 40 });
    const { peer, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    await wire.cut(peer);
    await waitFor(() => store.count('save') === 1, 'the save of the cut');
    connection.emitRemoteEvent('news', 'one', []);
    await waitFor(() => store.count('release') === 1, 'the end of its time');
    await timersOf(SAVE_AFTER_MS);
    expect([store.log.at(-1), store.count('save')]).toEqual(['release', 1]);
  });

  test('stays as it is in the store where its client may not come back', async () => {
    const store = new Store();
    const { wire } = await start(store);
    const { peer, id, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    await wire.cut(peer);
    await waitFor(() => store.count('save') === 1, 'the save of the cut');
    store.before.revive = failing(BUSY);
    const heir = await wire.resume(id, 0);
    await heir.end();
    await (await wire.login()).peer.pong();
    expect(store.count('save')).toBe(1);
  });

  test('is given to the others when more clients are away than are remembered, and comes back from the store', async () => {
    const store = new Store();
    const { wire } = await start(store, { limits: { maxSessions: 1 } });
    const { peer, id, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    await wire.cut(peer);
    await waitFor(() => store.count('save') === 1, 'the save of the cut');
    const other = await wire.login();
    await waitFor(() => store.count('release') === 1, 'the release');
    expect(connection.state.name).toBe('closed');
    await wire.cut(other.peer);
    const back = await wire.resume(id, 0);
    expect(await back.received(1)).toEqual([YES]);
    expect(wire.server.getClientsArray().map(({ session }) => session?.get('worth'))).toContain('keeping');
  });
});

describe('a session that was handed over to another server', () => {
  test('is away when the hand-over ends, and its client may come back here', async () => {
    const store = new Store();
    const release = new Later();
    const { wire } = await start(store);
    const { peer, id, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    store.before.release = release.answer;
    let isOver = false;
    const handOver = store.owner?.handOver(id).then(() => (isOver = true));
    await peer.end();
    await waitFor(() => release.asked === 1, 'the release');
    await turns();
    expect(isOver).toBe(false);
    // Whoever comes back before that is told to come later.
    const early = await wire.resume(id, 0);
    await early.end();
    expect(early.messages).toEqual([]);
    release.give();
    await within(handOver ?? Promise.reject(new Error('No owner')), 'the hand-over');
    const back = await wire.resume(id, 0);
    expect(await back.received(1)).toEqual([YES]);
  });

  test('stays where its client comes back by a later claim while it is about to go', async () => {
    const store = new Store();
    const { wire } = await start(store);
    const { peer, id } = await wire.login();
    peer.send("{call:[1,'a'],b:[]}");
    const call = await wire.served.call(1);
    const handOver = store.owner?.handOver(id, { by: 7, count: 2 });
    const claim = (count: number): Promise<RawPeer> =>
      wire.peer(`{handshake:[0,'app','',${EXTENSIONS}],session:['${id}',0,[7,${String(count)}]]}`);
    const early = await claim(1);
    await early.end();
    expect(early.messages).toEqual([]);
    const back = await claim(3);
    expect(await back.received(1)).toEqual([`{handshake:[0,null,${EXTENSIONS}],ok:1}`]);
    await within(handOver ?? Promise.reject(new Error('No owner')), 'the hand-over');
    call.succeed(['here']);
    back.send("{call:[2,'a'],b:[]}");
    (await wire.served.call(2)).succeed(['too']);
    expect((await back.received(3)).slice(1)).toEqual([
      "{callback:[1],ok:['here']}",
      "{callback:[2],ok:['too']}",
    ]);
    expect(store.count('release')).toBe(0);
    // Nor does a request that is older than that of its client take it away.
    await within(Promise.resolve(store.owner?.handOver(id, { by: 7, count: 3 })), 'a late hand-over');
    await back.pong();
    expect(store.count('release')).toBe(0);
  });

  test.each([
    ['been asked for without a claim', undefined],
    ['been claimed', { by: 7, count: 1 }],
  ] as const)(
    'has %s: the end of its transport writes and deletes nothing any more',
    async (_reason, claim) => {
      const store = new Store();
      const { wire, errors } = await start(store, { extensions: ['bye', 'resume'] });
      const { peer, id, connection } = await wire.login('{bye:1,resume:1}');
      connection.session?.set('worth', 'keeping');
      await within(Promise.resolve(store.owner?.handOver(id, claim)), 'the hand-over');
      // Crosses the word of the server, which has no say any more.
      peer.send("{bye:['close']}");
      await hangUp(wire, peer);
      expect([store.log, errors]).toEqual([['serve', 'create', 'release'], []]);
    },
  );

  test('is ended here before it goes: it is deleted once, and never released', async () => {
    const store = new Store();
    const { wire, errors } = await start(store, { extensions: ['bye', 'resume'] });
    const { peer, id, connection } = await wire.login('{bye:1,resume:1}');
    peer.send("{call:[1,'a'],b:[]}");
    const call = await wire.served.call(1);
    const handOver = store.owner?.handOver(id);
    connection.close();
    call.succeed([]);
    await within(Promise.resolve(handOver), 'the hand-over');
    await hangUp(wire, peer);
    expect([store.log, errors]).toEqual([['serve', 'create', 'delete'], []]);
  });

  test('is taken by another client, and the store does not take it: that is told', async () => {
    const store = new Store();
    const { wire, errors } = await start(store);
    const { id } = await wire.login();
    store.before.release = failing(BROKEN);
    await within(Promise.resolve(store.owner?.handOver(id, { by: 7, count: 1 })), 'the hand-over');
    expect(errors).toEqual([BROKEN]);
  });

  test('moves at the word of another server, and the store does not take it: that is told', async () => {
    const store = new Store();
    const { wire, errors } = await start(store);
    const { id } = await wire.login();
    const back = await wire.peer(`{handshake:[0,'app','',${EXTENSIONS}],session:['${id}',0,[7,1]]}`);
    await back.received(1);
    store.before.release = failing(BROKEN);
    await within(Promise.resolve(store.owner?.handOver(id, { by: 7, count: 2 })), 'the hand-over');
    expect(errors).toEqual([BROKEN]);
  });

  test('ends its streams without making room for a call that waits: that one is not begun here', async () => {
    const store = new Store();
    const options: Options = {
      extensions: ['resume', 'stream'],
      drainStreams: 'end',
      limits: { maxCallsInFlight: 2 },
    };
    const { wire } = await start(store, options);
    const { peer, id } = await wire.login('{resume:1,stream:1}');
    for (const number of [1, 2, 3]) peer.send(`{call:[${String(number)},'a'],b:[]}`);
    for (const number of [1, 2]) (await wire.served.call(number)).openStream();
    await within(Promise.resolve(store.owner?.handOver(id)), 'the hand-over');
    await peer.end();
    expect(wire.served.calls).toHaveLength(2);
  });

  test('goes without a call that was not stored in time: it counts as not received, and gets no answer', async () => {
    const store = new Store(true);
    const { wire } = await start(store, { limits: { closeTimeoutMs: 20 } });
    const { peer, id } = await wire.login();
    const save = new Later();
    store.before.save = save.answer;
    peer.send("{call:[1,'a'],b:[]}");
    await waitFor(() => save.asked === 1, 'the save');
    await within(Promise.resolve(store.owner?.handOver(id)), 'the hand-over');
    const text = store.texts.get(id) ?? '';
    const { buffer } = JSON.parse(text) as { buffer: unknown[] };
    expect([Session.deserialize(id, text).receivedCount, buffer]).toEqual([0, []]);
    save.give();
  });

  test('is asked for twice, and handed over once', async () => {
    const store = new Store();
    const { wire } = await start(store);
    const { id } = await wire.login();
    const { owner } = store;
    await within(Promise.all([owner?.handOver(id), owner?.handOver(id)]), 'the hand-overs');
    expect(store.count('release')).toBe(1);
    await within(Promise.resolve(owner?.handOver(id)), 'a third');
    expect(store.count('release')).toBe(1);
  });
});

describe('a question to the store for a session', () => {
  test.each([
    ['that is with another server still', BUSY, []],
    ['that cannot be asked for', BROKEN, [BROKEN]],
  ])('%s: the client hears nothing, and asks again', async (_title, error, told) => {
    const store = new Store();
    const { wire, errors } = await start(store);
    const session = new Session(null, 'ann', 'stored');
    store.texts.set('stored', session.serialize());
    store.before.claim = failing(error);
    const peer = await wire.resume('stored', 0);
    await peer.end();
    expect(peer.messages).toEqual([]);
    expect(errors).toEqual(told);
    delete store.before.claim;
    expect(await (await wire.resume('stored', 0)).received(1)).toEqual(['{handshake:[0],ok:0}']);
  });
});

test('a session that was found for a client, and that the policy refuses, goes back to the store at once', async () => {
  const store = new Store();
  const { wire } = await start(store, {
    authPolicy: { authenticate: async () => false, decidesResume: true },
  });
  store.texts.set('stored', new Session(null, 'ann', 'stored').serialize());
  const peer = await wire.resume('stored', 0);
  expect((await peer.received(1))[0]).toContain('error:[11');
  await turns();
  // The peer has not ended its side: the server does not wait for that.
  expect(store.log).toEqual(['serve', 'release']);
});

describe('a client that comes back to the server that has its session', () => {
  test.each([
    ['has made a later claim elsewhere', BUSY, []],
    ['cannot be told to the store', BROKEN, [BROKEN]],
  ])('but %s: hears nothing, and may ask again', async (_title, error, told) => {
    const store = new Store();
    const { wire, errors } = await start(store);
    const { id, peer } = await wire.login();
    store.before.revive = failing(error);
    const heir = await wire.resume(id, 0);
    await heir.end();
    expect([heir.messages, errors]).toEqual([[], told]);
    // Who has it keeps it.
    await peer.pong();
    delete store.before.revive;
    expect(await (await wire.resume(id, 0)).received(1)).toEqual([YES]);
  });

  test('but another server has it by now: it is lost here, and is asked for there', async () => {
    const store = new Store();
    const { wire, errors } = await start(store);
    const { id, peer, connection } = await wire.login();
    store.before.revive = failing(NOT_OWNED);
    const heir = await wire.resume(id, 0);
    await heir.end();
    await peer.end();
    expect([heir.messages, errors, connection.state.name]).toEqual([[], [], 'closed']);
    // Nothing is written over what the other one has.
    await turns();
    expect(store.log).toEqual(['serve', 'create']);
  });

  test('but goes away while the store is asked: its session is stored as it is', async () => {
    const store = new Store();
    const revive = new Later();
    const { wire } = await start(store);
    const { id, peer, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    await wire.cut(peer);
    await waitFor(() => store.count('save') === 1, 'the save of the cut');
    store.before.revive = revive.answer;
    const heir = await wire.resume(id, 0);
    await waitFor(() => revive.asked === 1, 'the question');
    heir.destroy();
    await heir.end();
    await (await wire.login()).peer.pong();
    revive.give();
    await waitFor(() => store.count('save') === 2, 'the save after the question');
    expect(store.log.slice(-2)).toEqual(['revive', 'save']);
  });
});

describe('a server that ends', () => {
  test('by a drain: has drained when the store has all, and then owns nothing', async () => {
    const store = new Store();
    const release = new Later();
    const { wire, errors } = await start(store);
    const { peer } = await wire.login();
    store.before.release = release.answer;
    let isDrained = false;
    const drain = wire.server.drain().then(() => (isDrained = true));
    await waitFor(() => release.asked === 1, 'the release');
    await peer.end();
    await turns();
    expect([isDrained, store.log]).toEqual([false, ['serve', 'create']]);
    release.give();
    await within(drain, 'the drain');
    expect([store.log, errors]).toEqual([['serve', 'create', 'release', 'stop'], []]);
  });

  test('by a drain: the time of the store begins when the calls have had theirs', async () => {
    const closeTimeoutMs = 20;
    const store = new Store();
    const { wire, errors } = await start(store, { limits: { closeTimeoutMs } });
    const { peer } = await wire.login();
    peer.send("{call:[1,'a'],b:[]}");
    const call = await wire.served.call(1);
    let isDrained = false;
    const drain = wire.server.drain().then(() => (isDrained = true));
    await timersOf(closeTimeoutMs);
    expect([isDrained, store.count('release')]).toEqual([false, 0]);
    call.succeed([]);
    await within(drain, 'the drain');
    expect([store.count('release'), errors]).toEqual([1, []]);
  });

  test.each([
    ['another server has', NOT_OWNED, NOT_OWNED],
    ['the store refuses', BROKEN, expect.objectContaining({ code: 'ERR_JSTP_NOT_STORED' })],
  ])('by a drain that tells once of a session that %s', async (_title, error, told) => {
    const store = new Store();
    const { wire, errors } = await start(store);
    await wire.login();
    store.before.release = failing(error);
    await within(wire.server.drain(), 'the drain');
    expect(errors).toEqual([told]);
  });

  test('and goes on nevertheless: serves the store again for the next client', async () => {
    const store = new Store();
    const { wire } = await start(store);
    await wire.login();
    await within(wire.server.drain(), 'the drain');
    await wire.login();
    expect(store.count('serve')).toBe(2);
  });

  test('gives up what it owns when its last connection is gone, after what it is writing', async () => {
    const store = new Store();
    const save = new Later();
    const { wire } = await start(store);
    const { peer, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    store.before.save = save.answer;
    await wire.cut(peer);
    await waitFor(() => save.asked === 1, 'the save');
    await stopCore(wire.server);
    await turns();
    expect(store.count('stop')).toBe(0);
    save.give();
    await waitFor(() => store.count('stop') === 1, 'the end');
    expect(store.log.filter((name) => name === 'save' || name === 'stop').at(-1)).toBe('stop');
  });

  test('releases no session any more once it has given up the store', async () => {
    const store = new Store();
    const { wire } = await start(store);
    const { peer, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    await wire.cut(peer);
    await waitFor(() => store.count('save') === 1, 'the save');
    wire.server.close();
    await waitFor(() => store.count('stop') === 1, 'the end');
    wire.server.closeConnections();
    await turns();
    expect(store.log).toEqual(['serve', 'create', 'save', 'stop']);
  });

  test('tells of sessions that the store did not take in time', async () => {
    const store = new Store();
    const { wire, errors } = await start(store, { limits: { closeTimeoutMs: 20 } });
    await wire.login();
    store.before.release = () => new Promise(() => undefined);
    await within(wire.server.drain(), 'the drain');
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_JSTP_NOT_STORED' })]);
    expect(String(errors[0])).toContain('1 sessions');
    // Told once.
    await within(wire.server.drain(), 'another drain');
    expect(errors).toHaveLength(1);
  });
});

describe('a store that is away', () => {
  const AWAY = new JstpError('ERR_JSTP_STORE_AWAY', 'away');

  test.each([false, true])('is told of once for each outage (each step stored: %s)', async (writeThrough) => {
    const store = new Store(writeThrough);
    const { wire, errors } = await start(store);
    // The cut is told, too.
    const told = (): number => errors.filter((error) => error === AWAY).length;
    let saves = 0;
    let isAway = true;
    store.before.save = async () => {
      saves += 1;
      if (isAway) throw AWAY;
    };
    const { peer, connection } = await wire.login();
    connection.session?.set('worth', 'keeping');
    const step = async (count: number): Promise<void> => {
      const before = saves;
      if (writeThrough) peer.send(`{event:[${String(count)},'a'],b:[]}`);
      else if (count === 1) await wire.cut(peer);
      else connection.emitRemoteEvent('news', 'told', []);
      await waitFor(() => saves > before, 'a save');
      await turns();
    };
    await step(1);
    expect(told()).toBe(1);
    isAway = false;
    await step(2);
    expect(told()).toBe(1);
    isAway = true;
    await step(3);
    expect(told()).toBe(2);
  });
});

describe('a store that takes each step', () => {
  test('and fails: that is told once, the step waits until it has taken it', async () => {
    const store = new Store(true);
    const { wire, errors } = await start(store);
    const { peer } = await wire.login();
    let failures = 0;
    store.before.save = async () => {
      failures += 1;
      if (failures <= 3) throw new Error(`failure ${String(failures)}`);
    };
    peer.send("{event:[1,'a'],first:[]}");
    await waitFor(() => wire.served.events.length === 1, 'the event');
    expect(errors).toEqual([new Error('failure 1')]);
    failures = 2;
    peer.send("{event:[2,'a'],second:[]}");
    await waitFor(() => wire.served.events.length === 2, 'the second event');
    expect(errors).toEqual([new Error('failure 1'), new Error('failure 3')]);
  });

  test('reads on after as many steps as may be in flight have waited for one save', async () => {
    const store = new Store(true);
    const save = new Later();
    const { wire } = await start(store, { limits: { maxCallsInFlight: 2 } });
    const { peer, connection } = await wire.login();
    const event = (number: number): string => `{event:[${String(number)},'a'],b:[]}`;
    store.before.save = save.answer;
    peer.send(event(1));
    await waitFor(() => save.asked === 1, 'the save');
    peer.send(event(2), event(3));
    await waitFor(() => connection.session?.receivedCount === 3, 'the third event');
    peer.send(event(4), event(5));
    save.give();
    await waitFor(() => save.asked === 2, 'the second save');
    expect([connection.session?.receivedCount, wire.served.events.length]).toEqual([3, 1]);
    delete store.before.save;
    save.give();
    await waitFor(() => wire.served.events.length === 5, 'all events');
  });

  test('counts the bytes of events that wait for a save: beyond limits.maxBytesInFlight the next message waits', async () => {
    const store = new Store(true);
    const save = new Later();
    const event = (number: number): string => `{event:[${String(number)},'a'],b:['${'x'.repeat(1000)}']}`;
    const weight = event(1).length + CALL_BYTES;
    const { wire } = await start(store, { limits: { maxBytesInFlight: 3 * weight } });
    const { peer, connection } = await wire.login();
    const inFlight = (): number => wire.server.getUsage().bytesInFlight.used;
    store.before.save = save.answer;
    peer.send(event(1), event(2));
    await waitFor(() => connection.session?.receivedCount === 2, 'two events');
    expect(inFlight()).toBe(2 * weight);
    peer.send(event(3), event(4));
    await waitFor(() => connection.session?.receivedCount === 3, 'the third event');
    await (await wire.login()).peer.pong();
    expect([connection.session?.receivedCount, inFlight()]).toEqual([3, 3 * weight]);
    delete store.before.save;
    save.give();
    await waitFor(() => wire.served.events.length === 4, 'all events');
    expect([inFlight(), wire.server.getUsage().callsInFlight.used]).toEqual([0, 0]);
  });

  test('counts no events any more that waited for a save when their session went elsewhere', async () => {
    const store = new Store(true);
    const save = new Later();
    const { wire } = await start(store);
    const { peer, connection } = await wire.login();
    store.before.save = async () => {
      await save.answer();
      throw NOT_OWNED;
    };
    peer.send("{event:[1,'a'],first:[]}", "{event:[2,'a'],second:[]}");
    await waitFor(() => connection.session?.receivedCount === 2, 'the events');
    expect(wire.server.getUsage().callsInFlight.used).toBe(2);
    save.give();
    await peer.end();
    const { callsInFlight, bytesInFlight } = wire.server.getUsage();
    expect([callsInFlight.used, bytesInFlight.used]).toEqual([0, 0]);
  });

  test('and says that another server has the session: nothing of what waits for it runs', async () => {
    const store = new Store(true);
    const { wire, errors } = await start(store);
    const { peer, connection } = await wire.login();
    const save = new Later();
    store.before.save = async () => {
      await save.answer();
      throw NOT_OWNED;
    };
    peer.send("{event:[1,'a'],first:[]}");
    await waitFor(() => save.asked === 1, 'the save');
    peer.send("{event:[2,'a'],second:[]}");
    await waitFor(() => connection.session?.receivedCount === 2, 'the second event');
    delete store.before.save;
    save.give();
    await peer.end();
    await (await wire.login()).peer.pong();
    await turns();
    expect([wire.served.events, errors, store.count('save')]).toEqual([[], [], 0]);
  });
});

test('sessions that were given to a store of one server at its end are not given to it again later', async () => {
  const stored: string[] = [];
  const wire = await ServerOnTheWire.start(closing, {
    clientExpirationTime: 40,
    sessionStorageProvider: { get: () => undefined, set: (id) => stored.push(id) },
  });
  const { peer, id, connection } = await wire.login();
  connection.session?.set('worth', 'keeping');
  await wire.cut(peer);
  wire.server.closeConnections();
  await turns();
  expect(stored).toEqual([id, id]);
  await timersOf(40);
  expect(stored).toEqual([id, id]);
});
