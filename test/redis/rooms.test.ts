import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  SimpleConnectPolicy,
  type AuthPolicyFunction,
  type Connection,
  type Server,
} from '../../lib/core.js';
import { lifecycleOf } from '../../lib/connection/lifecycle.js';
import { RedisBroadcaster, RedisSessionStorageProvider } from '../../lib/redis/index.js';
import { createMemoryEntry } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { ALL_EXTENSIONS } from '../support/core.js';
import { waitFor, within } from '../support/wait-for.js';
import { PACKAGES, RedisServer, type PackageName } from './redis-server.js';

let closing: Closing;
let redisServer: RedisServer;
beforeEach(async () => {
  closing = new Closing();
  redisServer = await RedisServer.start(closing);
});
afterEach(() => closing.run());

const BY_NAME: AuthPolicyFunction = (_connection, _application, _strategy, credentials, callback) =>
  callback(null, (credentials as string[])[0]);

interface Client {
  readonly connection: Connection;
  readonly peer: Connection;
  readonly said: unknown[];
  readonly answer: { run: () => unknown };
}

/** One of several servers of this process, with a broadcaster of its own. */
class Site {
  private constructor(
    readonly server: Server,
    readonly broadcaster: RedisBroadcaster,
    readonly errors: readonly unknown[],
    private readonly entry: ReturnType<typeof createMemoryEntry>,
  ) {}

