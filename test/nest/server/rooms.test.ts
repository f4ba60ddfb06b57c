import { describe, expect, jest, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import {
  JstpArgs,
  JstpClient,
  JstpContext,
  JstpModule,
  JstpRecordBuilder,
  JstpRooms,
  JstpServer,
  type Presence,
  type RoomsBroadcaster,
} from '../../../lib/index.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd, Service } from './fixture.js';

@Controller()
class RoomsController {
  constructor(private readonly rooms: JstpRooms) {}

  @MessagePattern('rooms.enter')
  enter(@Payload() room: string, @Ctx() context: JstpContext): string[] {
    context.join(room);
    return [...context.getRooms()];
  }

  @MessagePattern('rooms.exit')
  exit(@Payload() room: string, @Ctx() context: JstpContext): boolean {
    return context.leave(room);
  }

  @MessagePattern('rooms.say')
  async say(
    @Payload() { room, text }: { room: string; text: string },
    @Ctx() context: JstpContext,
  ): Promise<void> {
    await this.rooms.to(room).except(context).emit('rooms', 'said', text);
  }

  @MessagePattern('rooms.who')
  who(@Payload() room: string): Promise<Presence> {
    return this.rooms.who(room);
  }

  @MessagePattern('rooms.ask')
  ask(@Payload() name: string): Promise<unknown> {
    return this.rooms.toUser(name).call('screen', 'ask', 'sure?');
  }
}

async function start(broadcaster?: RoomsBroadcaster): Promise<{ service: Service; rooms: JstpRooms }> {
  const app = await NestFactory.create(
    moduleOf({
      imports: [
        JstpModule.forRoot({
          host: LOOPBACK,
          port: 0,
          broadcaster,
          authPolicy: (_connection, _application, _strategy, credentials, callback) =>
            callback(null, (credentials as string[])[0]),
        }),
      ],
      controllers: [RoomsController],
    }),
    QUIET,
  );
  const server = app.get(JstpServer);
  app.connectMicroservice({ strategy: server });
  await within(app.startAllMicroservices(), 'the start');
  atEnd(() => app.close());
  return { service: new Service(app as never, server), rooms: app.get(JstpRooms) };
}

/** A client, and the events that it gets. */
async function clientOf(service: Service, login: string): Promise<{ client: JstpClient; said: unknown[] }> {
  const client = new JstpClient({ host: LOOPBACK, port: service.port, login, password: 'x' });
  const said: unknown[] = [];
  client.fromEvent('rooms', 'said').subscribe((value) => said.push(value));
  client.expose({ screen: { ask: (question: string) => `${login}: ${question}` } });
  await within(client.connect(), 'a client');
  atEnd(() => client.close());
  return { client, said };
}

const call = <T = unknown>(client: JstpClient, pattern: string, data: unknown): Promise<T> =>
  within(firstValueFrom(client.send<T>(pattern, data), { defaultValue: undefined as T }), pattern);

describe('rooms in handlers', () => {
  test('are joined and left by the context, and get what a provider sends', async () => {
    const { service, rooms } = await start();
    const log: unknown[] = [];
    rooms.on('joined', (room, { username }, reason) => log.push(['joined', room, username, reason]));
    service.server.on('left', (room, { username }, reason) => log.push(['left', room, username, reason]));
    const [ann, bob] = [await clientOf(service, 'ann'), await clientOf(service, 'bob')];
    expect(await call(ann.client, 'rooms.enter', 'a')).toEqual(['a']);
    expect(await call(bob.client, 'rooms.enter', 'a')).toEqual(['a']);
    expect(await call(bob.client, 'rooms.enter', 'b')).toEqual(['a', 'b']);
    await call(ann.client, 'rooms.say', { room: 'a', text: 'not to ann' });
    const presence = await call<Presence>(ann.client, 'rooms.who', 'a');
    expect([presence.users, presence.count, presence.isComplete]).toEqual([['ann', 'bob'], 2, true]);
    service.server.to('a', 'b').emit('rooms', 'said', 'to all');
    service.server.toUser('ann').emit('rooms', 'said', 'to ann');
    service.server.except('b').emit('rooms', 'said', 'to a');
    await rooms.except('a').emit('rooms', 'said', 'to nobody');
    expect(await call(ann.client, 'rooms.ask', 'bob')).toBe('bob: sure?');
    expect(await within(service.server.toUser('ann').call('screen', 'ask', '?'), 'an answer')).toBe('ann: ?');
    await expect(call(ann.client, 'rooms.ask', 'carl')).rejects.toMatchObject({
      message: 'Internal server error',
    });
    expect(await call(bob.client, 'rooms.exit', 'b')).toBe(true);
    expect(await call(bob.client, 'rooms.exit', 'b')).toBe(false);
    expect([ann.said, bob.said]).toEqual([
      ['to all', 'to ann', 'to a'],
      ['not to ann', 'to all'],
    ]);
    await bob.client.close();
    await waitFor(() => log.length === 5, 'the events');
    expect(log.slice(1)).toEqual([
      ['joined', 'a', 'bob', 'join'],
      ['joined', 'b', 'bob', 'join'],
      ['left', 'b', 'bob', 'leave'],
      ['left', 'a', 'bob', 'end'],
    ]);
  });

  test('get a record with its metadata, of a broadcast as well', async () => {
    const { service, rooms } = await start();
    const connection = await service.connect('jstp', { extensions: ['nest'] }, 'ann', 'x');
    const messages: string[] = [];
    connection.on('incomingMessage', (message) => messages.push(JSON.stringify(message)));
    const [peer] = service.server.getClients();
    rooms.join(peer, 'a');
    const record = new JstpRecordBuilder(JstpArgs.of(1, 2)).setMetadata({ locale: 'de' }).build();
    await rooms.to('a').emit('rooms', 'said', record);
    service.server.to('a').emit('rooms', 'said', record);
    service.server.broadcast('rooms', 'said', record);
    await within(peer.ping(), 'a pong');
    const said = messages.filter((text) => text.includes('said'));
    expect(said).toHaveLength(3);
    for (const text of said) expect(text).toContain('{"locale":"de"}],"said":[1,2]}');
    expect(rooms.leave({ getConnection: () => peer }, 'a')).toBe(true);
  });

  test('reject what cannot be sent', async () => {
    const { service, rooms } = await start();
    await expect(rooms.to('a').emit('rooms', 'said', 1n)).rejects.toThrow('bigint');
    expect(() => service.server.to('a').emit('rooms', 'said', 1n)).toThrow('bigint');
  });
});

describe('a broadcaster', () => {
  test('is attached while the server listens, and gets what JstpRooms sends', async () => {
    const log: unknown[] = [];
    const presence: Presence = { users: [], sessions: [], count: 7, isComplete: true };
    const broadcaster = {
      attach: (target: unknown) => {
        log.push('attach');
        expect(target).toBeInstanceOf(JstpServer);
        return Promise.resolve(() => void log.push('detach'));
      },
      emitTo: async (...args: unknown[]) => void log.push(args),
      callAny: (...args: unknown[]) => {
        log.push(args);
        return Promise.resolve('called');
      },
      who: (...args: unknown[]) => {
        log.push(args);
        return Promise.resolve(presence);
      },
    } as RoomsBroadcaster;
    const { service, rooms } = await start(broadcaster);
    const record = new JstpRecordBuilder('x').setMetadata({ a: 1 }).build();
    await rooms.to('a').except('b').emit('i', 'e', record);
    expect(await rooms.toUser('ann').call('i', 'm', 1)).toBe('called');
    expect(await rooms.who('a', 5)).toBe(presence);
    await service.server.close();
    expect(log).toEqual([
      'attach',
      [{ rooms: ['a'], exceptRooms: ['b'], exceptSessions: [] }, 'i', 'e', ['x'], { a: 1 }],
      [{ users: ['ann'] }, 'i', 'm', [1], undefined],
      ['a', 5],
      'detach',
    ]);
  });

  test('that cannot be attached fails the start', async () => {
    const broadcaster = {
      attach: jest.fn(() => Promise.reject(new Error('Redis is away'))),
      emitTo: jest.fn(),
      callAny: jest.fn(),
      who: jest.fn(),
    } as never;
    await expect(start(broadcaster)).rejects.toThrow('Redis is away');
    expect(() => new JstpServer({ broadcaster: { attach: jest.fn() } as never })).toThrow(
      'broadcaster must be a RedisBroadcaster, or another object with attach, emitTo, callAny and who',
    );
  });
});

test('a context without a server has no rooms', () => {
  const connection = { server: null, session: null } as never;
  const context = new JstpContext([connection, 'x', {}]);
  expect(() => context.join('a')).toThrow('Only the client of a server can be in a room');
  expect(context.getRooms().size).toBe(0);
});
