import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  Application,
  SimpleConnectPolicy,
  type AuthPolicyFunction,
  type Connection,
  type Selection,
  type Server,
  type ServerOptions,
} from '../../lib/core.js';
import { lifecycleOf } from '../../lib/connection/lifecycle.js';
import type { CountedEvent, EventSource } from '../../lib/server/rooms/counted-event.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { ALL_EXTENSIONS } from '../support/core.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const entry = createMemoryEntry();

const BY_NAME: AuthPolicyFunction = (_connection, _application, _strategy, credentials, callback) =>
  callback(null, (credentials as string[])[0]);

interface Client {
  readonly connection: Connection;
  /** The server's side of it. */
  readonly peer: Connection;
  readonly events: unknown[];
  readonly answer: { calls: number; run: () => unknown };
}

class World {
  readonly server: Server;
  readonly port: number;
  /** Who came and went: `joined kitchen ann join`. */
  readonly log: string[] = [];

  constructor(options: Partial<ServerOptions> = {}) {
    this.server = entry.createServer({
      applications: [new Application('app', {})],
      extensions: ALL_EXTENSIONS,
      authPolicy: BY_NAME,
      ...options,
    });
    this.server.on('connectionError', () => undefined);
    for (const event of ['joined', 'left'] as const) {
      this.server.on(event, (room, { username }, reason) => {
        this.log.push(`${event} ${room} ${String(username)} ${reason}`);
      });
    }
    this.server.listen(0);
    this.port = (this.server.address() as { port: number }).port;
    closing.add(() => {
      this.server.closeConnections();
      this.server.close();
    });
  }

  async client(name?: string, ...rooms: string[]): Promise<Client> {
    const answer = { calls: 0, run: (): unknown => name };
    const application = new Application<Connection>('side', {
      screen: {
        ask: (_connection: Connection, done: (error: unknown, result?: unknown) => void) => {
          answer.calls += 1;
          void Promise.resolve(answer.run()).then(
            (result) => done(null, result),
            (error: unknown) => done(error),
          );
        },
      },
    });
    const policy = name === undefined ? {} : { connectPolicy: new SimpleConnectPolicy(name, 'password') };
    const options = { ...policy, application, extensions: ALL_EXTENSIONS, reconnector: () => undefined };
    const connection = await within(entry.connect('app', options, this.port), 'a client');
    const events: unknown[] = [];
    connection.on('event', (_interfaceName, event, args) => events.push([event, ...(args as unknown[])]));
    closing.add(() => connection.close());
    const peer = this.server.getClientsArray().find(({ session }) => session?.id === connection.session?.id);
    if (!peer) throw new Error('The server does not know the client');
    for (const room of rooms) this.server.rooms.join(peer, room);
    return { connection, peer, events, answer };
  }

  async goAway({ connection, peer }: Client): Promise<void> {
    cutLine(connection);
    await waitFor(() => !peer.handshakeDone, 'the end of the line');
  }

  async comeBack({ connection }: Client): Promise<void> {
    await within(entry.reconnect(connection, this.port), 'the resume');
  }

  /** Waits until all that was sent has come. */
  async settle(...clients: Client[]): Promise<void> {
    await Promise.all(clients.map(({ peer }) => within(peer.ping(), 'a pong')));
  }
}

