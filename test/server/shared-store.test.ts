import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Session,
  type ClaimRequest,
  type SessionOwner,
  type SessionStorageProvider,
  type SharedSessionStorageProvider,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial } from '../support/core.js';
import { timersOf, turns } from '../support/quiet.js';
import type { RawPeer } from '../support/raw-peer.js';
import { EXTENSIONS, OFFER_WITH_BYE, ServerOnTheWire, WITH_BYE } from '../support/resume-wire.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** A store that several servers could share, which says when it writes. */
class Store implements SharedSessionStorageProvider {
  readonly texts = new Map<string, string>();
  readonly log: string[] = [];
  owner: SessionOwner | undefined;
  /** Ends the last claim. */
  signal: ClaimRequest['signal'] | undefined;
  /** Whether answers wait for {@link let}. */
  isSlow = false;
  private waiting: (() => void)[] = [];

  constructor(readonly writeThrough = true) {}

  /** Gives the answers that wait. */
  let(): void {
    this.isSlow = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  get waits(): number {
    return this.waiting.length;
  }

  serve(owner: SessionOwner): () => Promise<void> {
    this.owner = owner;
    return () => Promise.resolve();
  }

  create(id: string, session: Session): Promise<void> {
    return this.save(id, session);
  }

  async claim(id: string, request?: ClaimRequest): Promise<Session | undefined> {
    this.signal = request?.signal;
    const text = this.texts.get(id);
    await this.answered();
    return text === undefined ? undefined : Session.deserialize(id, text);
  }

  revive(id: string): Promise<void> {
    if (!this.writeThrough) this.texts.delete(id);
    return Promise.resolve();
  }

  async save(id: string, session: Session): Promise<void> {
    // Orders arrive in their order, however long their answers take.
    this.log.push('save');
    this.texts.set(id, session.serialize());
    await this.answered();
  }

  async release(id: string, session: Session): Promise<void> {
    this.log.push('release');
    this.texts.set(id, session.serialize());
  }

  async delete(id: string): Promise<void> {
    this.log.push('delete');
    this.texts.delete(id);
  }

  get(id: string): Promise<Session | undefined> {
    return this.claim(id);
  }

  set(id: string, session: Session): Promise<void> {
    return this.save(id, session);
  }

  private async answered(): Promise<void> {
    if (this.isSlow) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

describe('a server that stores each step', () => {
  test('hears its clients, and is heard, while its store answers nothing', async () => {
    const store = new Store();
    const wire = await ServerOnTheWire.start(closing, {
      sessionStorageProvider: store,
      heartbeatInterval: 20,
    });
    const client = await dial(closing, wire.port, { heartbeatInterval: 20 });
    const ends: unknown[] = [];
    client.on('close', () => ends.push('end'));
    const beats = { sent: 0, answered: 0 };
    client.on('incomingMessage', (message) => {
      const [kind] = Object.keys(message as object);
      if (kind === 'ping') beats.sent += 1;
      if (kind === 'pong') beats.answered += 1;
    });
    store.isSlow = true;
    client.emitRemoteEvent('a', 'first', []);
    await waitFor(() => store.waits === 1, 'a save');
    await waitFor(() => beats.sent > 8 && beats.answered > 8, 'heartbeats of both sides');
    expect([ends, wire.served.events]).toEqual([[], []]);
    store.let();
    await waitFor(() => wire.served.events.length === 1, 'the event');
  });

  test('runs what it has received in its order, whatever the links were that brought it', async () => {
    const store = new Store();
    const wire = await ServerOnTheWire.start(closing, { sessionStorageProvider: store });
    const { peer, id, connection } = await wire.login();
    await turns();
    store.isSlow = true;
    peer.send("{event:[1,'a'],first:[]}");
    await waitFor(() => store.waits === 1, 'the first save');
    peer.send("{event:[2,'a'],second:[]}");
    await waitFor(() => connection.session?.receivedCount === 2, 'the second event');
    const heir = await wire.resume(id, 0);
    await heir.received(1);
    heir.send("{event:[3,'a'],third:[]}");
    await waitFor(() => connection.session?.receivedCount === 3, 'the third event');
    await turns();
    expect(wire.served.events).toEqual([]);
    // One save at a time: were there two, the third event could overtake the second.
    expect(store.waits).toBe(1);
    store.let();
    await waitFor(() => wire.served.events.length === 3, 'the events');
    expect(wire.served.events).toEqual(['a.first', 'a.second', 'a.third']);
  });

  test('acts on what came before a bye, and stores nothing of the session after it', async () => {
    const store = new Store();
    const options = { sessionStorageProvider: store, extensions: WITH_BYE };
    const wire = await ServerOnTheWire.start(closing, options);
    const { peer, id } = await wire.login(OFFER_WITH_BYE);
    await turns();
    store.isSlow = true;
    peer.send("{event:[1,'a'],last:[]}", "{bye:['close']}");
    peer.socket.end();
    await waitFor(() => store.waits > 0, 'the save');
    await turns();
    store.let();
    await waitFor(() => store.log.includes('delete'), 'the end of the session');
    await turns();
    expect(wire.served.events).toEqual(['a.last']);
    expect(store.texts.size).toBe(0);
    const back = await wire.resume(id, 0, OFFER_WITH_BYE);
    expect((await back.received(1))[0]).toContain('ERR_SESSION_LOST');
  });

  test('stores nothing more of a session that ends at its cap, whatever waits to be stored', async () => {
    const store = new Store();
    const options = { sessionStorageProvider: store, limits: { journalMaxEntries: 2 } };
    const wire = await ServerOnTheWire.start(closing, options);
    const { peer, connection } = await wire.login();
    await turns();
    store.isSlow = true;
    peer.send("{event:[1,'a'],first:[]}");
    await waitFor(() => store.waits === 1, 'the save');
    peer.send("{event:[2,'a'],second:[]}");
    await waitFor(() => connection.session?.receivedCount === 2, 'the second event');
    await wire.cut(peer);
    for (const name of ['a', 'b', 'c']) connection.sendEvent('news', name, []);
    await waitFor(() => store.log.includes('delete'), 'the end of the session');
    store.let();
    await turns();
    expect([store.log.at(-1), store.texts.size]).toEqual(['delete', 0]);
  });

  test('goes on after a listener that throws', async () => {
    const store = new Store();
    const wire = await ServerOnTheWire.start(closing, { sessionStorageProvider: store });
    const { peer, connection } = await wire.login();
    let thrown = 0;
    wire.server.on('connectionError', () => undefined);
    connection.on('error', () => {
      thrown += 1;
      if (thrown === 1) throw new Error('a listener');
    });
    wire.served.application.handleEvent = () => {
      throw new Error('a handler');
    };
    peer.send("{event:[1,'a'],b:[]}", '{ping:[2]}');
    expect(await peer.received(1)).toEqual(['{pong:[2]}']);
    peer.send('{ping:[3]}');
    expect(await peer.received(2)).toEqual(['{pong:[2]}', '{pong:[3]}']);
  });
});

test('a session that has ended at its cap is not stored again by what was journaled just before', async () => {
  const store = new Store(false);
  const wire = await ServerOnTheWire.start(closing, {
    sessionStorageProvider: store,
    limits: { journalMaxEntries: 2 },
  });
  const { peer, connection } = await wire.login();
  await wire.cut(peer);
  for (const name of ['a', 'b', 'c']) connection.sendEvent('news', name, []);
  expect(connection.state.name).toBe('closed');
  await waitFor(() => store.log.includes('delete'), 'the end of the session');
  // So much later is stored what changes while a client is away.
  await timersOf(100);
  expect([store.log.at(-1), store.texts.size]).toEqual(['delete', 0]);
});

test('two who ask for a session at once are one question to the store: the second takes it over, nothing is given away', async () => {
  const store = new Store();
  const first = await ServerOnTheWire.start(closing, { sessionStorageProvider: store });
  const { peer, id } = await first.login();
  peer.send('{ping:[1]}');
  await peer.received(1);
  const second = await ServerOnTheWire.start(closing, {
    sessionStorageProvider: store,
    applications: [first.served.application],
  });
  store.log.length = 0;
  store.isSlow = true;
  const rivals = [await second.resume(id, 0), await second.resume(id, 0)];
  await waitFor(() => store.waits === 1, 'the question');
  await turns();
  expect(store.waits).toBe(1);
  store.let();
  await waitFor(() => rivals.some((rival) => rival.ended), 'the end of one of them');
  expect(rivals[0].ended).toBe(true);
  expect(store.log).not.toContain('release');
  expect(second.server.getClientsArray()).toHaveLength(1);
});

test('a session that is handed over reads nothing new, while what runs gets time to end', async () => {
  const store = new Store(false);
  const wire = await ServerOnTheWire.start(closing, {
    sessionStorageProvider: store,
    extensions: WITH_BYE,
    limits: { maxCallsInFlight: 2 },
    heartbeatInterval: 20,
  });
  const { peer, id } = await wire.login(OFFER_WITH_BYE);
  let seen = 0;
  let pongs = 0;
  const ponging = setInterval(() => {
    for (; seen < peer.messages.length; seen++) {
      if (!peer.messages[seen].startsWith('{ping')) continue;
      pongs += 1;
      peer.send(peer.messages[seen].replace('ping', 'pong'));
    }
  }, 2);
  closing.add(() => clearInterval(ponging));
  peer.send("{call:[1,'a'],b:[]}", "{call:[2,'a'],b:[]}");
  await wire.served.call(2);
  const handedOver = store.owner?.handOver(id);
  peer.send("{call:[3,'a'],b:[]}", '{ping:[4]}');
  wire.served.calls[0].succeed([]);
  // Nothing new is served, and pongs are heard: behind what waits as well.
  const before = pongs;
  await waitFor(() => pongs > before + 3, 'some more heartbeats');
  expect([wire.served.calls.length, peer.ended]).toEqual([2, false]);
  wire.served.calls[1].succeed(['in time']);
  await within(handedOver ?? Promise.reject(new Error('No owner')), 'the hand-over');
  await peer.end();
  expect(peer.messages.filter((text) => !text.startsWith('{ping'))).toEqual([
    '{callback:[1],ok:[]}',
    "{callback:[2],ok:['in time']}",
    "{bye:['taken']}",
  ]);
  expect(wire.served.calls).toHaveLength(2);
  expect(JSON.parse(store.texts.get(id) ?? '')).toMatchObject({ receivedCount: 2 });
});

test('a store of one server gets the sessions at the server’s end, with all that was made meanwhile', async () => {
  const texts = new Map<string, string>();
  const provider: SessionStorageProvider = {
    get: (id) => (texts.has(id) ? Session.fromString(texts.get(id) ?? '') : undefined),
    set: (id, session) => texts.set(id, session.toString()),
  };
  const wire = await ServerOnTheWire.start(closing, { sessionStorageProvider: provider });
  const up = await wire.login();
  const away = await wire.login();
  up.connection.session?.set('state', 'up');
  away.peer.send("{call:[1,'a'],b:[]}");
  const call = await wire.served.call(1);
  away.peer.destroy();
  await waitFor(() => wire.server.getClientsArray().length === 1, 'the loss');
  call.succeed(['made away']);
  away.connection.emitRemoteEvent('news', 'too', []);
  wire.server.closeConnections();
  await waitFor(() => texts.size === 2, 'the storing');
  const next = await ServerOnTheWire.start(closing, { sessionStorageProvider: provider });
  const back = await next.resume(away.id, 0);
  expect((await back.received(4)).slice(1, 3)).toEqual([
    "{callback:[1],ok:['made away']}",
    "{event:[-1,'news'],too:[]}",
  ]);
  const other = await next.resume(up.id, 0);
  await other.received(1);
  expect([...next.server.getClientsArray()].map(({ session }) => session?.get('state'))).toContain('up');
});

describe('a client that asks again while its older line waits for a slow store', () => {
  const claim = (wire: ServerOnTheWire, id: string, count: number): Promise<RawPeer> =>
    wire.peer(`{handshake:[0,'app','',${EXTENSIONS}],session:['${id}',0,[7,${String(count)}]]}`);

  async function stored(store: Store): Promise<{ wire: ServerOnTheWire; id: string }> {
    const first = await ServerOnTheWire.start(closing, { sessionStorageProvider: store });
    const { peer, id } = await first.login();
    peer.send('{ping:[1]}');
    await peer.received(1);
    const wire = await ServerOnTheWire.start(closing, {
      sessionStorageProvider: store,
      applications: [first.served.application],
    });
    store.log.length = 0;
    return { wire, id };
  }

  test('gets its session by the newest line; the older ones end without an answer', async () => {
    const store = new Store();
    const { wire, id } = await stored(store);
    store.isSlow = true;
    const older = await claim(wire, id, 1);
    await waitFor(() => store.waits === 1, 'the question');
    const newer = await claim(wire, id, 3);
    await older.end();
    const late = await claim(wire, id, 2);
    await late.end();
    store.let();
    expect(await newer.received(1)).toEqual([`{handshake:[0,null,${EXTENSIONS}],ok:1}`]);
    expect([older.messages, late.messages]).toEqual([[], []]);
    expect([store.log, wire.server.getClientsArray().length]).toEqual([[], 1]);
  });

  test('and leaves, too: nobody asks any more, and what the store finds goes back to it', async () => {
    const store = new Store();
    const { wire, id } = await stored(store);
    store.isSlow = true;
    const peer = await claim(wire, id, 1);
    await waitFor(() => store.waits === 1, 'the question');
    expect(store.signal?.aborted).toBe(false);
    peer.destroy();
    await waitFor(() => store.signal?.aborted === true, 'the end of the question');
    store.let();
    await waitFor(() => store.log.includes('release'), 'the return');
    const back = await claim(wire, id, 2);
    expect(await back.received(1)).toEqual([`{handshake:[0,null,${EXTENSIONS}],ok:1}`]);
  });
});

test('a client that is away and asks too late leaves its session as the store has it', async () => {
  const store = new Store(false);
  const wire = await ServerOnTheWire.start(closing, { sessionStorageProvider: store });
  const { id, connection } = await wire.login();
  connection.session?.set('worth', 'keeping');
  const claim = (count: number): Promise<RawPeer> =>
    wire.peer(`{handshake:[0,'app','',${EXTENSIONS}],session:['${id}',0,[7,${String(count)}]]}`);
  const second = await claim(2);
  await second.received(1);
  await wire.cut(second);
  await waitFor(() => store.texts.has(id), 'the save');
  const late = await claim(1);
  await late.end();
  expect(late.messages).toEqual([]);
  await waitFor(() => store.texts.has(id), 'the session in the store');
});
