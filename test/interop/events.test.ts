import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Server } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import {
  call,
  connect,
  failureOf,
  inspect,
  ping,
  MIXED_PAIRS,
  ours,
  plainError,
  reference,
  startServer,
  type JstpModule,
  type PeerConnection,
  type PeerProxy,
  type PeerServer,
} from '../support/jstp.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

describe.each(MIXED_PAIRS)('events and introspection, $title', ({ server, client }) => {
  let listening: PeerServer;
  let connection: PeerConnection;
  let port: number;
  /** What the event handlers were given. */
  let seen: unknown[];

  /** An application with handlers, for either side. */
  function application(jstp: JstpModule, side: string): unknown {
    const note = (who: PeerConnection, ...args: unknown[]): void => {
      seen.push([side, typeof who.emitRemoteEvent, ...args]);
    };
    const method = (_connection: unknown, callback: Back): void => callback(null);
    return new jstp.Application(
      'app',
      {
        chat: { zebra: method, apple: method, mango: method, '10': method, send: method },
        empty: {},
        ask: { name: (_connection: unknown, callback: Back) => callback(null, side) },
      },
      {
        chat: {
          message: (who: PeerConnection, a: unknown, b: unknown) => note(who, a, b),
          none: (who: PeerConnection) => note(who),
        },
      },
    );
  }

  beforeEach(async () => {
    seen = [];
    ({ server: listening, port } = await startServer(server, [application(server, 'server')], closing));
    connection = await connect(client, closing, 'app', port, { application: application(client, 'client') });
  });

  function serverSide(): PeerConnection {
    const [first] = listening.getClientsArray();
    return first;
  }

  test('an event reaches the handler of the server’s application', async () => {
    connection.emitRemoteEvent('chat', 'message', ['hello', { to: 'all' }]);
    connection.emitRemoteEvent('chat', 'none', []);
    connection.emitRemoteEvent('chat', 'nobody', [1]);
    connection.emitRemoteEvent('nowhere', 'message', [1]);
    await call(connection, 'ask', 'name');
    expect(seen).toEqual([
      ['server', 'function', 'hello', { to: 'all' }],
      ['server', 'function'],
    ]);
  });

  test('an event reaches the handler of the client’s application', async () => {
    serverSide().emitRemoteEvent('chat', 'message', ['hello', 1]);
    await waitFor(() => seen.length === 1, 'the event');
    expect(seen).toEqual([['client', 'function', 'hello', 1]]);
  });

  test('an event reaches the listeners of the proxy, in order', async () => {
    const proxy = await inspect(connection, 'chat');
    const heard: unknown[] = [];
    proxy.on('message', (...args: unknown[]) => heard.push(args));
    for (let n = 0; n < 100; n++) serverSide().emitRemoteEvent('chat', 'message', [n, 'x']);
    await waitFor(() => heard.length === 100, 'the events');
    expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => [n, 'x']));
  });

  test('proxy.emit goes to the peer and to local listeners', async () => {
    const proxy = await inspect(connection, 'chat');
    const local: unknown[] = [];
    proxy.on('message', (...args: unknown[]) => local.push(args));
    proxy.emit('message', 'from here', 2);
    expect(local).toEqual([['from here', 2]]);
    await waitFor(() => seen.length === 1, 'the event');
    expect(seen).toEqual([['server', 'function', 'from here', 2]]);
  });

  test('a broadcast reaches all clients', async () => {
    const others = await Promise.all([0, 1].map(() => connect(client, closing, 'app', port)));
    const heard: unknown[] = [];
    for (const [index, each] of [connection, ...others].entries()) {
      const proxy = await inspect(each, 'chat');
      proxy.on('news', (...args: unknown[]) => heard.push([index, ...args]));
    }
    listening.broadcast('chat', 'news', 'a', [1]);
    await waitFor(() => heard.length === 3, 'all clients');
    expect(heard.sort()).toEqual([
      [0, 'a', [1]],
      [1, 'a', [1]],
      [2, 'a', [1]],
    ]);
  });

  test('the server calls the client', async () => {
    expect(await call(serverSide(), 'ask', 'name')).toEqual(['client']);
    expect(plainError(await failureOf(call(serverSide(), 'nothing', 'x')))).toMatchObject({ code: 12 });
    expect(await call(connection, 'ask', 'name')).toEqual(['server']);
  });

  test('both sides call each other at once, hundreds of times', async () => {
    const calls = Array.from({ length: 300 }, () => [
      call(connection, 'ask', 'name'),
      call(serverSide(), 'ask', 'name'),
    ]);
    const answers = (await Promise.all(calls.flat())).flat();
    expect(answers.filter((side) => side === 'server')).toHaveLength(300);
    expect(answers.filter((side) => side === 'client')).toHaveLength(300);
  });

  test('an inspect lists the methods in the order of their definition, from both sides', async () => {
    // Integer-like names come first in any JavaScript object.
    const order = ['10', 'zebra', 'apple', 'mango', 'send'];
    const names = (proxy: PeerProxy): string[] => order.filter((name) => typeof proxy[name] === 'function');
    expect(names(await inspect(connection, 'chat'))).toEqual(order);
    expect(names(await inspect(serverSide(), 'chat'))).toEqual(order);
    expect(Object.keys(connection.remoteProxies)).toEqual(['chat']);
    const raw: unknown[] = [];
    connection.on('callback', (_error: unknown, ok: unknown) => raw.push(ok));
    await inspect(connection, 'chat');
    expect(raw).toEqual([order]);
  });

  test('an inspect of an interface without methods gives an empty proxy', async () => {
    const proxy = await inspect(connection, 'empty');
    expect(typeof proxy.emit).toBe('function');
  });

  test('an inspect of an unknown interface is 12', async () => {
    expect(plainError(await failureOf(inspect(connection, 'nothing')))).toEqual({
      name: 'RemoteError',
      code: 12,
      message: 'Interface not found',
      info: null,
    });
  });

  test('connectAndInspect gives the proxies', async () => {
    const [error, inspected, proxies] = await connectAndInspect(['chat', 'ask']);
    expect(error).toBeNull();
    expect(inspected.handshakeDone).toBe(true);
    expect(Object.keys(proxies ?? {}).sort()).toEqual(['ask', 'chat']);
    expect(typeof proxies?.['ask']?.['name']).toBe('function');
  });

  test('connectAndInspect with an unknown interface gives the error and a connection that works', async () => {
    const [error, inspected] = await connectAndInspect(['chat', 'nothing']);
    expect(plainError(error)).toMatchObject({ code: 12 });
    expect(await call(inspected, 'ask', 'name')).toEqual(['server']);
  });

  test('connectAndInspect without interfaces calls back too (the reference does not)', async () => {
    if (client === reference) return;
    const [error, , proxies] = await connectAndInspect([]);
    expect(error).toBeNull();
    expect(proxies).toEqual({});
  });

  function connectAndInspect(
    interfaces: string[],
  ): Promise<[error: unknown, connection: PeerConnection, proxies?: Record<string, PeerProxy>]> {
    const options = { reconnector: () => undefined };
    return within(
      new Promise((resolve) => {
        const callback = (
          error: unknown,
          made: PeerConnection,
          proxies?: Record<string, PeerProxy>,
        ): void => {
          closing.add(() => made.close());
          resolve([error, made, proxies]);
        };
        client.net.connectAndInspect('app', options, interfaces, port, '127.0.0.1', callback);
      }),
      'connectAndInspect',
    );
  }

  test('the log events have the same names and arguments', async () => {
    const logger = new EventEmitter();
    const logged: unknown[] = [];
    for (const event of [
      'call',
      'callback',
      'event',
      'handshake',
      'heartbeat',
      'inspect',
      'messageRejected',
    ]) {
      logger.on(event, (...args: unknown[]) => logged.push([event, ...args]));
    }
    const messages: unknown[] = [];
    for (const event of ['incomingMessage', 'outgoingMessage']) {
      logger.on(event, (message: Record<string, unknown>) => messages.push([event, ...Object.keys(message)]));
    }
    const options = { application: application(client, 'client'), logger };
    const watched = await connect(client, closing, 'app', port, options);
    const peer = listening.getClientsArray().find(({ session }) => session?.id === watched.session?.id);
    if (!peer) throw new Error('No client');
    await call(watched, 'ask', 'name');
    await failureOf(call(watched, 'nothing', 'x'));
    await call(peer, 'ask', 'name');
    await inspect(peer, 'chat');
    peer.emitRemoteEvent('chat', 'message', ['a', 'b']);
    await waitFor(() => seen.length === 1, 'the event');
    expect(logged).toEqual([
      // The one thing that is not told: who knows a session's id can resume it.
      ['handshake', undefined, client === ours ? '[session]' : watched.session?.id],
      ['callback', undefined, ['server']],
      ['callback', [12], undefined],
      ['call', 'ask', 'name', []],
      ['inspect', 'chat'],
      ['event', 'chat', 'message', ['a', 'b']],
    ]);
    expect(messages).toEqual([
      ['outgoingMessage', 'handshake'],
      ['incomingMessage', 'handshake', 'ok'],
      ['outgoingMessage', 'call', 'name'],
      ['incomingMessage', 'callback', 'ok'],
      ['outgoingMessage', 'call', 'x'],
      ['incomingMessage', 'callback', 'error'],
      ['incomingMessage', 'call', 'name'],
      ['outgoingMessage', 'callback', 'ok'],
      ['incomingMessage', 'inspect'],
      ['outgoingMessage', 'callback', 'ok'],
      ['incomingMessage', 'event', 'message'],
    ]);
  });

  test('the server’s log event names the connection and the event', async () => {
    const logged: unknown[] = [];
    listening.on('log', (who: PeerConnection, event: string, ...args: unknown[]) => {
      if (!event.endsWith('Message')) logged.push([typeof who.id, event, ...args]);
    });
    const other = await connect(client, closing, 'app', port);
    await call(other, 'ask', 'name');
    other.emitRemoteEvent('chat', 'none', []);
    await inspect(other, 'empty');
    expect(logged).toEqual([
      ['number', 'handshakeRequest', 'app', 'anonymous'],
      ['number', 'call', 'ask', 'name', []],
      ['number', 'event', 'chat', 'none', []],
      ['number', 'inspect', 'empty'],
    ]);
  });

  test('disconnect is told once, with the connection', async () => {
    const gone: unknown[] = [];
    listening.on('disconnect', (who: PeerConnection) => gone.push(who.session?.id));
    const closed = new Promise((resolve) => connection.on('close', resolve));
    connection.close();
    await within(closed, 'the close event');
    await waitFor(() => gone.length > 0, 'the disconnect event');
    expect(listening.getClientsArray()).toHaveLength(0);
    await ping(await connect(client, closing, 'app', port));
    expect(gone).toEqual([connection.session?.id]);
    expect(connection.closedIntentionally).toBe(true);
  });
});

