import { afterEach, describe, expect, test } from '@jest/globals';
import type {
  AuthPolicyFunction,
  Connection,
  IncomingCall,
  Limits,
  NetServerOptions,
} from '../../lib/core.js';
import { journalBytesPer, resolveLimits } from '../../lib/protocol/limits.js';
import { Closing } from '../support/closing.js';
import { turns } from '../support/quiet.js';
import type { RawPeer } from '../support/raw-peer.js';
import { EXTENSIONS, ServerOnTheWire, SESSION_FULL } from '../support/resume-wire.js';
import { waitFor } from '../support/wait-for.js';
import { guardProcess } from './arena.js';
import { ENTRY_BYTES } from '../../lib/session/journal.js';

const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

const KIB = 1024;
const CAP = 4 * KIB;
const OFFER = `{handshake:[0,'app','',${EXTENSIONS}],login:`;

const authPolicy: AuthPolicyFunction = (_connection, _application, _strategy, credentials, callback) => {
  callback(null, String((credentials as unknown[])[0]));
};

interface Client {
  readonly peer: RawPeer;
  readonly id: string;
  readonly connection: Connection;
}

class Crowd {
  readonly errors: string[] = [];

  private constructor(readonly wire: ServerOnTheWire) {
    wire.server.on('connectionError', (error) => {
      if ((error as { syscall?: string }).syscall === undefined) this.errors.push(String(error));
    });
  }

  static async start(limits: Partial<Limits>, options: Partial<NetServerOptions> = {}): Promise<Crowd> {
    return new Crowd(await ServerOnTheWire.start(closing, { authPolicy, limits, ...options }));
  }

  /** A client that acknowledges nothing by itself. */
  async login(name: string): Promise<Client> {
    const peer = await this.wire.peer(`${OFFER}['${name}','']}`);
    await peer.received(1);
    const id = /ok:'([^']+)'/.exec(peer.messages.splice(0, 1)[0] ?? '')?.[1] ?? '';
    const connection = this.wire.server.getClientsArray().find(({ session }) => session?.id === id);
    if (!connection) throw new Error('Not let in');
    return { peer, id, connection };
  }

  async leave({ peer, connection }: Client): Promise<void> {
    peer.socket.resetAndDestroy();
    await waitFor(() => !connection.handshakeDone, 'the cut');
    await turns();
  }

  async resume({ id }: Client, count = 0): Promise<RawPeer> {
    const peer = await this.wire.resume(id, count);
    await peer.received(1);
    return peer;
  }
}

/** Sends an event that counts as so many bytes in the journal. */
async function send({ connection }: Client, bytes = KIB): Promise<void> {
  const number = (connection.session?.journal.lastId ?? 0) + 1;
  const rest = `{event:[-${String(number)},'to'],it:['']}`;
  connection.emitRemoteEvent('to', 'it', ['x'.repeat(bytes - ENTRY_BYTES - rest.length)]);
  await turns();
}

/** Answers a call, by which all before it has arrived. */
async function acknowledge({ peer, connection }: Client, call: number): Promise<void> {
  peer.send(`{callback:[-${String(call)}],ok:[]}`);
  await waitFor(() => connection.session?.guaranteedDeliveredCount === call, 'the acknowledgement');
}

/** What becomes of a call to a client at once; undefined: it is under way. */
async function failureOf({ connection }: Client): Promise<unknown> {
  let failure: unknown;
  connection.callMethod('to', 'it', [], (error) => (failure = error));
  await turns();
  return (failure as { code?: number } | undefined)?.code;
}

