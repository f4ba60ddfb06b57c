import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  net,
  Session,
  SimpleSessionStorageProvider,
  type AuthPolicyFunction,
  type ClientOptions,
  type Connection,
  type Limits,
  type NetServerOptions,
  type ServerOptions,
} from '../../lib/core.js';
import { createMemoryEntry } from '../../lib/testing/index.js';
import type { RefusedHandshake } from '../../lib/server/handshake/refusal.js';
import { Closing } from '../support/closing.js';
import type { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

const TOO_MANY = "{handshake:[0],error:[-14,'Too many sessions']}";
const LOST = '{handshake:[0],error:[11]}';
const LIMITS = ['maxSessions', 'maxSessionsPerUser', 'maxSessionsPerAddress'] as const;

/** Lets everybody in by the name that they give. */
const authPolicy: AuthPolicyFunction = (_connection, _application, _strategy, credentials, callback) => {
  callback(null, Array.isArray(credentials) ? String(credentials[0]) : null);
};

interface Client {
  readonly peer: RawPeer;
  readonly id: string;
}

class Crowd {
  readonly refusals: RefusedHandshake[] = [];

  private constructor(readonly arena: Arena) {
    arena.server.on('handshakeRefused', (_connection, refusal) => this.refusals.push(refusal));
  }

  static async start(limits: Partial<Limits>, options: Partial<ServerOptions> = {}): Promise<Crowd> {
    return new Crowd(await Arena.start(closing, { authPolicy, limits, ...options }));
  }

  /** What the server counts. */
  get sessions(): number {
    return this.arena.server.getUsage().sessions.used;
  }

  private get connected(): number {
    return this.arena.server.getClientsArray().length;
  }

  /** A client that has got an answer; without a name, it is anonymous. */
  async ask(name?: string): Promise<RawPeer> {
    const peer = await this.arena.stranger();
    peer.send(name === undefined ? "{handshake:[0,'app']}" : `{handshake:[0,'app'],login:['${name}','']}`);
    await peer.received(1);
    return peer;
  }

  async login(name?: string): Promise<Client> {
    const peer = await this.ask(name);
    return { peer, id: /ok:'([^']*)'/.exec(peer.messages[0] ?? '')?.[1] ?? '' };
  }

  async leave({ peer }: Client): Promise<void> {
    const before = this.connected;
    peer.destroy();
    await waitFor(() => this.connected < before, 'its end');
  }

  /** A client that is away. */
  async away(name?: string): Promise<Client> {
    const client = await this.login(name);
    await this.leave(client);
    return client;
  }

  async resume({ id }: Client): Promise<RawPeer> {
    const peer = await this.arena.stranger();
    peer.send(`{handshake:[0,'app'],session:['${id}',0]}`);
    return peer;
  }

  /** Whether a client that is away has a session to come back to; it is away again then. */
  async isKept(client: Client): Promise<boolean> {
    const peer = await this.resume(client);
    const [answer] = await peer.received(1);
    if (answer === LOST) return false;
    expect(answer).toBe('{handshake:[0],ok:0}');
    await this.leave({ ...client, peer });
    return true;
  }
}

