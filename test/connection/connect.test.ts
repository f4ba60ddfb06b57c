import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  ConfigurationError,
  net,
  Session,
  SimpleConnectPolicy,
  type ClientOptions,
  type Connection,
  type ConnectPolicyFunction,
  type RemoteProxies,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, startCore, stopCore } from '../support/core.js';
import { failureOf, startRawServer } from '../support/jstp.js';
import { expectNoNewHandles, countHandles } from '../support/open-handles.js';
import { reservedPort } from '../support/ports.js';
import { dialled, Door, turns } from '../support/quiet.js';
import { RawPeer } from '../support/raw-peer.js';
import { ClientOnTheWire, yes } from '../support/resume-wire.js';
import { watchProcess } from '../support/real-process.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const QUIET = { reconnector: () => undefined };

function attempt(...args: unknown[]): Promise<unknown> {
  return failureOf(within(net.connect('app', QUIET, ...args), 'the outcome'));
}

describe('connect', () => {
  test('resolves to the connection', async () => {
    const { port } = await startCore(closing);
    const connection = await dial(closing, port);
    expect(connection.state.name).toBe('open');
    expect(connection.remoteAddress).toBe('127.0.0.1');
    expect(connection.client).toMatchObject({});
    expect(connection.server).toBeNull();
  });

  test('calls back with connection and session, and returns nothing then', async () => {
    const { port } = await startCore(closing);
    const outcome = new Promise<unknown[]>((resolve) => {
      const returned: unknown = net.connect('app', null, port, '127.0.0.1', (...given: unknown[]) =>
        resolve(given),
      );
      expect(returned).toBeUndefined();
    });
    const [error, connection, session] = await within(outcome, 'the callback');
    closing.add(() => (connection as Connection).close());
    expect(error).toBeNull();
    expect((connection as Connection).session).toBe(session);
  });

  test('takes Node’s option object, and a path (IPC)', async () => {
    const { port } = await startCore(closing);
    const byOptions = await within(net.connect('app', QUIET, { port, host: '127.0.0.1' }), 'a connect');
    byOptions.close();
    const socketPath = path.join(tmpdir(), `jstp-${String(process.pid)}-${String(Date.now())}.sock`);
    const { server } = await startCore(closing);
    await stopCore(server);
    server.listen(socketPath);
    await waitFor(() => server.listening, 'the socket');
    expect(server.address()).toBe(socketPath);
    const byPath = await within(net.connect('app', QUIET, socketPath), 'a connect by path');
    expect(await byPath.callMethod('echo', 'back', [1])).toBe(1);
    byPath.close();
  });

  test('nobody listens: ECONNREFUSED, in the callback or the rejection', async () => {
    const port = await reservedPort(closing);
    expect(await attempt(port, '127.0.0.1')).toMatchObject({ code: 'ECONNREFUSED' });
    const outcome = new Promise((resolve) => net.connect('app', QUIET, port, '127.0.0.1', resolve));
    expect(await within(outcome, 'the callback')).toMatchObject({ code: 'ECONNREFUSED' });
    expect(await attempt(path.join(tmpdir(), 'no-such.sock'))).toMatchObject({ code: 'ENOENT' });
  });

  test.each([[70_000], [-1], ['port'], [{ port: 70_000 }], [Number.NaN]])(
    'the bad port %j is no synchronous throw',
    async (port) => {
      const error = (await attempt(port, '127.0.0.1')) as { code: string };
      expect(['ERR_SOCKET_BAD_PORT', 'ERR_INVALID_ARG_VALUE', 'ENOENT', 'ERR_MISSING_ARGS']).toContain(
        error.code,
      );
    },
  );

  test('no arguments at all are no synchronous throw either', async () => {
    expect(await attempt()).toBeDefined();
  });

  test('a bad range is an error before anything is dialled', async () => {
    const server = createServer();
    const door = new Door(server, () => port);
    const { port } = await startRawServer(server, closing);
    for (const app of ['app@latest', { name: 'app', version: 'one' }]) {
      const error = (await failureOf(net.connect(app, QUIET, port, '127.0.0.1'))) as Error;
      expect(error.message).toBe('Invalid semver version range');
    }
    expect(await door.came()).toBe(0);
  });

  test('a bad limit is a ConfigurationError, in the rejection', async () => {
    const error = await failureOf(net.connect('app', { limits: { maxDepth: 0 } }, 1));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toBe(
      'limits.maxDepth must be an integer from 2 to 1000, but 0 was given',
    );
  });

  test('a server that never answers the handshake: -2 after limits.handshakeTimeoutMs, and no handle is left', async () => {
    const before = countHandles();
    const { port, sockets } = await startRawServer(
      createServer((socket) => socket.resume()),
      closing,
    );
    const options = { ...QUIET, limits: { handshakeTimeoutMs: 50 } };
    expect(await failureOf(net.connect('app', options, port, '127.0.0.1'))).toMatchObject({ code: -2 });
    await waitFor(() => sockets.size === 0, 'the end of the link');
    await closing.run();
    await expectNoNewHandles(before);
  });

  test('a server that hangs up during the handshake: -2', async () => {
    const { port } = await startRawServer(
      createServer((socket) => socket.once('data', () => socket.end())),
      closing,
    );
    expect(await failureOf(net.connect('app', QUIET, port, '127.0.0.1'))).toMatchObject({ code: -2 });
  });

  test('fire and forget that fails ends nothing', async () => {
    const watch = watchProcess();
    const dead = await reservedPort(closing);
    void net.connect('app', QUIET, dead, '127.0.0.1');
    void net.connect('app@latest', QUIET, 1);
    void net.connectAndInspect('app', QUIET, ['x'], dead, '127.0.0.1');
    await dialled(dead);
    watch.stop();
    expect(watch.failures).toEqual([]);
  });

  test('a connect policy may be a function, or an object that keeps its this', async () => {
    const { port } = await startCore(closing, {
      authPolicy: (_c, _a, strategy, _k, callback) => callback(null, strategy),
    });
    const asFunction: ClientOptions = {
      connectPolicy: (app, connection, _session, callback) => {
        connection.authenticate(app, 'token', { any: 'thing' }, (error, session) =>
          callback(error, connection, session),
        );
      },
    };
    const custom = await dial(closing, port, asFunction);
    expect(custom.session?.username).toBeNull();
    const policy = new SimpleConnectPolicy('ann', 'secret');
    expect((await dial(closing, port, { connectPolicy: policy })).username).toBe('ann');
  });

  test('a handshake on a connection that is not fresh is ERR_NOT_CONNECTED', async () => {
    const { port } = await startCore(closing);
    const connection = await dial(closing, port);
    const again = new Promise((resolve) => connection.handshake('app', null, null, resolve));
    expect(await within(again, 'the callback')).toMatchObject({ code: -9 });
    const badRange = new Promise((resolve) => connection.handshake('app@one', null, null, resolve));
    expect(String(await within(badRange, 'the callback'))).toMatch('Invalid semver version range');
  });
});

