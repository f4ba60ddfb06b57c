import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, type Connection, type IncomingCall } from '../../lib/core.js';
import { observe } from '../../lib/connection/observing/observe.js';
import { ReceiveOperation, type Operation } from '../../lib/connection/observing/operations.js';
import { Closing } from '../support/closing.js';
import { API, dial, startCore, type Back } from '../support/core.js';
import { failureOf } from '../support/jstp.js';
import { recordOperations, shortOf } from '../support/operations.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const EVENTS = {
  echo: {
    told: () => undefined,
    broken: () => {
      throw new Error('secret');
    },
    late: async () => {
      await Promise.resolve();
      throw new Error('secret');
    },
  },
};

const APP = new Application<Connection>('app', API, EVENTS);

async function connected(applications = [APP]) {
  const { server, port } = await startCore(closing, { applications });
  server.on('connectionError', () => undefined);
  const connection = await dial(closing, port);
  return { server, port, connection };
}

describe('of a call both sides observe the end', () => {
  test.each([
    ['echo', 'back', [1], 0],
    ['echo', 'fail', [], 1],
    ['echo', 'circular', [], 16],
    ['other', 'back', [1], 12],
    ['echo', 'other', [1], 14],
    ['echo', 'back', [], 17],
  ])('%s.%s(%j) ends with the code %j', async (interfaceName, methodName, args, code) => {
    const { connection } = await connected();
    const { ended } = recordOperations(closing);
    await connection.callMethod(interfaceName, methodName, args).catch(() => undefined);
    const name = `${interfaceName}.${methodName}`;
    expect(ended.map(shortOf)).toEqual([
      { kind: 'serve', name, code },
      { kind: 'call', name, code },
    ]);
    expect(ended.map(({ error }) => error !== undefined)).toEqual([code !== 0, code !== 0]);
  });
});

test('a call without arguments, which no application gets, is observed with the code 17', async () => {
  const { port } = await connected();
  const { ended } = recordOperations(closing);
  const peer = await RawPeer.connect(port);
  closing.add(() => peer.socket.destroy());
  peer.send("{handshake:[0,'app']}");
  await peer.received(1);
  peer.send("{call:[1,'echo'],back:5}");
  expect((await peer.received(2))[1]).toBe('{callback:[1],error:[17]}');
  expect(ended.map(shortOf).at(-1)).toEqual({ kind: 'serve', name: 'echo.back', code: 17 });
});

test('a call tells whether the application has declared its name, and which application it is', async () => {
  const { connection } = await connected();
  const { begun } = recordOperations(closing);
  await connection.callMethod('echo', 'back', [1]);
  await failureOf(connection.callMethod('echo', 'made up', []));
  await failureOf(connection.callMethod('made up', 'back', []));
  const served = begun.filter((operation) => operation instanceof ReceiveOperation);
  expect(served.map(({ isDeclared }) => isDeclared)).toEqual([true, false, false]);
  expect(new Set(begun.map(({ application }: { application?: string }) => application))).toEqual(
    new Set(['app']),
  );
});

test('a call that its caller cancels ends with the code -8 on both sides', async () => {
  const { connection } = await connected();
  const { ended, begun } = recordOperations(closing);
  const call = connection.startCall('echo', 'never', [], () => undefined);
  await waitFor(() => begun.length === 2, 'a call that is served');
  connection.cancelCall(call);
  await waitFor(() => ended.length === 2, 'two ends');
  expect(ended.map(shortOf)).toEqual([
    { kind: 'call', name: 'echo.never', code: -8 },
    { kind: 'serve', name: 'echo.never', code: -8 },
  ]);
});