describe('what the session of a connected client may hold', () => {
  /** What a message counts as that asks for an acknowledgement. */
  const ASKING = ENTRY_BYTES + '{ping:[-2]}'.length;

  test.each([
    ['journalMaxBytes', { journalMaxBytes: CAP }, CAP - ASKING - 1],
    ['journalMaxEntries', { journalMaxEntries: 3 }, KIB],
  ] as const)(
    'is limits.%s: one more is taken below it, and none at it until something has arrived',
    async (_limit, limits, bytes) => {
      const crowd = await Crowd.start(limits);
      const ann = await crowd.login('ann');
      await send(ann, bytes);
      expect(await failureOf(ann)).toBeUndefined();
      expect(await failureOf(ann)).toBe(-5);
      await acknowledge(ann, 3);
      expect(await failureOf(ann)).toBeUndefined();
      expect(crowd.errors).toEqual([]);
    },
  );

  test('is exactly limits.journalMaxBytes: at that, nothing more is taken', async () => {
    const crowd = await Crowd.start({ journalMaxBytes: CAP });
    const ann = await crowd.login('ann');
    await send(ann, CAP - ASKING);
    expect(ann.connection.session?.journal.bytes).toBe(CAP);
    expect(await failureOf(ann)).toBe(-5);
  });
});

describe('limits.journalMaxBytesAway', () => {
  test('keeps what is sent to a client that is away, up to that', async () => {
    const crowd = await Crowd.start({ journalMaxBytesAway: CAP });
    const ann = await crowd.login('ann');
    await crowd.leave(ann);
    for (let count = 0; count < 4; count++) await send(ann);
    expect(ann.connection.session?.journalBytes).toBe(CAP);
    const peer = await crowd.resume(ann);
    expect((await peer.received(5)).slice(1, 5).map((text) => text.length)).toEqual(
      Array(4).fill(KIB - ENTRY_BYTES),
    );
    expect(crowd.errors).toEqual([]);
  });

  test('ends the session at one more message, and the client hears why', async () => {
    const crowd = await Crowd.start({ journalMaxBytesAway: CAP });
    const ann = await crowd.login('ann');
    await crowd.leave(ann);
    for (let count = 0; count < 5; count++) await send(ann);
    expect((await crowd.resume(ann)).messages).toEqual([SESSION_FULL]);
    expect(crowd.errors[0]).toContain('limits.journalMaxBytes, journalMaxBytesAway');
  });

  test('does not count while the client is there, and what it had then stays', async () => {
    const crowd = await Crowd.start({ journalMaxBytesAway: CAP });
    const ann = await crowd.login('ann');
    for (let count = 0; count < 6; count++) await send(ann);
    await crowd.leave(ann);
    const peer = await crowd.resume(ann);
    const texts = await peer.received(7);
    expect(texts.filter((text) => text.length === KIB - ENTRY_BYTES)).toHaveLength(6);
  });
});

test.each([
  ['holds as much as', 0],
  ['ends where all hold one byte more than', 1],
] as const)('the session of an absent client %s limits.maxJournalBytesTotal', async (_what, beyond) => {
  const limits = { maxJournalBytesPerUser: Infinity, maxJournalBytesPerAddress: Infinity };
  const crowd = await Crowd.start({ maxJournalBytesTotal: CAP, ...limits });
  const ann = await crowd.login('ann');
  const bob = await crowd.login('bob');
  await send(ann, CAP - KIB);
  await crowd.leave(ann);
  await send(bob, KIB + beyond);
  expect(crowd.errors).toEqual(beyond === 0 ? [] : [expect.stringContaining('limits.maxJournalBytesTotal')]);
  const [answer] = (await crowd.resume(ann)).messages;
  if (beyond === 0) expect(answer).toContain('ok:0');
  else expect(answer).toBe(SESSION_FULL);
  expect(bob.connection.handshakeDone).toBe(true);
});

