import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  net,
  type Connection,
  type ConnectPolicyFunction,
  type IncomingCall,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, heartbeats, serves, startCore } from '../support/core.js';
import { RawPeer } from '../support/raw-peer.js';
import { watchProcess } from '../support/real-process.js';
import { waitFor, within } from '../support/wait-for.js';
import { servedCalls } from '../support/internals.js';

const closing = new Closing();
afterEach(() => closing.run());

const KIB = 1024;
const call = (connection: Connection, method: string, ...args: unknown[]): Promise<unknown> =>
  within(connection.callMethod('echo', method, args), `an answer to ${method}`);

describe('a message that no peer would take', () => {
  const limits = { maxMessageBytes: 64 * KIB };

  test('fails at its sender for its size, and the connection goes on', async () => {
    const { port } = await startCore(closing, { limits });
    const connection = await dial(closing, port, { limits });
    const tooLarge = { code: 'ERR_JSTP_MESSAGE_TOO_LARGE' };
    await expect(call(connection, 'back', 'x'.repeat(64 * KIB))).rejects.toMatchObject(tooLarge);
    // 22 KiB of characters, but three bytes each.
    await expect(call(connection, 'back', '€'.repeat(22 * KIB))).rejects.toMatchObject(tooLarge);
    expect(connection.sendEvent('echo', 'note', ['x'.repeat(64 * KIB)])).toMatchObject(tooLarge);
    expect(await call(connection, 'back', 'é'.repeat(31 * KIB))).toHaveLength(31 * KIB);
  });

  test('fails at its sender for its depth: what is sent is received', async () => {
    const { port } = await startCore(closing);
    const connection = await dial(closing, port);
    const nested = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => [inner], 1);
    expect(await call(connection, 'back', nested(254))).toEqual(nested(254));
    await expect(call(connection, 'back', nested(255))).rejects.toMatchObject({ code: 'ERR_MDSF_DEPTH' });
    expect(await call(connection, 'back', 1)).toBe(1);
  });

  test('fails at its sender for a depth beyond limits.maxDepth of that side, higher or lower than the default', async () => {
    const { port } = await startCore(closing, { limits: { maxDepth: 300 } });
    const nested = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => [inner], 1);
    const deep = await dial(closing, port, { limits: { maxDepth: 300 } });
    expect(await call(deep, 'back', nested(298))).toEqual(nested(298));
    await expect(call(deep, 'back', nested(299))).rejects.toMatchObject({ code: 'ERR_MDSF_DEPTH' });
    const flat = await dial(closing, port, { limits: { maxDepth: 5 } });
    expect(await call(flat, 'back', nested(3))).toEqual(nested(3));
    await expect(call(flat, 'back', nested(4))).rejects.toMatchObject({ code: 'ERR_MDSF_DEPTH' });
    expect(flat.sendEvent('echo', 'note', [nested(4)])).toMatchObject({ code: 'ERR_MDSF_DEPTH' });
    expect(flat.sendEvent('echo', 'note', [nested(3)])).toBeUndefined();
  });

  test('is answered by 16 where it is nested deeper than limits.maxDepth of its server', async () => {
    const api = {
      echo: { nested: async (_connection: Connection, isDeep: boolean) => (isDeep ? [[1]] : [1]) },
    };
    const { port } = await startCore(closing, {
      applications: [new Application('app', api)],
      limits: { maxDepth: 3 },
    });
    const connection = await dial(closing, port);
    expect(await call(connection, 'nested', false)).toEqual([1]);
    await expect(call(connection, 'nested', true)).rejects.toMatchObject({ code: 16 });
  });

  test('is answered by 16 where it is a result', async () => {
    const api = { echo: { large: async (_connection: Connection) => 'x'.repeat(64 * KIB) } };
    const { server, port } = await startCore(closing, {
      applications: [new Application('app', api)],
      limits,
    });
    const errors: unknown[] = [];
    server.on('connectionError', (error) => errors.push(error));
    const connection = await dial(closing, port);
    await expect(call(connection, 'large')).rejects.toMatchObject({ code: 16 });
    const cause = { code: 'ERR_JSTP_MESSAGE_TOO_LARGE' };
    expect(errors).toMatchObject([{ code: 'ERR_JSTP_UNSENDABLE_ANSWER', cause }]);
  });

  test('does not go out for ever to a peer with smaller limits that tells nothing: it fails, and the session goes on', async () => {
    const { port } = await startCore(closing, { limits });
    let attempts = 0;
    const connection = await dial(closing, port, {
      extensions: [],
      reconnector: (_connection, reconnect) => {
        attempts += 1;
        if (attempts < 50) reconnect();
      },
    });
    const error = await connection
      .callMethod('echo', 'back', ['x'.repeat(100 * KIB)])
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ERR_JSTP_MESSAGE_TOO_LARGE' });
    expect(attempts).toBe(2);
    expect(await call(connection, 'back', 1)).toBe(1);
    expect(attempts).toBe(2);
  });
});