  static async start(name: PackageName, entry = createMemoryEntry(), isShared = false): Promise<Site> {
    const { redis } = await redisServer.connect(name);
    const server = entry.createServer({
      applications: [new Application('app', {})],
      authPolicy: BY_NAME,
      extensions: ALL_EXTENSIONS,
      ...(isShared && { sessionStorageProvider: new RedisSessionStorageProvider(redis) }),
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const errors: unknown[] = [];
    const broadcaster = new RedisBroadcaster(redis, {
      answerTimeoutMs: 300,
      onError: (error) => errors.push(error),
    });
    await broadcaster.attach(server);
    closing.add(async () => {
      broadcaster.close();
      await server.drain();
      server.close();
    });
    return new Site(server, broadcaster, errors, entry);
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  async client(name: string, ...rooms: string[]): Promise<Client> {
    const answer = { run: (): unknown => `${name} says yes` };
    const application = new Application<Connection>('side', {
      screen: {
        ask: (_connection: Connection, done: (error: unknown, result?: unknown) => void) => {
          void Promise.resolve(answer.run()).then(
            (result) => done(null, result),
            (error: unknown) => done(error),
          );
        },
      },
    });
    const options = {
      connectPolicy: new SimpleConnectPolicy(name, 'password'),
      application,
      extensions: ALL_EXTENSIONS,
      reconnector: () => undefined,
    };
    const connection = await within(this.entry.connect('app', options, this.port), 'a client');
    const said: unknown[] = [];
    connection.on('event', (_interfaceName, _event, args) => said.push(...(args as unknown[])));
    closing.add(() => connection.close());
    const peer = this.server.getClientsArray().find(({ session }) => session?.id === connection.session?.id);
    if (!peer) throw new Error('The server does not know the client');
    for (const room of rooms) this.server.rooms.join(peer, room);
    return { connection, peer, said, answer };
  }
}

/** What was sent by now has come, where a mark that follows it has. */
async function allCame(sites: readonly Site[], clients: readonly Client[]): Promise<void> {
  for (const { broadcaster } of sites) await broadcaster.broadcast('marks', 'mark', 'MARK');
  await waitFor(
    () => clients.every(({ said }) => said.filter((value) => value === 'MARK').length === sites.length),
    'the marks',
  );
  for (const { said } of clients) said.splice(0, said.length, ...said.filter((value) => value !== 'MARK'));
}

describe.each(PACKAGES)('over %s', (name) => {
  test('rooms and users are those of all servers', async () => {
    const [here, there] = [await Site.start(name), await Site.start(name)];
    const ann = await here.client('ann', 'a', 'b');
    const bob = await there.client('bob', 'a', 'b');
    const annThere = await there.client('ann', 'b');
    const clients = [ann, bob, annThere];
    await here.broadcaster.to('a', 'b').emit('chat', 'said', 1);
    await here.broadcaster.to('a').except(ann.peer).emit('chat', 'said', 2);
    await there.broadcaster.except('a').emit('chat', 'said', 3);
    await there.broadcaster.toUser('ann').except(annThere.peer).emit('chat', 'said', 4);
    await there.broadcaster.to('a').toUser('ann').emit('chat', 'said', 5);
    await there.broadcaster.to().emit('chat', 'said', 6);
    here.server.to('b').emit('chat', 'said', 7);
    await allCame([here, there], clients);
    // What comes from two servers comes in the order in which Redis has got it.
    expect(clients.map(({ said }) => [...said].sort())).toEqual([
      [1, 4, 5, 7],
      [1, 2, 5],
      [1, 3, 5],
    ]);
    expect([...here.errors, ...there.errors]).toEqual([]);

    const presence = await here.broadcaster.who('b');
    expect([...presence.users].sort()).toEqual(['ann', 'bob']);
    expect(presence.sessions.map(({ id }) => id).sort()).toEqual(
      clients.map(({ peer }) => peer.session?.publicId).sort(),
    );
    expect([presence.count, presence.isComplete]).toEqual([3, true]);
    const some = await there.broadcaster.who('b', 1);
    expect([some.sessions.length, some.count, some.isComplete]).toEqual([1, 3, false]);
    const nobody = await there.broadcaster.who('nowhere');
    expect(nobody).toEqual({ users: [], sessions: [], count: 0, isComplete: true });
  });

  test('a call to a user gives the first result, at whichever server the user is', async () => {
    const [here, there] = [await Site.start(name), await Site.start(name)];
    const slow = await here.client('ann');
    const quick = await there.client('ann');
    let isAsked = false;
    slow.answer.run = () => {
      isAsked = true;
      return new Promise(() => undefined);
    };
    const call = (user: string, method = 'ask'): Promise<unknown> =>
      within(here.broadcaster.toUser(user).call('screen', method), 'an outcome');
    expect(await call('ann')).toBe('ann says yes');
    // The other call is given up.
    await waitFor(() => isAsked, 'the other call');
    const isGivenUp = (): boolean => lifecycleOf(slow.peer).channel.outgoingCalls.size === 0;
    // Before its time is over, which is ten seconds.
    await waitFor(isGivenUp, 'the end of the other call', 5000);
    await expect(call('ann', 'missing')).rejects.toMatchObject({ code: 14 });
    await expect(call('carl')).rejects.toMatchObject({ code: -9 });
    quick.connection.close();
    await waitFor(() => there.server.getClientsArray().length === 0, 'the end of the client');
    await expect(
      here.broadcaster.callAny({ users: ['ann'] }, 'screen', 'ask', [], { timeout: 200 }),
    ).rejects.toMatchObject({ code: -7 });
  });
});

test('a server that does not answer is left out in time, and one that has gone is not asked', async () => {
  const [here, there] = [await Site.start('redis'), await Site.start('redis')];
  await here.client('ann', 'a');
  await there.client('bob', 'a');
  const { redis } = redisServer.ioRedis();
  await redis.hset('{jstp}:broadcast:servers', 'ghost', '');
  await redis.set('{jstp}:broadcast:server:ghost', '', 'PX', 60_000);
  const presence = await within(here.broadcaster.who('a'), 'an answer');
  expect([presence.count, presence.isComplete]).toEqual([2, false]);
  await redis.del('{jstp}:broadcast:server:ghost');
  there.broadcaster.close();
  await waitFor(async () => (await redis.hlen('{jstp}:broadcast:servers')) === 1, 'the word of the end');
  const rest = await within(here.broadcaster.who('a'), 'an answer');
  expect([rest.users, rest.count, rest.isComplete]).toEqual([['ann'], 1, true]);
  await expect(there.broadcaster.who('a')).rejects.toMatchObject({ code: 'ERR_JSTP_CLOSED' });
});

test('a session that moves to another server stays in its rooms, and gets what was sent meanwhile once', async () => {
  const entry = createMemoryEntry();
  const here = await Site.start('redis', entry, true);
  const there = await Site.start('redis', entry, true);
  const log: string[] = [];
  for (const [name, { server }] of Object.entries({ here, there })) {
    server.on('joined', (room, _connection, reason) => log.push(`${name}: joined ${room} ${reason}`));
    server.on('left', (room, _connection, reason) => log.push(`${name}: left ${room} ${reason}`));
  }
  const ann = await here.client('ann', 'a', 'b');
  const bob = await there.client('bob', 'a');
  here.server.rooms.leave(ann.peer, 'b');
  await there.broadcaster.to('a').emit('chat', 'said', 1);
  await waitFor(() => ann.said.length === 1, 'the first event');
  const publicId = ann.peer.session?.publicId;
  await within(here.server.drain(), 'the end of a server');
  await there.broadcaster.to('a').emit('chat', 'said', 2);
  await there.broadcaster.toUser('ann').emit('chat', 'said', 3);
  await there.broadcaster.to('b').emit('chat', 'said', 4);
  await waitFor(() => bob.said.length === 2, 'the events');
  await within(entry.reconnect(ann.connection, there.port), 'the resume');
  await there.broadcaster.to('a').emit('chat', 'said', 5);
  await waitFor(() => ann.said.length >= 4 && bob.said.length >= 3, 'the last event');
  expect([ann.said, bob.said]).toEqual([
    [1, 2, 3, 5],
    [1, 2, 5],
  ]);
  const presence = await there.broadcaster.who('a');
  expect(presence.sessions.map(({ id }) => id)).toContain(publicId);
  expect(log).toEqual([
    'here: joined a join',
    'here: joined b join',
    'there: joined a join',
    'here: left b leave',
    'here: left a move',
    'there: joined a resume',
  ]);
});

test('what is no message between servers is reported, and selects nobody', async () => {
  const site = await Site.start('redis');
  const ann = await site.client('ann', 'a');
  const { redis } = redisServer.ioRedis();
  const event = "interfaceName:'chat',event:'said',args:[1]";
  const BAD = [
    `{kind:'event',selection:{},${event}}`,
    `1 {kind:'event',selection:null,${event}}`,
    `1 {kind:'event',selection:{room:['b']},${event}}`,
    `1 {kind:'event',selection:{rooms:[1]},${event}}`,
    `1 {kind:'event',selection:{rooms:'a'},${event}}`,
    `1 {kind:'event',selection:{},interfaceName:'chat',event:'said'}`,
    `1 {kind:'event',selection:{},metadata:1,${event}}`,
    "{kind:'who',id:'x',from:'y',maxListed:1}",
    "{kind:'who',id:'x',from:'y',room:'a',maxListed:-1}",
    "{kind:'call',id:'x',from:'y',selection:{},interfaceName:'i',method:'m',args:[]}",
    "{kind:'drop'}",
    "{kind:'other'}",
  ];
  for (const text of BAD) await redis.publish('{jstp}:broadcast', text);
  await waitFor(() => site.errors.length === BAD.length, 'a report of each');
  await redis.publish('{jstp}:broadcast', "{kind:'drop',id:'unknown'}");
  await allCame([site], [ann]);
  expect(ann.said).toEqual([]);
  expect(site.errors).toHaveLength(BAD.length);
});