test('an event of the peer named error does not throw where nobody listens; the reference’s does', async () => {
  const { server, port } = await startServer(
    reference,
    [new reference.Application('app', { chat: {} })],
    closing,
  );
  const connection = await connect(ours, closing, 'app', port);
  const told: unknown[] = [];
  connection.on('error', (error: unknown) => told.push(error));
  await inspect(connection, 'chat');
  server.broadcast('chat', 'error', 'boom');
  expect(await failureOf(call(connection, 'chat', 'x'))).toMatchObject({ code: 14 });
  expect(told).toEqual([]);
});

test('a client of the reference is a member of a room as any other, also while it is away', async () => {
  const { server, port } = await startServer(ours, [new ours.Application('app', { chat: {} })], closing);
  const core = server as unknown as Server;
  const connection = await connect(reference, closing, 'app', port);
  const [peer] = core.getClientsArray();
  core.rooms.join(peer, 'kitchen');
  const heard: unknown[] = [];
  const proxy = await inspect(connection, 'chat');
  proxy.on('said', (...args: unknown[]) => heard.push(args));
  core.to('kitchen').emit('chat', 'said', 'hello', { at: 1 });
  await waitFor(() => heard.length === 1, 'the event');
  expect(heard).toEqual([['hello', { at: 1 }]]);
  connection.close();
  await waitFor(() => !peer.handshakeDone, 'the end of the connection');
  // It has no way to say that its session is over.
  expect(core.rooms.who('kitchen').sessions).toMatchObject([{ username: null, isAway: true }]);
});