describe('an event to rooms', () => {
  test('reaches their members, each once, and nobody else', async () => {
    const world = new World();
    const [both, one, none] = [
      await world.client('ann', 'a', 'b'),
      await world.client('bob', 'b'),
      await world.client('carl'),
    ];
    world.server.to('a').to('b').emit('chat', 'said', 1);
    world.server.to('a', 'b', 'a').emit('chat', 'said', 2);
    world.server.to('nowhere').emit('chat', 'said', 3);
    world.server.to().emit('chat', 'said', 4);
    world.server.to('a').toUser('carl', 'ann').emit('chat', 'said', 5);
    await world.settle(both, one, none);
    const said = (...values: number[]): unknown[] => values.map((value) => ['said', value]);
    expect([both.events, one.events, none.events]).toEqual([said(1, 2, 5), said(1, 2), said(5)]);
  });

  test('leaves out rooms, connections, sessions and what has a connection', async () => {
    const world = new World();
    const clients = [
      await world.client('ann', 'a', 'quiet'),
      await world.client('bob', 'a'),
      await world.client('carl', 'a'),
      await world.client('dora', 'a'),
    ];
    const [, bob, carl, dora] = clients;
    world.server.to('a').except('quiet').except(bob.peer).emit('chat', 'said', 1);
    if (!carl.peer.session) throw new Error('no session');
    world.server
      .except('quiet', carl.peer.session, { getConnection: () => bob.peer })
      .emit('chat', 'said', 2);
    world.server.toUser('dora').except(dora.peer).emit('chat', 'said', 3);
    world.server.toUser('dora').to('quiet').emit('chat', 'said', 4);
    await world.settle(...clients);
    expect(clients.map(({ events }) => events)).toEqual([
      [['said', 4]],
      [],
      [['said', 1]],
      [
        ['said', 1],
        ['said', 2],
        ['said', 4],
      ],
    ]);
    expect(() => world.server.except(undefined as never)).toThrow(
      'except must be the name of a room, a context',
    );
    expect(() => world.server.to(undefined as never)).toThrow('room must be the name of a room');
    expect(() => world.server.toUser(null as never)).toThrow('username must be the name of a user');
  });

  test('reaches a member who is away, in order with what else comes', async () => {
    const world = new World();
    const ann = await world.client('ann', 'a');
    world.server.to('a').emit('chat', 'said', 1);
    await world.goAway(ann);
    world.server.to('a').emit('chat', 'said', 2);
    ann.peer.emitRemoteEvent('chat', 'whispered', [3]);
    expect(world.server.rooms.who('a').sessions).toEqual([
      { id: ann.peer.session?.publicId, username: 'ann', isAway: true },
    ]);
    await world.comeBack(ann);
    world.server.toUser('ann').emit('chat', 'said', 4);
    await world.settle(ann);
    expect(ann.events).toEqual([
      ['said', 1],
      ['said', 2],
      ['whispered', 3],
      ['said', 4],
    ]);
    expect(world.log).toEqual(['joined a ann join']);
  });

  test('that cannot be sent is an error of the sender, and no client hears of it', async () => {
    const world = new World();
    const ann = await world.client('ann', 'a');
    const errors = jest.fn();
    ann.peer.on('error', errors);
    expect(() => world.server.to('a').emit('chat', 'said', 1n)).toThrow('bigint');
    expect(errors).not.toHaveBeenCalled();
  });

  test('writes its arguments once, however many members there are, and large ones as well', async () => {
    const world = new World();
    const clients = [];
    for (let count = 0; count < 3; count++) clients.push(await world.client(undefined, 'a'));
    const toJSON = jest.fn(() => 'x');
    const large = 'y'.repeat(100_000);
    world.server.to('a').emit('chat', 'said', { toJSON }, large);
    world.server.to('a').emit('chat', 'alone', large);
    world.server.broadcast('chat', 'said', { toJSON });
    await world.settle(...clients);
    for (const { events } of clients)
      expect(events).toEqual([
        ['said', 'x', large],
        ['alone', large],
        ['said', 'x'],
      ]);
    expect(toJSON).toHaveBeenCalledTimes(2);
  });
});