test('a call that is lost with its connection ends with -1 where it was made, and with -8 where it was served', async () => {
  const { port } = await connected();
  const connection = await dial(closing, port, { extensions: [] });
  const { ended, begun } = recordOperations(closing);
  connection.startCall('echo', 'never', [], () => undefined);
  await waitFor(() => begun.length === 2, 'a call that is served');
  connection.close();
  await waitFor(() => ended.length === 2, 'two ends');
  expect(ended.map(shortOf).map(({ kind, code }) => [kind, code])).toEqual(
    expect.arrayContaining([
      ['call', -1],
      ['serve', -8],
    ]),
  );
});

test('a call that cannot be sent ends with the reason', async () => {
  const { connection } = await connected();
  connection.close();
  const { ended } = recordOperations(closing);
  await failureOf(connection.callMethod('echo', 'back', [1]));
  expect(ended.map(shortOf)).toEqual([{ kind: 'call', name: 'echo.back', code: -9 }]);
});

test('a call ends once with the stream that it returns', async () => {
  const application = {
    name: 'app',
    version: '1.0.0',
    getMethods: () => ['count'],
    callMethod: () => undefined,
    handleCall: (call: IncomingCall<Connection>) => {
      const stream = call.openStream();
      stream.write(1);
      stream.write(2);
      stream.end();
    },
  };
  const { server, port } = await startCore(closing, { applications: [application] });
  server.on('connectionError', () => undefined);
  const connection = await dial(closing, port);
  const { ended } = recordOperations(closing);
  expect(await connection.callMethod('any', 'count', [])).toBe(2);
  expect(ended.map(shortOf).map(({ kind, code }) => [kind, code])).toEqual([
    ['serve', 0],
    ['call', 0],
  ]);
});

describe('of an event both sides observe the end', () => {
  test.each([
    ['told', 0, true],
    ['broken', 16, true],
    ['late', 16, true],
    ['unknown', 0, false],
  ])('%s ends with the code %j', async (name, code, isDeclared) => {
    const { connection } = await connected();
    const { ended } = recordOperations(closing);
    connection.emitRemoteEvent('echo', name, []);
    await waitFor(() => ended.length === 2, 'two ends');
    expect(ended.map(shortOf)).toEqual([
      { kind: 'emit', name: `echo.${name}`, code: 0 },
      { kind: 'handle', name: `echo.${name}`, code },
    ]);
    expect(ended.at(-1)).toMatchObject({ isDeclared });
  });
});

test('a connect with its handshake is observed on both sides', async () => {
  const { port } = await startCore(closing);
  const { ended } = recordOperations(closing);
  await dial(closing, port);
  expect(ended.map(shortOf)).toEqual([
    { kind: 'handshake', name: 'app', side: 'server', code: 0 },
    { kind: 'handshake', name: 'app', side: 'client', code: 0 },
    { kind: 'connect', name: 'app', code: 0 },
  ]);
  expect(ended.at(-1)).toMatchObject({ isReconnect: false, connection: { handshakeDone: true } });
});

test('a handshake that is refused ends with its code; the server knows the reason', async () => {
  const authPolicy = (): Promise<false> => Promise.resolve(false);
  const { port } = await startCore(closing, {
    authPolicy: { authenticate: authPolicy, decidesAnonymous: true },
  });
  const { ended } = recordOperations(closing);
  await failureOf(dial(closing, port, {}, 'app@^1.0.0'));
  expect(ended.map(shortOf)).toEqual([
    { kind: 'handshake', name: 'app@^1.0.0', side: 'server', code: 11 },
    { kind: 'handshake', name: 'app@^1.0.0', side: 'client', code: 11 },
    { kind: 'connect', name: 'app@^1.0.0', code: 11 },
  ]);
  expect(String(ended[0].error)).toContain('the policy');
});

