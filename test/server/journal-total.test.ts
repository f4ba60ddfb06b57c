import { getHeapStatistics } from 'node:v8';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Session,
  SimpleSessionStorageProvider,
  type Connection,
  type NetServerOptions,
  type SharedSessionStorageProvider,
} from '../../lib/core.js';
import { journalBytesTotal, resolveLimits } from '../../lib/protocol/limits.js';
import { Closing } from '../support/closing.js';
import { turns } from '../support/quiet.js';
import type { RawPeer } from '../support/raw-peer.js';
import {
  ClientOnTheWire,
  EXTENSIONS,
  OFFER_WITH_BYE,
  ServerOnTheWire,
  SESSION_FULL,
  WITH_BYE,
  yes,
} from '../support/resume-wire.js';
import { waitFor } from '../support/wait-for.js';
import { SERVER_CONTROL } from '../../lib/server/control.js';
import { lifecycleOf } from '../../lib/connection/lifecycle.js';
import { ENTRY_BYTES } from '../../lib/session/journal.js';

const closing = new Closing();
afterEach(() => closing.run());

const KIB = 1024;
const TOTAL = 1000 * KIB;

interface Client {
  readonly peer: RawPeer;
  readonly id: string;
  readonly connection: Connection;
}

class Crowd {
  readonly errors: unknown[] = [];
  readonly clients: Client[] = [];

  private constructor(readonly wire: ServerOnTheWire) {
    wire.server.on('connectionError', (error) => {
      if ((error as { syscall?: string }).syscall === undefined) this.errors.push(error);
    });
  }

  static async start(options: Partial<NetServerOptions> = {}): Promise<Crowd> {
    const limits = { maxJournalBytesTotal: TOTAL, maxJournalBytesPerAddress: Infinity, ...options.limits };
    return new Crowd(await ServerOnTheWire.start(closing, { ...options, limits }));
  }

  /** A client that takes so many answers of 100 KiB, and acknowledges none. */
  async take(answers: number, offer = EXTENSIONS): Promise<Client> {
    const client = await this.wire.login(offer);
    const before = this.wire.served.calls.length;
    for (let id = 1; id <= answers; id++) client.peer.send(`{call:[${String(id)},'a'],b:[]}`);
    await this.wire.served.call(before + answers);
    for (const call of this.wire.served.calls.slice(before)) call.succeed(['x'.repeat(100 * KIB)]);
    await waitFor(
      () =>
        client.peer.ended ||
        client.peer.messages.filter((text) => text.includes('callback')).length === answers,
      'the answers',
    );
    this.clients.push(client);
    return client;
  }

  async leave({ peer, connection }: Client): Promise<void> {
    peer.socket.resetAndDestroy();
    await waitFor(() => !connection.handshakeDone, 'the cut');
  }

  /** What a client hears that asks for its session again. */
  async resumed({ id }: Client): Promise<string> {
    return (await (await this.wire.resume(id, 0)).received(1))[0] ?? '';
  }

  /** What all sessions of the server hold. */
  get held(): number {
    return this.wire.server[SERVER_CONTROL].journalBytes;
  }
}