describe('a connect', () => {
  test('that is given up during the handshake ends its link', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const abort = new AbortController();
    // Nothing else ends it.
    const limits = { handshakeTimeoutMs: 600_000 };
    const connecting = net.connect('app', { ...QUIET, limits, signal: abort.signal }, wire.port, '127.0.0.1');
    const link = await wire.link(0);
    await link.received(1);
    abort.abort();
    await link.end();
    expect(await failureOf(within(connecting, 'the end of the attempt'))).toMatchObject({ code: -2 });
  });

  test('given up after it has succeeded leaves its link alone', async () => {
    const { port } = await startCore(closing);
    const abort = new AbortController();
    const connection = await dial(closing, port, { signal: abort.signal });
    abort.abort();
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
  });

  test.each([undefined, null, 0, false, ''])(
    'fails where its policy throws or rejects with %p',
    async (nothing) => {
      const { port } = await startCore(closing);
      const throwing: ConnectPolicyFunction = () => {
        throw nothing;
      };

      const rejecting: ConnectPolicyFunction = () => Promise.reject(nothing);
      for (const connectPolicy of [throwing, rejecting]) {
        await expect(net.connect('app', { connectPolicy }, port, '127.0.0.1')).rejects.toMatchObject({
          code: -2,
        });
      }
    },
  );

  test('tells the session also where its policy does not', async () => {
    const { port } = await startCore(closing);
    const sessions: unknown[] = [];
    const connectPolicy: ConnectPolicyFunction = (app, connection, _session, done) => {
      connection.handshake(app, null, null, (error) => done(error));
    };
    const connection = await new Promise<Connection>((resolve) => {
      void net.connect(
        'app',
        { ...QUIET, connectPolicy },
        port,
        '127.0.0.1',
        (_error: unknown, connected: Connection, session: unknown) => {
          sessions.push(session);
          resolve(connected);
        },
      );
    });
    closing.add(() => connection.close());
    expect(sessions).toEqual([connection.session]);
    expect(sessions[0]).toBeInstanceOf(Session);
  });
});