describe('membership', () => {
  test('ends with a leave and with the session, and is told once', async () => {
    const world = new World();
    const [ann, bob] = [await world.client('ann', 'a', 'b'), await world.client('bob', 'a')];
    const { rooms } = world.server;
    expect([rooms.hasAny({ users: ['ann'] }), rooms.hasAny({ rooms: ['c'] })]).toEqual([true, false]);
    expect(rooms.join(ann.peer, 'a')).toBe(false);
    expect([rooms.leave(ann.peer, 'b'), rooms.leave(ann.peer, 'b')]).toEqual([true, false]);
    expect([[...rooms.names()], rooms.size, rooms.count('a'), rooms.count('b')]).toEqual([['a'], 1, 2, 0]);
    ann.connection.close();
    await waitFor(() => rooms.count('a') === 1, 'the end of the session');
    expect(rooms.join(ann.peer, 'late')).toBe(false);
    expect([[...(ann.peer.session?.rooms ?? [])], rooms.hasAny({ users: ['ann'] })]).toEqual([[], false]);
    world.server.to('a').emit('chat', 'said', 1);
    await world.settle(bob);
    expect(bob.events).toEqual([['said', 1]]);
    expect(world.log).toEqual([
      'joined a ann join',
      'joined b ann join',
      'joined a bob join',
      'left b ann leave',
      'left a ann end',
    ]);
    world.server.closeConnections();
    expect([rooms.size, world.log.at(-1)]).toEqual([0, 'left a bob end']);
  });

  test('ends where the client stays away for too long, and is there again when the session comes back', async () => {
    const world = new World({ clientExpirationTime: 20 });
    const anonymous = await world.client(undefined, 'a');
    const ann = await world.client('ann', 'a');
    await world.goAway(ann);
    await world.goAway(anonymous);
    await waitFor(() => world.server.rooms.size === 0, 'the expiry');
    world.server.toUser('ann').emit('chat', 'said', 'to nobody');
    await world.comeBack(ann);
    await world.comeBack(anonymous);
    world.server.to('a').emit('chat', 'said', 1);
    world.server.toUser('ann').emit('chat', 'said', 2);
    await waitFor(() => ann.events.length === 2 && anonymous.events.length === 1, 'the events');
    expect([ann.events, anonymous.events]).toEqual([
      [
        ['said', 1],
        ['said', 2],
      ],
      [['said', 1]],
    ]);
    expect(world.log.slice(2)).toEqual([
      'left a ann expire',
      'left a null expire',
      'joined a ann resume',
      'joined a null resume',
    ]);
  });

  test('of a session that ends while it comes back is told by nothing', async () => {
    const world = new World({ clientExpirationTime: 20 });
    const ann = await world.client('ann', 'a');
    await world.goAway(ann);
    await waitFor(() => world.server.rooms.size === 0, 'the expiry');
    world.server.on('restoreSession', () => world.server.closeConnections());
    await world.comeBack(ann).catch(() => undefined);
    expect([world.log, world.server.rooms.size]).toEqual([['joined a ann join', 'left a ann expire'], 0]);
  });

  test('needs a login, and a name that is allowed', async () => {
    const world = new World({
      limits: { maxRoomNameLength: 3 },
      authPolicy: (connection, _application, _strategy, _credentials, callback) => {
        expect(() => world.server.rooms.join(connection, 'a')).toThrow('once it has logged in');
        callback(null, 'ann');
      },
    });
    const { peer } = await world.client('ann');
    expect(world.server.rooms.join(peer, 'abc')).toBe(true);
    for (const name of ['abcd', '', undefined, 1])
      expect(() => world.server.rooms.join(peer, name as string)).toThrow(
        'room must be a text of 1 to 3 characters',
      );
  });

  test.each([
    ['maxRoomsPerSession', 'The session is in as many rooms as limits.maxRoomsPerSession allows (2)'],
    ['maxRooms', 'The server has as many rooms as limits.maxRooms allows (2)'],
  ] as const)('is refused beyond %s, and then changes nothing', async (limit, text) => {
    const world = new World({ limits: { [limit]: 2 } });
    const { peer } = await world.client('ann', 'a', 'b');
    const refused = (): unknown => world.server.rooms.join(peer, 'c');
    expect(refused).toThrow(text);
    expect(refused).toThrow(expect.objectContaining({ code: 'ERR_JSTP_TOO_MANY_ROOMS' }));
    expect([...(peer.session?.rooms ?? [])]).toEqual(['a', 'b']);
    expect(world.server.rooms.join(peer, 'a')).toBe(false);
    const { peer: other } = await world.client('bob', 'a');
    expect(world.server.rooms.count('a')).toBe(2);
    world.server.rooms.leave(peer, 'b');
    expect(world.server.rooms.join(other, 'c')).toBe(true);
  });
});