test('a handshake whose client goes before it is decided ends with the code -2', async () => {
  const authPolicy = (): Promise<never> => new Promise(() => undefined);
  const { port } = await startCore(closing, {
    authPolicy: { authenticate: authPolicy, decidesAnonymous: true },
  });
  const { ended, begun } = recordOperations(closing);
  const peer = await RawPeer.connect(port);
  closing.add(() => peer.socket.destroy());
  peer.send("{handshake:[0,'app']}");
  await waitFor(() => begun.length === 1, 'a handshake');
  peer.socket.destroy();
  await waitFor(() => ended.length === 1, 'an end');
  expect(ended.map(shortOf)).toEqual([{ kind: 'handshake', name: 'app', side: 'server', code: -2 }]);
});

test('a connect that fails ends with the code of the system', async () => {
  const { server, port } = await startCore(closing);
  await new Promise((resolve) => server.close(resolve));
  const { ended } = recordOperations(closing);
  await failureOf(dial(closing, port));
  expect(ended.map(shortOf)).toEqual([{ kind: 'connect', name: 'app', code: 'ECONNREFUSED' }]);
});

test('a resume is observed on both sides, as a part of a connect again', async () => {
  const { server, port } = await startCore(closing);
  const connection = await dial(closing, port, {
    reconnector: (_connection, reconnectFn) => {
      reconnectFn(port, '127.0.0.1');
    },
  });
  const { ended } = recordOperations(closing);
  const back = new Promise((resolve) => server.once('reconnect', resolve));
  (connection.getTransport() as Socket).destroy();
  await back;
  await waitFor(() => ended.length === 3, 'three ends');
  expect(ended.map(shortOf)).toEqual([
    { kind: 'resume', name: 'app', side: 'server', code: 0 },
    { kind: 'resume', name: 'app', side: 'client', code: 0 },
    { kind: 'connect', name: 'app', code: 0 },
  ]);
  expect(ended.at(-1)).toMatchObject({ isReconnect: true, connection });
});

test('handlers run in the async context of who observes, and callers are called back in their own', async () => {
  const context = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const note = (_connection: Connection, callback?: Back): void => {
    seen.push(context.getStore());
    callback?.(null);
  };
  const application = new Application('app', { i: { ask: note } }, { i: { told: note } });
  const { connection } = await connected([application]);
  closing.add(
    observe({
      interestIn: (kind) => kind === 'serve' || kind === 'handle',
      begin: ({ kind }) => ({ run: (run) => context.run(`${kind}d`, run), end: () => undefined }),
    }),
  );
  await context.run('caller', async () => {
    connection.emitRemoteEvent('i', 'told', []);
    await new Promise<void>((resolve) => {
      connection.callMethod('i', 'ask', [], () => {
        seen.push(context.getStore());
        resolve();
      });
    });
  });
  expect(seen).toEqual(['handled', 'served', 'caller']);
});

test('what observes the beginning of a call or an event may say what travels beside the arguments', async () => {
  const { connection } = await connected();
  const { begun } = recordOperations(closing);
  closing.add(
    observe({
      interestIn: (kind) => kind === 'call' || kind === 'emit',
      begin: (operation) => {
        if (operation.kind === 'call' || operation.kind === 'emit')
          operation.metadata = { ...operation.metadata, note: operation.kind };
        return undefined;
      },
    }),
  );
  connection.sendEvent('echo', 'told', [], { own: 1 });
  await connection.callMethod('echo', 'back', [1]);
  const received = begun.filter(({ kind }) => kind === 'serve' || kind === 'handle');
  expect(received).toMatchObject([{ metadata: { own: 1, note: 'emit' } }, { metadata: { note: 'call' } }]);
});

test('several may observe, and each for as long as it wants', async () => {
  const { connection } = await connected();
  const first: Operation[] = [];
  const stop = observe({
    interestIn: (kind) => kind === 'call',
    begin: (operation) => {
      first.push(operation);
      return undefined;
    },
  });
  const { ended } = recordOperations(closing);
  await connection.callMethod('echo', 'back', [1]);
  stop();
  await connection.callMethod('echo', 'back', [1]);
  expect(first).toHaveLength(1);
  expect(ended).toHaveLength(4);
});