describe.each([
  ['maxJournalBytesPerUser', 'bob'],
  ['maxJournalBytesPerAddress', undefined],
] as const)('limits.%s', (limit, stranger) => {
  /** Clients that count together, and one that does not. */
  async function start(limits: Partial<Limits> = {}): Promise<{
    crowd: Crowd;
    ann: Client;
    twin: Client;
    other: Client;
    from: (next: string) => void;
  }> {
    let address = '192.0.2.1';
    const options: Partial<NetServerOptions> = { clientAddress: () => address };
    const crowd = await Crowd.start({ [limit]: CAP, ...limits }, options);
    const ann = await crowd.login('ann');
    const twin = await crowd.login(stranger ? 'ann' : 'eve');
    if (!stranger) address = '192.0.2.2';
    const other = await crowd.login(stranger ?? 'ann');
    return { crowd, ann, twin, other, from: (next) => (address = next) };
  }

  test('lets the sessions that it counts together hold that, and others as much', async () => {
    const { crowd, ann, twin, other } = await start();
    for (const client of [ann, twin, ann, twin]) await send(client);
    for (let count = 0; count < 4; count++) await send(other);
    for (const client of [ann, other]) expect(await failureOf(client)).toBeUndefined();
    expect(crowd.errors).toEqual([]);
  });

  test('refuses what is sent beyond it while all clients are connected, until something is acknowledged', async () => {
    const { crowd, ann, twin, other } = await start();
    for (const client of [ann, twin, ann, twin]) await send(client);
    expect(await failureOf(twin)).toBeUndefined();
    expect([await failureOf(ann), await failureOf(twin), await failureOf(other)]).toEqual([
      -5,
      -5,
      undefined,
    ]);
    await acknowledge(twin, 3);
    expect(await failureOf(ann)).toBeUndefined();
    expect(crowd.errors).toEqual([]);
  });

  test('ends the session beyond it whose client is away the longest, and nothing of others', async () => {
    const { crowd, ann, twin, other, from } = await start();
    from('192.0.2.1');
    const idle = await crowd.login('ann');
    await crowd.leave(idle);
    for (const client of [other, ann, twin]) {
      await send(client);
      await crowd.leave(client);
    }
    expect(crowd.errors).toEqual([]);
    for (let count = 0; count < 3; count++) await send(twin);
    expect(crowd.errors).toEqual([expect.stringContaining(`limits.${limit}`)]);
    expect((await crowd.resume(ann)).messages).toEqual([SESSION_FULL]);
    expect((await crowd.resume(twin)).messages[0]).toContain('ok:0');
    expect((await crowd.resume(other)).messages[0]).toContain('ok:0');
    // It holds nothing, so that its end would have made no room.
    expect((await crowd.resume(idle)).messages[0]).toContain('ok:0');
  });

  test('takes the answers of calls under way up to twice that, and then the session ends', async () => {
    const { crowd, ann, twin } = await start();
    for (let id = 1; id <= 9; id++) ann.peer.send(`{call:[${String(id)},'a'],b:[]}`);
    await crowd.wire.served.call(9);
    await send(twin, CAP + 1);
    const answers: readonly IncomingCall<Connection>[] = crowd.wire.served.calls;
    for (const call of answers.slice(0, 4)) call.succeed(['x'.repeat(KIB)]);
    await turns();
    expect(crowd.errors).toEqual([]);
    expect(ann.connection.handshakeDone).toBe(true);
    for (const call of answers.slice(4)) call.succeed(['x'.repeat(KIB)]);
    await ann.peer.end();
    expect(crowd.errors[0]).toContain(limit);
    expect(twin.connection.handshakeDone).toBe(true);
  });

  test('lets a stream go on when another session has made the room', async () => {
    const { crowd, ann, twin } = await start();
    await send(twin, CAP);
    expect(await failureOf(twin)).toBeUndefined();
    ann.peer.send("{call:[1,'a'],b:[]}");
    const stream = (await crowd.wire.served.call(1)).openStream();
    stream.write('a value');
    await ann.peer.pong();
    expect(ann.peer.messages).toEqual([]);
    await acknowledge(twin, 2);
    expect((await ann.peer.received(1))[0]).toContain("'a value'");
  });
});

test('by default, a user may have a quarter and an address half of what all journals may hold', () => {
  const limits = resolveLimits({ maxJournalBytesTotal: 1000 });
  expect(journalBytesPer('maxJournalBytesPerUser', limits)).toBe(250);
  expect(journalBytesPer('maxJournalBytesPerAddress', limits)).toBe(500);
  const unbounded = resolveLimits({ maxJournalBytesTotal: Infinity, maxJournalBytesPerUser: 7 });
  expect(journalBytesPer('maxJournalBytesPerUser', unbounded)).toBe(7);
  expect(journalBytesPer('maxJournalBytesPerAddress', unbounded)).toBe(Infinity);
});
