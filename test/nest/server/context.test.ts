import { describe, expect, test } from '@jest/globals';
import { ALL_EXTENSIONS } from '../../../lib/connection/extensions.js';
import { Controller } from '@nestjs/common';
import { BaseRpcContext, Ctx, EventPattern, MessagePattern } from '@nestjs/microservices';
import {
  Application,
  JstpApplication,
  JstpContext,
  JstpInterface,
  type Connection,
} from '../../../lib/index.js';
import { waitFor, within } from '../../support/wait-for.js';
import { KeptLog, startService } from './fixture.js';

const contexts: JstpContext[] = [];

@JstpApplication('chat@1.2.0')
@JstpInterface('rooms')
@Controller()
class ContextController {
  @MessagePattern('keep')
  keep(@Ctx() context: JstpContext): void {
    contexts.push(context);
  }

  @EventPattern<string>('kept')
  kept(_data: unknown): void {
    // Shadowed below: a handler without @Ctx has no context.
  }

  @EventPattern<string>('seen')
  seen(@Ctx() context: JstpContext): void {
    contexts.push(context);
  }

  @MessagePattern('back')
  async back(@Ctx() context: JstpContext): Promise<unknown> {
    const client = context.getClient();
    client.emit('screen', 'shown', 1, 'two');
    return [await client.call('screen', 'size'), await client.call('screen', 'scale', 2, 3)];
  }

  @MessagePattern('wait')
  wait(@Ctx() context: JstpContext): Promise<string> {
    contexts.push(context);
    return new Promise((resolve) => {
      context.getSignal().addEventListener('abort', () => {
        resolve('too late');
      });
    });
  }

  @MessagePattern('state')
  state(@Ctx() context: JstpContext): unknown {
    const session = context.getSession();
    session?.set('calls', Number(session.get('calls') ?? 0) + 1);
    return session?.get('calls');
  }
}

const setup = { controllers: [ContextController] };

async function lastContext(connection: Connection, act: () => unknown): Promise<JstpContext> {
  contexts.length = 0;
  await act();
  await waitFor(() => contexts.length > 0, 'a context');
  const [context] = contexts;
  expect(context.getUsername()).toBe(connection.username);
  return context;
}