describe.each(LIMITS)('limits.%s', (limit) => {
  test('lets so many clients in, and refuses the next one while all are connected', async () => {
    const crowd = await Crowd.start({ [limit]: 3 });
    const clients = [await crowd.login('ann'), await crowd.login('ann'), await crowd.login('ann')];
    expect(clients.map(({ id }) => id.length)).toEqual([32, 32, 32]);
    expect(crowd.refusals).toEqual([]);
    const refused = await crowd.ask('ann');
    await refused.end();
    expect(refused.messages).toEqual([TOO_MANY]);
    expect(crowd.refusals).toEqual([
      expect.objectContaining({
        kind: 'full',
        code: -14,
        reason: `there are as many sessions as limits.${limit} allows, and none of them makes room`,
      }),
    ]);
    expect(crowd.sessions).toBe(3);
    for (const { peer } of clients) expect(peer.ended).toBe(false);
    clients[0].peer.send("{call:[1,'mark'],run:['here']}");
    expect((await clients[0].peer.received(2))[1]).toBe('{callback:[1],ok:[]}');
  });

  test('counts those that are away, of which the one that is away the longest makes room', async () => {
    const crowd = await Crowd.start({ [limit]: 3 }, { sessionStorageProvider: nowhere() });
    const clients = [await crowd.away('ann'), await crowd.away('ann'), await crowd.away('ann')];
    expect(await crowd.isKept(clients[0])).toBe(true);
    const fourth = await crowd.login('ann');
    expect(crowd.sessions).toBe(3);
    await crowd.leave(fourth);
    const kept: boolean[] = [];
    for (const client of [...clients, fourth]) kept.push(await crowd.isKept(client));
    expect(kept).toEqual([true, false, true, true]);
    expect(crowd.refusals.map(({ kind }) => kind)).toEqual(['session']);
  });

  test('is exact where many are decided on at once', async () => {
    const answers: (() => void)[] = [];
    const slowly: AuthPolicyFunction = (...args) => {
      answers.push(() => void authPolicy(...args));
    };
    const crowd = await Crowd.start({ [limit]: 3 }, { authPolicy: slowly });
    const peers = await Promise.all(Array.from({ length: 8 }, () => crowd.arena.stranger()));
    for (const peer of peers) peer.send("{handshake:[0,'app'],login:['ann','']}");
    await waitFor(() => answers.length === 8, 'the policy');
    for (const answer of answers) answer();
    for (const peer of peers) await peer.received(1);
    expect(peers.filter(({ messages }) => messages[0] === TOO_MANY)).toHaveLength(5);
    expect(crowd.sessions).toBe(3);
  });
});