describe('calls that use a number again', () => {
  test('count each, and end each with their link', async () => {
    const opened: AbortSignal[] = [];
    const application = {
      name: 'app',
      version: '1.0.0',
      callMethod: () => undefined,
      getMethods: () => [],
      handleCall: (received: { signal: unknown }) => opened.push(received.signal as AbortSignal),
    };
    const { server, port } = await startCore(closing, {
      applications: [application],
      limits: { maxCallsInFlight: 10 },
    });
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send("{handshake:[0,'app']}", ...Array.from({ length: 100 }, () => "{call:[1,'i'],m:[]}"));
    await waitFor(() => opened.length >= 10, 'ten calls');
    await serves(closing, port);
    expect(opened).toHaveLength(10);
    expect(server.getClientsArray().map(servedCalls)).toContain(10);
    peer.destroy();
    await waitFor(() => opened.every(({ aborted }) => aborted), 'the end of all calls');
  });
});

describe('a heartbeat', () => {
  test('spares a peer whose pong is not read, because too many calls are served', async () => {
    const { server, port } = await startCore(closing, {
      limits: { maxCallsInFlight: 1 },
      heartbeatInterval: 20,
    });
    const connection = await dial(closing, port);
    const cut: unknown[] = [];
    connection.on('close', () => cut.push('cut'));
    void connection.callMethod('echo', 'never', []);
    await heartbeats(server.getClientsArray()[0], 6);
    expect(cut).toEqual([]);
    expect(server.getClientsArray()).toHaveLength(1);
  });

  test('is sent beside as many calls as may wait', async () => {
    const { port } = await startCore(closing);
    const connection = await dial(closing, port, { limits: { maxPendingCalls: 1 }, heartbeatInterval: 20 });
    void connection.callMethod('echo', 'never', []);
    await heartbeats(connection, 6);
    expect(connection.state.name).toBe('open');
  });

  test.each([Number.NaN, 0, -5, undefined])('of %p milliseconds is refused', async (interval) => {
    const { port } = await startCore(closing);
    const connection = await dial(closing, port);
    expect(() => {
      connection.startHeartbeat(Number(interval));
    }).toThrow(expect.objectContaining({ code: 'ERR_JSTP_CONFIGURATION' }));
    if (interval !== undefined && interval !== 0) {
      const client = { heartbeatInterval: interval };
      await expect(net.connect('app', client, port, '127.0.0.1')).rejects.toThrow('heartbeatInterval');
    }
  });
});

describe('a connect policy', () => {
  const broken: [string, ConnectPolicyFunction][] = [
    [
      'throws',
      () => {
        throw new Error('broken policy');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('broken policy');
      },
    ],
  ];

  test.each(broken)('that %s fails the connect', async (_what, connectPolicy) => {
    const { port } = await startCore(closing);
    const watch = watchProcess();
    const connecting = net.connect('app', { connectPolicy }, port, '127.0.0.1');
    await expect(within(connecting, 'the failure')).rejects.toThrow('broken policy');
    watch.stop();
    expect(watch.failures).toEqual([]);
  });

  test('that never answers fails the connect when the server’s patience ends', async () => {
    const { port } = await startCore(closing, { limits: { handshakeTimeoutMs: 30 } });
    const connecting = net.connect('app', { connectPolicy: () => undefined }, port, '127.0.0.1');
    await expect(within(connecting, 'the failure')).rejects.toMatchObject({ code: -2 });
  });

  test('that is none is refused', async () => {
    const client = { connectPolicy: 5 as unknown as ConnectPolicyFunction };
    await expect(net.connect('app', client, 1, '127.0.0.1')).rejects.toThrow('connectPolicy');
  });

  test('with credentials that cannot be sent fails the connect', async () => {
    const { port } = await startCore(closing);
    const connectPolicy: ConnectPolicyFunction = (app, connection, _session, done) => {
      connection.authenticate(app, 'token', { big: 10n }, (error) => done(error));
    };
    await expect(net.connect('app', { connectPolicy }, port, '127.0.0.1')).rejects.toThrow('bigint');
  });
});

describe('a reconnect', () => {
  test('that is overtaken by close fails', async () => {
    const { port } = await startCore(closing);
    const connection = await dial(closing, port);
    const moving = net.reconnect(connection, port, '127.0.0.1');
    connection.close();
    await expect(within(moving, 'the failure')).rejects.toMatchObject({ code: -9 });
  });

  test('that is overtaken by another fails, the other succeeds', async () => {
    const { port } = await startCore(closing);
    const connection = await dial(closing, port);
    const first = net.reconnect(connection, port, '127.0.0.1');
    const second = net.reconnect(connection, port, '127.0.0.1');
    await expect(within(first, 'the failure')).rejects.toMatchObject({ code: -9 });
    expect(await within(second, 'the reconnect')).toBe(connection);
    expect(await call(connection, 'back', 7)).toBe(7);
  });
});