describe('the context', () => {
  test('of a call says what was called, by whom, and on what', async () => {
    const service = await startService(setup);
    const connection = await service.connect('chat');
    const context = await lastContext(connection, () => connection.callMethod('rooms', 'keep', [1]));
    expect(context).toBeInstanceOf(JstpContext);
    expect(context).toBeInstanceOf(BaseRpcContext);
    expect(context.getPattern()).toBe('rooms.keep');
    expect([context.getInterface(), context.getMethod()]).toEqual(['rooms', 'keep']);
    expect(context.getApplication()).toMatchObject({ name: 'chat', version: '1.2.0' });
    expect(context.getConnection()).toBe([...service.server.getClients()][0]);
    expect(context.getSession()?.id).toBe(connection.session?.id);
    expect(context.getMetadata()).toBeUndefined();
    expect(context.getHandshake()).toBeUndefined();
    expect(context.getArgs().slice(0, 2)).toEqual([context.getConnection(), 'rooms.keep']);
    expect(context.getArgByIndex(1)).toBe('rooms.keep');
  });

  test('of an event says the same', async () => {
    const connection = await (await startService(setup)).connect('chat');
    const context = await lastContext(connection, () => {
      connection.sendEvent('rooms', 'seen', [1], { traceparent: 'x' });
    });
    expect(context.getPattern()).toBe('rooms.seen');
    expect([context.getInterface(), context.getMethod()]).toEqual(['rooms', 'seen']);
    expect(context.getMetadata()).toEqual({ traceparent: 'x' });
  });

  test('gives the metadata of a call', async () => {
    const service = await startService(setup);
    const wire = service.open();
    wire.write("{handshake:[0,'chat']}", "{call:[1,'rooms',{traceparent:'00-1'}],keep:[]}");
    contexts.length = 0;
    await wire.frames(2);
    expect(contexts[0]?.getMetadata()).toEqual({ traceparent: '00-1' });
  });

  test('refuses to name the user outside of a handshake', async () => {
    const connection = await (await startService(setup)).connect('chat');
    const context = await lastContext(connection, () => connection.callMethod('rooms', 'keep', []));
    expect(() => {
      context.setUsername('somebody else');
    }).toThrow('during a handshake only');
  });

  test('calls and emits back to the caller', async () => {
    const events: unknown[] = [];
    const application = new Application<Connection>(
      'client',
      {
        screen: {
          size: (_connection: Connection, callback: (error: null, size: number) => void) => {
            callback(null, 10);
          },
          scale: async (_connection: Connection, x: number, y: number) => Promise.resolve(x * y),
        },
      },
      { screen: { shown: (_connection: Connection, ...args: unknown[]) => events.push(args) } },
    );
    const connection = await (await startService(setup)).connect('chat', { application });
    expect(await connection.callMethod('rooms', 'back', [])).toEqual([10, 6]);
    expect(events).toEqual([[1, 'two']]);
  });

  test('drops events to a caller that has left, and logs no error of them', async () => {
    const log = new KeptLog();
    const service = await startService({ ...setup, logger: log });
    const connection = await service.connect('chat', { extensions: ['bye'] });
    const context = await lastContext(connection, () => connection.callMethod('rooms', 'keep', []));
    const atServer = context.getConnection();
    connection.close();
    await waitFor(() => atServer.state.name === 'closed', 'the end of the connection');
    context.getClient().emit('screen', 'shown', 1);
    await expect(context.getClient().call('screen', 'size')).rejects.toMatchObject({ code: -9 });
    atServer.emitRemoteEvent('screen', 'shown', [1]);
    expect(log.errors).toEqual([]);
  });

  test('has a session that keeps state', async () => {
    const connection = await (await startService(setup)).connect('chat');
    expect(await connection.callMethod('rooms', 'state', [])).toBe(1);
    expect(await connection.callMethod('rooms', 'state', [])).toBe(2);
  });

  test('has a signal that fires when the caller cancels', async () => {
    const connection = await (await startService(setup)).connect('chat');
    const context = await lastContext(connection, () => {
      const call = connection.startCall('rooms', 'wait', [], () => undefined);
      setTimeout(() => {
        connection.cancelCall(call);
      }, 5);
    });
    await waitFor(() => context.getSignal().aborted, 'the signal');
  });

  test('has a signal that fires when the time of the call is over, which is its end', async () => {
    const service = await startService(setup);
    const wire = service.open();
    wire.write("{handshake:[0,'chat']}", "{call:[1,'rooms',{timeout:10}],wait:[]}");
    expect((await wire.frames(2))[1]).toMatch(/^\{callback:\[1\],error:\[-7,.*'ERR_CALLER_TIMEOUT'\]\}$/);
  });

  test.each([
    ['a call', 'bye', (connection: Connection) => connection.startCall('rooms', 'wait', [], () => undefined)],
    ['a call', 'end', (connection: Connection) => connection.startCall('rooms', 'wait', [], () => undefined)],
    ['an event', 'bye', (connection: Connection) => connection.sendEvent('rooms', 'seen', [])],
  ])('of %s has a signal that fires when the connection is gone (%s)', async (_title, kind, act) => {
    // Nobody keeps its answer: one side has said that it ends, or has no `resume`.
    const extensions = kind === 'bye' ? ALL_EXTENSIONS : [];
    const connection = await (await startService(setup)).connect('chat', { extensions });
    const context = await lastContext(connection, () => {
      act(connection);
    });
    const signal = context.getSignal();
    expect(signal.aborted).toBe(false);
    connection.close();
    await waitFor(() => signal.aborted, 'the signal');
    expect(context.getSignal()).toBeDefined();
  });
});

describe('a server', () => {
  test('broadcasts to all its clients, and lists them', async () => {
    const service = await startService(setup);
    const connections = [await service.connect('chat'), await service.connect('chat')];
    const received = connections.map(async (connection) => {
      const proxy = await connection.inspectInterface('rooms');
      return new Promise((resolve) => {
        proxy.on('news', (...args: unknown[]) => {
          resolve(args);
        });
      });
    });
    await Promise.all(connections.map((connection) => connection.ping()));
    expect([...service.server.getClients()]).toHaveLength(2);
    service.server.broadcast('rooms', 'news', 1, 'two');
    expect(await within(Promise.all(received), 'the news')).toEqual([
      [1, 'two'],
      [1, 'two'],
    ]);
  });
});