describe('events of several servers', () => {
  /** Events as a broadcaster has them. */
  class Source implements EventSource {
    readonly events: CountedEvent[] = [];

    constructor(public position: number | undefined) {}

    since(position: number): CountedEvent[] {
      return this.events.filter(({ number }) => number > position);
    }

    next(server: Server, selection: Selection, value: number): void {
      this.position = (this.position ?? 0) + 1;
      const event = { number: this.position, selection, interfaceName: 'chat', event: 'said', args: [value] };
      this.events.push(event);
      server.rooms.deliver(event, this);
    }
  }

  /** A client goes away, and its session is here no more. After it has come back once, it has another peer. */
  async function expire(world: World, { connection }: Client): Promise<void> {
    const before = [...world.server.getReachableClients()].length;
    cutLine(connection);
    await waitFor(() => [...world.server.getReachableClients()].length < before, 'the expiry');
  }

  test('are sent to a session that was at none meanwhile, as far as they are for it', async () => {
    const world = new World({ clientExpirationTime: 20 });
    const source = new Source(7);
    world.server.rooms.follow(source);
    const [ann, bob] = [await world.client('ann', 'a', 'b'), await world.client('bob', 'a')];
    source.next(world.server, { rooms: ['a'] }, 1);
    await expire(world, ann);
    source.next(world.server, { rooms: ['a'] }, 2);
    source.next(world.server, { rooms: ['c'] }, 3);
    source.next(world.server, { users: ['ann'] }, 4);
    source.next(world.server, { users: ['bob'], rooms: [] }, 5);
    source.next(world.server, { rooms: ['a'], exceptRooms: ['b'] }, 6);
    source.next(world.server, { exceptSessions: [bob.peer.session?.publicId ?? ''] }, 7);
    source.next(world.server, { rooms: ['a'], exceptSessions: [ann.peer.session?.publicId ?? ''] }, 8);
    await world.comeBack(ann);
    source.next(world.server, { rooms: ['a'] }, 9);
    await waitFor(() => ann.events.length >= 5, 'the events');
    await world.settle(bob);
    const said = (...values: number[]): unknown[] => values.map((value) => ['said', value]);
    expect([ann.events, bob.events]).toEqual([said(1, 2, 4, 7, 9), said(1, 2, 5, 6, 8, 9)]);
  });

  test('are sent once to a session that comes from a server where more had come', async () => {
    const world = new World({ clientExpirationTime: 20 });
    const ann = await world.client('ann', 'a');
    const bob = await world.client('bob', 'a');
    const early = new Source(9);
    world.server.rooms.follow(early);
    await expire(world, ann);
    const late = new Source(7);
    world.server.rooms.unfollow(early);
    world.server.rooms.follow(late);
    await world.comeBack(ann);
    late.next(world.server, { rooms: ['a'] }, 8);
    // One with numbers of its own, which does not count.
    const other = new Source(1);
    world.server.rooms.follow(other);
    other.next(world.server, { users: ['ann'] }, 0);
    world.server.rooms.unfollow(other);
    // It goes on with what it had, and comes back.
    await expire(world, ann);
    await world.comeBack(ann);
    late.next(world.server, { rooms: ['a'] }, 9);
    late.next(world.server, { rooms: ['a'] }, 10);
    await waitFor(() => ann.events.length > 1, 'the events');
    await world.settle(bob);
    expect([ann.events, bob.events]).toEqual([
      [
        ['said', 0],
        ['said', 10],
      ],
      [
        ['said', 8],
        ['said', 9],
        ['said', 10],
      ],
    ]);
  });
});

describe('presence', () => {
  test('lists users and sessions, up to a number', async () => {
    const world = new World();
    const clients = [
      await world.client('ann', 'a'),
      await world.client('ann', 'a'),
      await world.client(undefined, 'a'),
    ];
    const sessions = clients.map(({ peer }) => ({
      id: peer.session?.publicId,
      username: peer.username,
      isAway: false,
    }));
    const { rooms } = world.server;
    expect(rooms.who('a')).toEqual({ users: ['ann'], sessions, count: 3, isComplete: true });
    expect(rooms.who('a', 1)).toEqual({
      users: ['ann'],
      sessions: sessions.slice(0, 1),
      count: 3,
      isComplete: false,
    });
    expect(rooms.who('b')).toEqual({ users: [], sessions: [], count: 0, isComplete: true });
    expect(() => rooms.who('a', -1)).toThrow('maxListed must be an integer from 0');
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(3);
    expect(clients.map(({ peer }) => peer.session?.id)).not.toContain(sessions[0].id);
  });
});

describe('a call to a user', () => {
  test("gives the first result of the user's sessions, and cancels the other calls", async () => {
    const world = new World();
    const [slow, quick, other] = [
      await world.client('ann'),
      await world.client('ann'),
      await world.client('bob'),
    ];
    slow.answer.run = () => new Promise(() => undefined);
    quick.answer.run = () => 42;
    expect(await within(world.server.toUser('ann').call('screen', 'ask'), 'an answer')).toBe(42);
    expect([slow.answer.calls, quick.answer.calls, other.answer.calls]).toEqual([1, 1, 0]);
    expect(lifecycleOf(slow.peer).channel.outgoingCalls.size).toBe(0);
    expect(
      await within(world.server.toUser('ann').except(slow.peer).call('screen', 'ask'), 'an answer'),
    ).toBe(42);
    expect(slow.answer.calls).toBe(1);
  });

  test('fails with the first error where all fail, and with -9 where there is no session', async () => {
    const world = new World();
    await world.client('ann');
    await expect(world.server.toUser('ann').call('screen', 'missing')).rejects.toMatchObject({ code: 14 });
    await expect(world.server.toUser('bob').call('screen', 'ask')).rejects.toMatchObject({ code: -9 });
  });
});