describe('dialArguments of the client', () => {
  test('are asked for at each dial: of a connect, of the reconnector, of a reconnect', async () => {
    const { server, port } = await startCore(closing);
    const asked: unknown[] = [];
    const connection = await dial(closing, 1, {
      dialArguments: (given) => {
        asked.push(given);
        return asked.length % 2 ? [port, '127.0.0.1'] : Promise.resolve([{ port, host: '127.0.0.1' }]);
      },
      reconnector: (_connection, reconnectFn) => reconnectFn(),
    });
    (connection.getTransport() as { destroy(): void }).destroy();
    await waitFor(() => asked.length === 2 && connection.handshakeDone, 'the resume');
    await within(net.reconnect(connection, 2, 'elsewhere'), 'the reconnect');
    expect(asked).toEqual([
      [1, '127.0.0.1'],
      [1, '127.0.0.1'],
      [2, 'elsewhere'],
    ]);
    expect(server.getClientsArray()).toHaveLength(1);
  });

  test('that throw, or never come, fail the attempt; an attempt given up meanwhile dials nothing', async () => {
    const { server, port } = await startCore(closing);
    const door = new Door(server, () => port);
    const failing = () => Promise.reject(new Error('no certificate'));
    await expect(net.connect('app', { dialArguments: failing }, port)).rejects.toThrow('no certificate');
    const throwing = () => {
      throw new Error('no key');
    };
    await expect(net.connect('app', { dialArguments: throwing }, port)).rejects.toThrow('no key');
    let resolve: (args: unknown[]) => void = () => undefined;
    const late = () => new Promise<unknown[]>((done) => (resolve = done));
    const attempt = net.connect('app', { dialArguments: late, limits: { connectTimeoutMs: 30 } }, port);
    await expect(within(attempt, 'the end of the attempt')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    resolve([port, '127.0.0.1']);
    expect(await door.came()).toBe(0);
    await expect(net.connect('app', { dialArguments: 5 as never }, port)).rejects.toThrow('dialArguments');
  });
});

describe('connectAndInspect', () => {
  test('resolves to connection and proxies', async () => {
    const { port } = await startCore(closing);
    const { connection, proxies } = await net.connectAndInspect('app', QUIET, ['echo'], port, '127.0.0.1');
    closing.add(() => connection.close());
    expect(await (proxies['echo']['back'] as (value: number) => Promise<number>)(5)).toBe(5);
    expect(await (proxies['echo']['pair'] as (...args: number[]) => Promise<unknown>)(1, 2)).toEqual([1, 2]);
  });

  test('rejects with the error, which carries the usable connection', async () => {
    const { port } = await startCore(closing);
    const error = await failureOf(net.connectAndInspect('app', QUIET, ['echo', 'x'], port, '127.0.0.1'));
    const { code, connection } = error as { code: number; connection: Connection };
    closing.add(() => connection.close());
    expect(code).toBe(12);
    expect(await connection.callMethod('echo', 'back', ['used'])).toBe('used');
  });

  /** A server that sends events right behind its answer, in the same chunk. */
  async function eagerServer(answers: number): Promise<{ port: number; link: () => Promise<RawPeer> }> {
    const wire = await ClientOnTheWire.start(closing);
    const link = async (): Promise<RawPeer> => {
      const peer = await wire.link(0);
      await peer.received(1);
      peer.send(yes('one'));
      await peer.received(1 + answers);
      const callbacks = Array.from(
        { length: answers },
        (_, index) => `{callback:[${String(index + 1)}],ok:['m']}`,
      );
      peer.send(...callbacks, "{event:[-1,'a'],said:[1]}", "{event:[-2,'a'],said:[2]}", '{ping:[-3]}');
      return peer;
    };
    return { port: wire.port, link };
  }

  test('calls back in the turn of the last answer: events behind it are heard', async () => {
    const { port, link } = await eagerServer(2);
    const heard: unknown[] = [];
    const connected = new Promise<Connection>((resolve) => {
      void net.connectAndInspect(
        'app',
        null,
        ['a', 'b'],
        port,
        '127.0.0.1',
        (_error: unknown, connection: Connection, proxies: RemoteProxies) => {
          proxies['a'].on('said', (value: unknown) => heard.push(value));
          resolve(connection);
        },
      );
    });
    const peer = await link();
    closing.add(async () => (await connected).close());
    await peer.received(4);
    expect(heard).toEqual([1, 2]);
  });

  test('holds what comes behind the last answer until whoever awaits it has gone on, however it is wrapped', async () => {
    const { port, link } = await eagerServer(2);
    const open = async () => await net.connectAndInspect('app', null, ['a', 'b'], port, '127.0.0.1');
    const wrapped = async () => {
      const { connection, proxies } = await within(open(), 'the connect');
      return Promise.resolve({ connection, proxy: proxies['a'] });
    };
    const linked = link();
    const { connection, proxy } = await wrapped();
    const heard: unknown[] = [];
    proxy.on('said', (value: unknown) => heard.push(value));
    closing.add(() => connection.close());
    const peer = await linked;
    await peer.received(4);
    expect(heard).toEqual([1, 2]);
    expect(peer.messages.at(-1)).toBe('{pong:[-3]}');
  });

  test('the same for an inspect alone', async () => {
    const { port, link } = await eagerServer(1);
    const linked = link();
    const connection = await within(net.connect('app', null, port, '127.0.0.1'), 'a connect');
    closing.add(() => connection.close());
    const proxy = await connection.inspectInterface('a');
    const heard: unknown[] = [];
    proxy.on('said', (value: unknown) => heard.push(value));
    await (await linked).received(3);
    expect(heard).toEqual([1, 2]);
  });

  test('calls back once, with no interfaces at once, with several unknown ones for the first', async () => {
    const { port } = await startCore(closing);
    const outcomes: unknown[][] = [];
    for (const names of [[], ['echo', 'none', 'neither']]) {
      void net.connectAndInspect('app', null, names, port, '127.0.0.1', (...outcome: unknown[]) =>
        outcomes.push(outcome),
      );
    }
    await waitFor(() => outcomes.length === 2, 'both outcomes');
    for (const [, connection] of outcomes as [unknown, Connection][]) {
      await connection.ping();
      closing.add(() => connection.close());
    }
    await turns();
    expect(outcomes).toHaveLength(2);
    const errors = outcomes.map(([error]) => (error as { code?: number } | null)?.code ?? null);
    expect(errors.sort()).toEqual([12, null]);
  });

  test('rejects where the connect fails', async () => {
    const { port } = await startCore(closing);
    expect(await failureOf(net.connectAndInspect('other', QUIET, ['echo'], port, '127.0.0.1'))).toMatchObject(
      { code: 10 },
    );
  });
});

test('reconnect takes only connections that connect() made', async () => {
  const { server, port } = await startCore(closing);
  await dial(closing, port);
  const [serverSide] = server.getClients();
  const error = await failureOf(net.reconnect(serverSide, port, '127.0.0.1'));
  expect(error).toBeInstanceOf(TypeError);
});

test('a refused session gives the local code -3 and fails the calls that wait', async () => {
  const { server, port } = await startCore(closing);
  const connection = await dial(closing, port);
  const waiting = failureOf(connection.callMethod('echo', 'never', []));
  await stopCore(server);
  await waitFor(() => !connection.handshakeDone, 'the loss of the line');
  server.listen(port, '127.0.0.1');
  await waitFor(() => server.listening, 'the server to listen again');
  const refused = await failureOf(net.reconnect(connection, port, '127.0.0.1'));
  expect(refused).toMatchObject({ code: -3 });
  expect(await within(waiting, 'the call')).toBe(-1);
  expect(connection.state.name).toBe('closed');
  expect(
    await failureOf(within(connection.callMethod('echo', 'back', [1]), 'a call after the end')),
  ).toBeDefined();
});

test('a handshake of a raw peer looks as old servers expect it', async () => {
  const peers: RawPeer[] = [];
  const { port } = await startRawServer(
    createServer((socket) => peers.push(new RawPeer(socket))),
    closing,
  );
  const session = { extensions: [] as const };
  void net.connect('app@^1.0.0', { ...QUIET, ...session }, port, '127.0.0.1');
  void net.connect(
    'app',
    { ...QUIET, ...session, connectPolicy: new SimpleConnectPolicy('ann', 'x') },
    port,
    '127.0.0.1',
  );
  void net.connect('app', QUIET, port, '127.0.0.1');
  await waitFor(
    () => peers.length === 3 && peers.every(({ messages }) => messages.length === 1),
    'three handshakes',
  );
  const texts = peers.map(({ messages }) => messages[0]?.replaceAll('"', "'"));
  expect(texts.sort()).toEqual([
    "{handshake:[0,'app','',{stream:1,source:1,cancel:1,resume:1,bytes:1,attachments:1,max:8388608}]}",
    "{handshake:[0,'app','^1.0.0']}",
    "{handshake:[0,'app'],login:['ann','x']}",
  ]);
});

test('a connect policy hears of a transport that is lost before the answer', async () => {
  const wire = await ClientOnTheWire.start(closing);
  const heard: unknown[] = [];
  const connectPolicy: ConnectPolicyFunction = (app, connection, _session, callback) => {
    connection.handshake(app, null, null, (error, session) => {
      heard.push(error);
      callback(error, connection, session);
    });
  };
  const failure = failureOf(net.connect('app', { ...QUIET, connectPolicy }, wire.port, '127.0.0.1'));
  const link = await wire.link(0);
  await link.received(1);
  link.destroy();
  expect(await within(failure, 'the failure')).toMatchObject({ code: -2 });
  expect(heard).toEqual([expect.objectContaining({ code: -2 })]);
});
