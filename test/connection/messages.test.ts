import type { Socket } from 'node:net';
import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Application, RemoteProxy, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { API, dial, startCore, type Back } from '../support/core.js';
import { failureOf } from '../support/jstp.js';
import { turns } from '../support/quiet.js';
import { watchProcess } from '../support/real-process.js';
import { waitFor, within } from '../support/wait-for.js';
import { lifecycleOf } from '../../lib/connection/lifecycle.js';

const closing = new Closing();
afterEach(() => closing.run());

describe('a call without a callback', () => {
  test('resolves to nothing, the result, or the array of several', async () => {
    const connection = await dial(closing, (await startCore(closing)).port);
    expect(await connection.callMethod('echo', 'nothing', [])).toBeUndefined();
    expect(await connection.callMethod('echo', 'back', [[1]])).toEqual([1]);
    expect(await connection.callMethod('echo', 'pair', [1, 2])).toEqual([1, 2]);
    expect(await connection.callMethodWithResend('echo', 'back', ['x'])).toBe('x');
    expect(await connection.ping()).toBeUndefined();
  });

  test('that fails ends nothing when nobody looks, and is emitted where somebody listens', async () => {
    const watch = watchProcess();
    const connection = await dial(closing, (await startCore(closing)).port);
    void connection.callMethod('echo', 'fail', []);
    void connection.inspectInterface('x');
    await connection.ping();
    const heard: unknown[] = [];
    connection.on('error', (error) => heard.push(error));
    void connection.callMethod('echo', 'fail', []);
    await connection.ping();
    await turns();
    watch.stop();
    expect(watch.failures).toEqual([]);
    expect(heard).toEqual([expect.objectContaining({ code: 1, message: 'failed' })]);
  });
});

describe('what cannot be said', () => {
  test.each(['', '17', '0', '__proto__'])(
    'the name %j to a peer without nest is refused with -10 at once',
    async (name) => {
      const connection = await dial(closing, (await startCore(closing)).port);
      expect(await failureOf(connection.callMethod('echo', name, []))).toMatchObject({ code: -10 });
      expect(connection.sendEvent('echo', name, [])).toMatchObject({ code: -10 });
      expect(await connection.callMethod('echo', 'back', ['and it goes on'])).toBe('and it goes on');
    },
  );

  test('the kind’s own name is refused, another kind’s is not', async () => {
    const connection = await dial(closing, (await startCore(closing)).port);
    expect(await failureOf(connection.callMethod('echo', 'call', []))).toMatchObject({ code: -10 });
    expect(await failureOf(connection.callMethod('echo', 'event', []))).toMatchObject({ code: 14 });
    expect(connection.sendEvent('echo', 'event', [])).toMatchObject({ code: -10 });
  });

  test('with nest on both sides any name goes', async () => {
    const extensions = ['nest'] as const;
    const odd = Object.fromEntries(
      ['', '17', 'call', 'ok'].map((name) => [
        name,
        (_c: Connection, callback: Back) => callback(null, name),
      ]),
    );
    const { port } = await startCore(closing, {
      applications: [new Application<Connection>('app', { odd })],
      extensions,
    });
    const connection = await dial(closing, port, { extensions });
    for (const name of Object.keys(odd)) expect(await connection.callMethod('odd', name, [])).toBe(name);
  });

  test('arguments that are a circle fail the call, and no number is used up', async () => {
    const connection = await dial(closing, (await startCore(closing)).port);
    const circle: unknown[] = [];
    circle.push(circle);
    expect(await failureOf(connection.callMethod('echo', 'back', circle))).toBeDefined();
    const heard: unknown[] = [];
    connection.on('error', (error) => heard.push(error));
    connection.emitRemoteEvent('echo', 'note', circle);
    expect(heard).toHaveLength(1);
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
    expect(connection.session?.latestBufferedMessageId).toBe(1);
  });

  test('a result, or an error, that is a circle is 16, and the server is told', async () => {
    const { server, port } = await startCore(closing);
    const told: unknown[] = [];
    server.on('connectionError', (error) => told.push(error));
    const connection = await dial(closing, port);
    expect(await failureOf(connection.callMethod('echo', 'circular', []))).toMatchObject({ code: 16 });
    expect(await failureOf(connection.callMethod('echo', 'circularError', []))).toMatchObject({ code: 16 });
    expect(told).toHaveLength(2);
  });

  test('more than limits.maxPendingCalls, or a full journal, is -5 at once', async () => {
    const { port } = await startCore(closing);
    const few = await dial(closing, port, { limits: { maxPendingCalls: 2 } });
    for (let n = 0; n < 2; n++) void few.callMethod('echo', 'never', []);
    expect(await failureOf(few.callMethod('echo', 'back', [1]))).toMatchObject({ code: -5 });
    expect(await failureOf(few.inspectInterface('echo'))).toMatchObject({ code: -5 });
    expect(await failureOf(Promise.resolve(few.ping()))).toMatchObject({ code: -5 });
    const small = await dial(closing, port, { limits: { journalMaxBytes: 100 } });
    (small.getTransport() as Socket).destroy();
    await waitFor(() => small.state.name === 'offline', 'the loss');
    const errors: unknown[] = [];
    small.on('error', (error) => errors.push(error));
    for (let n = 0; n < 20; n++) small.emitRemoteEvent('echo', 'note', [n]);
    expect(errors.at(-1)).toMatchObject({ code: -5 });
    expect(small.session?.journal.bytes).toBeLessThan(100 + 150);
  });
});