describe('a flood of anonymous clients', () => {
  test.each(['maxSessions', 'maxSessionsPerAddress'] as const)(
    'pushes anonymous clients out by limits.%s, and never a user',
    async (limit) => {
      const crowd = await Crowd.start({ [limit]: 4 }, { sessionStorageProvider: nowhere() });
      const users = [await crowd.away('ann'), await crowd.away('bob')];
      const first = await crowd.away();
      for (let count = 0; count < 5; count++) await crowd.away();
      expect(crowd.sessions).toBe(4);
      expect(await crowd.isKept(first)).toBe(false);
      for (const user of users) expect(await crowd.isKept(user)).toBe(true);
    },
  );

  test('is refused where users have all places, though they are away; another user is let in', async () => {
    const crowd = await Crowd.start({ maxSessions: 2 });
    await crowd.away('ann');
    await crowd.away('bob');
    expect((await crowd.ask()).messages).toEqual([TOO_MANY]);
    expect((await crowd.ask('eve')).messages[0]).toMatch(/ok:'/);
    expect(crowd.sessions).toBe(2);
  });

  test('pushes no user out of the memory store', () => {
    const store = new SimpleSessionStorageProvider(undefined, undefined, 3);
    closing.add(() => store.clear());
    for (const name of ['ann', 'bob']) store.set(name, new Session(null, name, name));
    for (const id of ['1', '2', '3']) store.set(id, new Session(null, null, id));
    expect(['ann', 'bob', '1', '2', '3'].filter((id) => store.get(id))).toEqual(['ann', 'bob', '3']);
    store.set('eve', new Session(null, 'eve', 'eve'));
    store.set('4', new Session(null, null, '4'));
    expect(store.size).toBe(3);
    store.set('dan', new Session(null, 'dan', 'dan'));
    expect(['ann', 'bob', 'eve', 'dan', '4'].filter((id) => store.get(id))).toEqual(['bob', 'eve', 'dan']);
  });
});

test('the sessions of one user, and of one address, do not count for those of another', async () => {
  const crowd = await Crowd.start({ maxSessionsPerUser: 1 });
  await crowd.login('ann');
  expect((await crowd.ask('ann')).messages).toEqual([TOO_MANY]);
  expect((await crowd.ask('bob')).messages[0]).toMatch(/ok:'/);
  // Anonymous clients are no user.
  for (let count = 0; count < 2; count++) expect((await crowd.ask()).messages[0]).toMatch(/ok:'/);
});

test('the place of a client that says goodbye is free when its connection is closed', async () => {
  const crowd = await Crowd.start({ maxSessions: 1 }, { extensions: ['bye'] });
  for (let count = 0; count < 3; count++) {
    const peer = await crowd.arena.stranger();
    peer.send("{handshake:[0,'app','',{bye:1}],login:['ann','']}");
    expect((await peer.received(1))[0]).toContain('ok:');
    peer.send("{bye:['close']}");
    peer.destroy();
    await waitFor(() => crowd.sessions === 0, 'its end');
  }
});

describe('a client of this package', () => {
  test('hears the code of a refusal', async () => {
    const crowd = await Crowd.start({ maxSessions: 1 });
    await crowd.login('bob');
    await expect(net.connect('app', {}, crowd.arena.port, '127.0.0.1')).rejects.toMatchObject({
      code: -14,
      message: 'Too many sessions',
    });
  });

  test('that has lost its session for another one logs in again by itself, until there is room', async () => {
    const crowd = await Crowd.start({ maxSessionsPerAddress: 1 });
    let letGo: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const client: ClientOptions = {
      reconnector: (_connection, reconnectFn) => void gate.then(() => setTimeout(reconnectFn, 10)),
    };
    const connection = await net.connect('app', client, crowd.arena.port, '127.0.0.1');
    closing.add(() => connection.close());
    const lost: string[] = [];
    connection.on('sessionLost', ({ id }) => lost.push(id));
    const first = connection.session?.id;
    (connection.getTransport() as Socket).destroy();
    await waitFor(() => crowd.arena.server.getClientsArray().length === 0, 'the cut');
    const other = await crowd.login();
    letGo();
    await waitFor(() => crowd.refusals.filter(({ kind }) => kind === 'full').length === 2, 'two refusals');
    await crowd.leave(other);
    await waitFor(() => connection.handshakeDone, 'its return');
    expect(lost).toEqual([first]);
    expect(crowd.sessions).toBe(1);
  });
});

describe('a session that another process has stored', () => {
  const stored = (name: string | null): ServerOptions['sessionStorageProvider'] => {
    const session = new Session(null, name, 'stored');
    return { get: (id) => (id === 'stored' ? session : undefined), set: () => undefined };
  };

  test('is resumed where there is room', async () => {
    const crowd = await Crowd.start({ maxSessions: 2 }, { sessionStorageProvider: stored('ann') });
    await crowd.login('bob');
    const peer = await crowd.resume({ id: 'stored' } as Client);
    expect(await peer.received(1)).toEqual(['{handshake:[0],ok:0}']);
    expect(crowd.sessions).toBe(2);
  });

  test('is not lost where there is none: its client is told nothing, and asks again', async () => {
    const crowd = await Crowd.start({ maxSessions: 1 }, { sessionStorageProvider: stored('ann') });
    const other = await crowd.login('bob');
    const early = await crowd.resume({ id: 'stored' } as Client);
    await early.end();
    expect(early.messages).toEqual([]);
    expect(crowd.refusals).toEqual([expect.objectContaining({ kind: 'full', code: undefined })]);
    await crowd.leave(other);
    const peer = await crowd.resume({ id: 'stored' } as Client);
    expect(await peer.received(1)).toEqual(['{handshake:[0],ok:0}']);
    expect(crowd.sessions).toBe(1);
  });
});

test('a store that does not answer is asked for limits.maxPendingHandshakes sessions at once, though their clients go', async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const sessionStorageProvider: ServerOptions['sessionStorageProvider'] = {
    get: (id) => {
      asked.push(id);
      return new Promise<undefined>((resolve) => answers.push(() => resolve(undefined)));
    },
    set: () => undefined,
  };
  const crowd = await Crowd.start({ maxPendingHandshakes: 3 }, { sessionStorageProvider });
  for (const id of ['a', 'b', 'c']) {
    const peer = await crowd.resume({ id } as Client);
    await waitFor(() => asked.includes(id), 'the question');
    peer.destroy();
    await crowd.arena.hasRead();
  }
  const fourth = await crowd.resume({ id: 'd' } as Client);
  await fourth.end();
  expect([fourth.messages, asked]).toEqual([[], ['a', 'b', 'c']]);
  answers[0]?.();
  const fifth = await crowd.resume({ id: 'e' } as Client);
  await waitFor(() => asked.length === 4, 'the next question');
  answers.at(-1)?.();
  expect((await fifth.received(1))[0]).toBe(LOST);
});

describe('a client that comes back from another address', () => {
  /** Their addresses are what the test says. */
  async function start(): Promise<[crowd: Crowd, from: (address: string) => void]> {
    let next = '';
    const options: Partial<NetServerOptions> = { clientAddress: () => next };
    const crowd = await Crowd.start({ maxSessionsPerAddress: 1 }, options);
    return [crowd, (address) => (next = address)];
  }

  test('counts there from now on', async () => {
    const [crowd, from] = await start();
    from('2001:db8::1');
    const ann = await crowd.away('ann');
    from('192.0.2.1');
    expect((await (await crowd.resume(ann)).received(1))[0]).toBe('{handshake:[0],ok:0}');
    expect((await crowd.ask('bob')).messages).toEqual([TOO_MANY]);
    from('2001:db8::2');
    expect((await crowd.ask('bob')).messages[0]).toMatch(/ok:'/);
    expect((await crowd.ask('eve')).messages).toEqual([TOO_MANY]);
    expect(crowd.sessions).toBe(2);
  });

  test('is told nothing where that has no room, and keeps its session', async () => {
    const [crowd, from] = await start();
    from('192.0.2.1');
    const ann = await crowd.away('ann');
    from('192.0.2.2');
    const bob = await crowd.login('bob');
    const early = await crowd.resume(ann);
    await early.end();
    expect(early.messages).toEqual([]);
    expect(crowd.refusals).toEqual([expect.objectContaining({ kind: 'full', code: undefined })]);
    bob.peer.destroy();
    from('192.0.2.1');
    expect(await crowd.isKept(ann)).toBe(true);
  });
});

/** A store that keeps nothing: what is away is at the server alone. */
function nowhere(): ServerOptions['sessionStorageProvider'] {
  return { get: () => undefined, set: () => undefined };
}

test('a session of the memory store whose resume is refused is purged when its time is over', async () => {
  const store = new SimpleSessionStorageProvider<Connection>(50, 10);
  closing.add(() => store.clear());
  const crowd = await Crowd.start({}, { sessionStorageProvider: store });
  store.set('away', new Session<Connection>(null, null, 'away')).setInactive('away');
  // It counts more as received than the session has sent.
  const peer = await crowd.arena.guest("{handshake:[0,'app'],session:['away',7]}");
  expect(peer.messages).toEqual([LOST]);
  await waitFor(() => store.size === 0, 'the purge');
});

test('clients in memory have no address, which would have limits', async () => {
  const entry = createMemoryEntry();
  const limits = { maxSessionsPerAddress: 1, maxFailedLoginsPerAddress: 1 };
  const server = entry.createServer({ applications: [new Application('app', {})], limits });
  closing.add(() => server.closeConnections());
  await new Promise<void>((resolve) => server.listen(1, resolve));
  closing.add(() => server.close());
  const clients = [await entry.connect('app', null, 1), await entry.connect('app', null, 1)];
  expect(server.getClientsArray().map(({ remoteAddress }) => remoteAddress)).toEqual([undefined, undefined]);
  for (const client of clients) client.close();
});