describe('the journals of all sessions of a server', () => {
  test('hold no more than their total: the clients that are away the longest lose their sessions, and hear why', async () => {
    const crowd = await Crowd.start();
    for (let count = 0; count < 6; count++) await crowd.leave(await crowd.take(3));
    await turns();
    expect(crowd.held).toBeLessThanOrEqual(TOTAL);
    expect(crowd.held).toBeGreaterThan(900 * KIB);
    const answers: string[] = [];
    for (const client of crowd.clients) answers.push(await crowd.resumed(client));
    expect(answers.slice(0, 3)).toEqual([SESSION_FULL, SESSION_FULL, SESSION_FULL]);
    for (const answer of answers.slice(3)) expect(answer).toContain('ok:3');
    expect(crowd.errors).toHaveLength(3);
    expect(String(crowd.errors[0])).toContain('limits.maxJournalBytesTotal');
  });

  test('count what is acknowledged, given up or gone no longer', async () => {
    const crowd = await Crowd.start();
    const { peer, connection } = await crowd.take(4);
    expect(crowd.held).toBeGreaterThan(400 * KIB);
    lifecycleOf(connection).channel.outbox.ping(() => undefined);
    peer.send('{pong:[-1]}', '{pong:[-2]}', '{pong:[-3]}');
    await waitFor(() => crowd.held === 0, 'the acknowledgement');
    const other = await crowd.take(4);
    lifecycleOf(other.connection).channel.overflow();
    expect(crowd.held).toBe(0);
    const last = await crowd.take(4);
    await crowd.leave(last);
    expect(crowd.held).toBeGreaterThan(400 * KIB);
    crowd.wire.server.closeConnections();
    await waitFor(() => crowd.held === 0, 'the end');
  });

  test('of clients that are all connected: those with the most end, and are told why where they understand it', async () => {
    const crowd = await Crowd.start({ extensions: WITH_BYE });
    const small = await crowd.take(4, OFFER_WITH_BYE);
    const large = await crowd.take(7, OFFER_WITH_BYE);
    await waitFor(() => large.peer.ended, 'the end of the one with the most');
    await small.peer.pong();
    expect(large.peer.messages.at(-1)).toBe("{bye:['close','ERR_JOURNAL_FULL']}");
    expect([small.peer.ended, crowd.held < TOTAL]).toEqual([false, true]);
    expect(await crowd.resumed(large)).toContain("'ERR_SESSION_LOST','ERR_JOURNAL_FULL'");
  });

  test('of connected clients are looked through once for a sixteenth of the total, and not for every message', async () => {
    const crowd = await Crowd.start({ limits: { maxJournalBytesTotal: 1990 * KIB } });
    // The end of one of them would suffice.
    for (let count = 0; count < 20; count++) await crowd.take(1);
    await waitFor(() => crowd.errors.length > 0, 'the end of the first');
    expect(crowd.errors).toHaveLength(2);
    expect(crowd.held).toBeGreaterThan(1800 * KIB);
  });

  test('go to a store that several servers share, instead of being lost', async () => {
    const texts = new Map<string, string>();
    const write = async (id: string, session: Session): Promise<void> =>
      void texts.set(id, session.serialize());
    const find = async (id: string): Promise<Session | undefined> =>
      texts.has(id) ? Session.deserialize(id, texts.get(id) ?? '') : undefined;
    const done = async (): Promise<void> => undefined;
    const store: SharedSessionStorageProvider = {
      writeThrough: false,
      serve: () => done,
      create: done,
      claim: find,
      get: find,
      revive: done,
      save: done,
      set: write,
      release: write,
      delete: done,
    };
    const crowd = await Crowd.start({ sessionStorageProvider: store });
    for (let count = 0; count < 4; count++) await crowd.leave(await crowd.take(3));
    await waitFor(() => texts.size === 1, 'the release of the first');
    expect(crowd.held).toBeLessThanOrEqual(TOTAL);
    expect(await crowd.resumed(crowd.clients[0])).toContain('ok:3');
    expect(crowd.errors).toEqual([]);
  });

  test('of clients that have stayed away too long are bounded in memory as well', async () => {
    const crowd = await Crowd.start({ clientExpirationTime: 1 });
    for (let count = 0; count < 6; count++) {
      const client = await crowd.take(3);
      await crowd.leave(client);
      await waitFor(() => client.connection.state.name === 'closed', 'the end of its time');
    }
    expect(crowd.held).toBe(0);
    const answers: string[] = [];
    for (const client of crowd.clients) answers.push(await crowd.resumed(client));
    expect(answers.filter((answer) => answer.includes('ok:3'))).toHaveLength(1);
    expect(answers.at(-1)).toContain('ok:3');
  });

  test('may take less than half of the heap where nobody says how much, however their texts are stored', () => {
    const { heap_size_limit: limit } = getHeapStatistics();
    const total = journalBytesTotal(resolveLimits());
    expect(total).toBeGreaterThan(limit / 10);
    expect(total * 2).toBeLessThan(limit / 2);
    expect(journalBytesTotal(resolveLimits({ maxJournalBytesTotal: 5000 }))).toBe(5000);
  });
});

test('the memory store counts messages of sessions that it alone has, and lets the oldest go', () => {
  const store = new SimpleSessionStorageProvider(undefined, undefined, undefined, 1000 + 3 * ENTRY_BYTES);
  const sessions = ['a', 'b', 'c', 'd'].map((name) => {
    const session = new Session(null, name, name);
    session.journal.append('x'.repeat(300));
    return session;
  });
  const empty = new Session(null, 'empty', 'empty');
  store.set('empty', empty);
  for (const session of sessions) store.set(session.id, session);
  expect(['empty', 'a', 'b', 'c', 'd'].filter((id) => store.get(id))).toEqual(['empty', 'b', 'c', 'd']);
  // Stored anew, they are the newest.
  for (const session of sessions) store.set(session.id, session);
  expect(store.size).toBe(4);
  store.delete('d');
  store.set('e', sessions[0]);
  expect(store.size).toBe(4);
  closing.add(() => store.clear());
});

describe('a session that has ended because too much waited for its client', () => {
  test('says so in its bye, and a client of this package tells its listeners', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const answer = yes('one').replace('cancel:1', 'bye:1,cancel:1');
    const connection = await wire.connect(answer, { extensions: WITH_BYE });
    const heard: unknown[] = [];
    connection.on('error', (error) => heard.push(error));
    connection.on('bye', (reason) => heard.push(reason));
    wire.links[0].send("{bye:['close','ERR_JOURNAL_FULL']}");
    await waitFor(() => heard.length === 2, 'the bye');
    expect(heard).toEqual([expect.objectContaining({ code: -3, info: ['ERR_JOURNAL_FULL'] }), 'close']);
    expect(String(heard[0])).toContain('more waited for this side');
  });

  test('says so to a client that asks for it', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    await wire.cut(connection);
    await expect(wire.reconnect(connection, SESSION_FULL)).rejects.toMatchObject({
      code: -3,
      info: ['ERR_JOURNAL_FULL'],
    });
  });

  test('went on answering a client that is there up to twice its limit', async () => {
    const limits = { journalMaxBytes: 400 * KIB, maxJournalBytesTotal: 0 };
    const crowd = await Crowd.start({ limits, extensions: WITH_BYE });
    const { peer, connection } = await crowd.take(7, OFFER_WITH_BYE);
    expect(lifecycleOf(connection).channel.outbox.hasRoom).toBe(false);
    expect(connection.handshakeDone).toBe(true);
    for (const id of [8, 9]) peer.send(`{call:[${String(id)},'a'],b:[]}`);
    await crowd.wire.served.call(9);
    for (const call of crowd.wire.served.calls.slice(7)) call.succeed(['x'.repeat(100 * KIB)]);
    await peer.end();
    expect(peer.messages.at(-1)).toBe("{bye:['close','ERR_JOURNAL_FULL']}");
    expect(peer.messages.filter((text) => text.startsWith('{callback'))).toHaveLength(8);
    expect(String(crowd.errors[0])).toContain('limits.journalMaxBytes');
  });
});