describe('events of the application', () => {
  test('a handler that throws is told and the next message is served', async () => {
    const thrower = new Application<Connection>('app', API, {
      echo: {
        boom: () => {
          throw new Error('in a handler');
        },
      },
    });
    const { server, port } = await startCore(closing, { applications: [thrower] });
    const connection = await dial(closing, port);
    const error = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    connection.emitRemoteEvent('echo', 'boom', []);
    await connection.ping();
    expect(error.mock.calls.map((args) => String(args.at(-1)))).toEqual(['Error: in a handler']);
    error.mockRestore();
    const told: unknown[] = [];
    server.on('connectionError', (thrown) => told.push(String(thrown)));
    connection.emitRemoteEvent('echo', 'boom', []);
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
    expect(told).toEqual(['Error: in a handler']);
  });

  test('a listener of a proxy that throws does not keep the handler from the event', async () => {
    const seen: unknown[] = [];
    const { server, port } = await startCore(closing);
    const side = new Application<Connection>(
      'side',
      {},
      { echo: { x: (_connection: Connection, value: unknown) => seen.push(value) } },
    );
    const connection = await dial(closing, port, { application: side });
    const heard: unknown[] = [];
    connection.on('error', (error) => heard.push(String(error)));
    const proxy = await connection.inspectInterface('echo');
    proxy.on('x', () => {
      throw new Error('in a listener');
    });
    server.broadcast('echo', 'x', 1);
    await waitFor(() => seen.length === 1, 'the handler');
    expect(heard).toEqual(['Error: in a listener']);
  });

  test('a client’s logger gets the log events instead of the connection', async () => {
    const logger = new EventEmitter();
    const logged: string[] = [];
    for (const name of ['callback', 'outgoingMessage', 'incomingMessage'])
      logger.on(name, () => logged.push(name));
    const connection = await dial(closing, (await startCore(closing)).port, { logger });
    connection.on('callback', () => logged.push('never'));
    logged.length = 0;
    await connection.callMethod('echo', 'back', [1]);
    expect(logged).toEqual(['outgoingMessage', 'incomingMessage', 'callback']);
  });

  test('the costly log events are not made in production', async () => {
    const connection = await dial(closing, (await startCore(closing)).port);
    let messages = 0;
    connection.on('incomingMessage', () => messages++).on('outgoingMessage', () => messages++);
    const { NODE_ENV } = process.env;
    process.env['NODE_ENV'] = 'production';
    try {
      await connection.callMethod('echo', 'back', [1]);
    } finally {
      process.env['NODE_ENV'] = NODE_ENV;
    }
    expect(messages).toBe(0);
    await connection.callMethod('echo', 'back', [1]);
    expect(messages).toBe(2);
  });
});

describe('bye', () => {
  const extensions = ['stream', 'cancel', 'bye', 'nest'] as const;

  test('close ends the session with the connection, on both sides', async () => {
    const { server, port } = await startCore(closing, { extensions });
    const connection = await dial(closing, port, { extensions });
    connection.session?.set('state', 1);
    const [far] = server.getClients();
    const said: unknown[] = [];
    far.on('bye', (reason) => said.push(reason));
    const copy = connection.session;
    connection.close();
    await waitFor(() => server.getClientsArray().length === 0, 'the end');
    expect(said).toEqual(['close']);
    expect(lifecycleOf(far).isSessionOver).toBe(true);
    expect(await failureOf(dial(closing, port, { extensions, session: copy }))).toMatchObject({ code: -3 });
  });

  test('taken tells the old connection not to come back', async () => {
    const { port } = await startCore(closing, { extensions });
    let asked = 0;
    const connection = await dial(closing, port, { extensions, reconnector: () => (asked += 1) });
    const said = new Promise((resolve) => connection.on('bye', resolve));
    const ended = new Promise((resolve) => connection.on('close', resolve));
    const text = connection.session?.toString() ?? '';
    const { Session } = await import('../../lib/core.js');
    const heir = await dial(closing, port, { extensions, session: Session.fromString<Connection>(text) });
    expect(await within(said, 'the bye')).toBe('taken');
    await within(ended, 'the end of the old link');
    await turns();
    expect(asked).toBe(0);
    expect(await heir.callMethod('echo', 'back', [1])).toBe(1);
  });
});

describe('a heartbeat', () => {
  test('cuts off a server that does not pong, and the reconnector is asked', async () => {
    const { server, port } = await startCore(closing);
    let asked = 0;
    const errors: unknown[] = [];
    const connection = await dial(closing, port, { heartbeatInterval: 25, reconnector: () => (asked += 1) });
    connection.on('error', (error) => errors.push(error));
    const [far] = server.getClients();
    (far.getTransport() as Socket).pause();
    await waitFor(() => asked === 1, 'the reconnector');
    expect(errors[0]).toMatchObject({ code: -9, message: 'The peer does not answer pings' });
  });
});

test('a proxy may be made by hand, for an interface that is known', async () => {
  const connection = await dial(closing, (await startCore(closing)).port);
  const proxy = new RemoteProxy(connection, 'echo', ['back']);
  expect(await (proxy['back'] as (value: number) => Promise<number>)(3)).toBe(3);
  expect(new RemoteProxy(connection, 'echo').emit('nobody listens')).toBe(false);
});