describe('listeners and callbacks that throw', () => {
  test('do not keep the other lost calls from being told', async () => {
    const { port } = await startCore(closing);
    const connection = await dial(closing, port);
    const heard: unknown[] = [];
    connection.on('error', (error) => heard.push(error));
    const told: unknown[] = [];
    for (const name of ['a', 'b']) {
      connection.callMethod('echo', 'never', [], (error) => {
        told.push([name, error]);
        throw new Error(`broken callback ${name}`);
      });
    }
    connection.close();
    await waitFor(() => told.length === 2, 'both callbacks');
    expect(heard).toMatchObject([{ message: 'broken callback a' }, { message: 'broken callback b' }]);
  });
});

describe('a peer', () => {
  test('that closes its half of the link is let go, also by a server that allows half-open sockets', async () => {
    const { server, port } = await startCore(closing, { allowHalfOpen: true });
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send("{handshake:[0,'app']}");
    await peer.received(1);
    peer.socket.end();
    await waitFor(() => server.getClientsArray().length === 0, 'the end of the connection');
  });

  test('that says bye without having agreed to it is not obeyed', async () => {
    const { server, port } = await startCore(closing);
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send(
      "{handshake:[0,'app']}",
      "{bye:['close']}",
      '{cancel:[1]}',
      '{stream:[1],credit:[5]}',
      '{ping:[1]}',
    );
    await peer.received(2);
    expect(peer.messages[1]).toBe('{pong:[1]}');
    expect(server.getClientsArray()).toHaveLength(1);
  });

  test.each([
    '{stream:[2]}',
    "{stream:[2],data:'x'}",
    '{stream:[2,-1],data:[1]}',
    '{stream:7,credit:[1]}',
    "{stream:['a'],credit:[1]}",
    '{cancel:null}',
    '{cancel:{}}',
    '{bye:1}',
    "{bye:'close'}",
  ])('that says %s without having agreed to such an extension is ignored', async (text) => {
    const { server, port } = await startCore(closing);
    const rejected: unknown[] = [];
    server.on('log', (_connection, event, ...args) => {
      if (event === 'messageRejected') rejected.push(args[0]);
    });
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send("{handshake:[0,'app']}", text, '{ping:[1]}');
    await peer.received(2);
    expect(peer.messages[1]).toBe('{pong:[1]}');
    expect(rejected).toHaveLength(1);
  });

  test.each([
    ['{stream:[2]}', "{handshake:[0,'app','',{stream:1}]}"],
    ['{cancel:null}', "{handshake:[0,'app','',{cancel:1}]}"],
    // Whatever was agreed: these kinds are everybody's.
    ['{ping:null}', "{handshake:[0,'app']}"],
    ['{cancel:null}', '{}'],
  ])('that says %s after %s is ended', async (text, before) => {
    const { port } = await startCore(closing);
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send(before, text, '{ping:[1]}');
    await peer.end();
    expect(peer.messages.filter((message) => message.startsWith('{pong'))).toEqual([]);
  });

  test('that gives credit before the handler has opened its stream is not sent more', async () => {
    const received: IncomingCall<Connection>[] = [];
    const application = {
      name: 'app',
      version: '1.0.0',
      callMethod: () => undefined,
      getMethods: () => [],
      handleCall: (call: IncomingCall<Connection>) => received.push(call),
    };
    const { port } = await startCore(closing, { applications: [application] });
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send(
      "{handshake:[0,'app','',{stream:1}]}",
      "{call:[1,'i'],m:[]}",
      '{stream:[1],credit:[3]}',
      '{ping:[2]}',
    );
    await peer.received(2);
    const stream = received[0].openStream();
    for (let n = 1; n <= 10; n++) stream.write(n);
    peer.send('{ping:[3]}');
    expect((await peer.received(6)).slice(2)).toEqual([
      '{stream:[1,1],data:[1]}',
      '{stream:[1,2],data:[2]}',
      '{stream:[1,3],data:[3]}',
      '{pong:[3]}',
    ]);
    peer.send('{stream:[1],credit:[5]}');
    expect((await peer.received(8)).slice(6)).toEqual(['{stream:[1,4],data:[4]}', '{stream:[1,5],data:[5]}']);
  });

  test('that reads a stream with a small limits.streamCredit gets no more than that', async () => {
    const sent: number[] = [];
    const received: IncomingCall<Connection>[] = [];
    const application = {
      name: 'app',
      version: '1.0.0',
      callMethod: () => undefined,
      getMethods: () => [],
      handleCall: (call: IncomingCall<Connection>) => void received.push(call),
    };
    const { port } = await startCore(closing, { applications: [application] });
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send("{handshake:[0,'app','',{stream:1}]}", "{call:[1,'i'],m:[]}", '{stream:[1],credit:[8]}');
    await peer.pong(2);
    const stream = received[0].openStream();
    for (let n = 1; stream.write(n) && n < 100; n++) sent.push(n);
    await peer.pong(3);
    expect(peer.messages).toHaveLength(9);
    expect(sent).toHaveLength(7);
  });
});
