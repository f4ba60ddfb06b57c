import { describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Connection } from '../../../lib/core.js';
import { reservedPort } from '../../support/ports.js';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { countHandles, expectNoNewHandles } from '../../support/open-handles.js';
import { dialled, turns } from '../../support/quiet.js';
import { watchProcess } from '../../support/real-process.js';
import { waitFor, within } from '../../support/wait-for.js';
import { startRawServer } from '../../support/jstp.js';
import { Closing } from '../../support/closing.js';
import { API, Bench, CallApplication, record, watchLog } from './fixture.js';

describe('a client', () => {
  const bench = new Bench();

  test('does nothing before it is used', async () => {
    const { port, came } = await bench.serve();
    const client = bench.client(port);
    const { values } = observe(client.status);
    client.proxy('calc');
    client.fromEvent('a', 'b');
    client.expose({});
    expect([await came(), values]).toEqual([0, []]);
    expect(() => client.unwrap()).toThrow('Not initialized');
  });

  test('connects once for all that ask, and gives the connection of the core', async () => {
    const { port, connections } = await bench.serve();
    const client = bench.client(port);
    const first = client.connect();
    expect(client.connect()).toBe(first);
    const connection = await first;
    expect(connection).toBeInstanceOf(Connection);
    expect(client.unwrap()).toBe(connection);
    await valuesOf(client.send('echo', 1));
    expect([await client.connect(), connections()]).toEqual([connection, 1]);
  });

  test('offers all extensions', async () => {
    const { port } = await bench.serve();
    const { extensions } = await bench.client(port).connect();
    const peerMaxBytes = 8 * 1024 * 1024;
    expect(extensions).toEqual({
      nest: true,
      attachments: true,
      bytes: true,
      source: true,
      stream: true,
      cancel: true,
      bye: true,
      resume: true,
      peerMaxBytes,
    });
  });

  test('connects by an IPC path', async () => {
    const { server } = await bench.serve();
    const socketPath = path.join(tmpdir(), `jstp-client-${String(process.pid)}.sock`);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const client = bench.client(0, { host: undefined, port: undefined, path: socketPath });
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
  });

  test('asks for its application, version and all', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port, { app: 'app@^2.0.0' });
    await expect(client.connect()).rejects.toMatchObject({ code: 10 });
    expect(await errorOf(client.send('echo', 1))).toMatchObject({ code: 10 });
    const ranged = bench.client(port, { app: { name: 'app', version: '^1.0.0' } });
    expect(await valuesOf(ranged.send('echo', 1))).toEqual([1]);
  });

  test('logs in with a name and password', async () => {
    const authPolicy = (
      _connection: unknown,
      _application: unknown,
      strategy: string,
      credentials: unknown,
      answer: (error: unknown, username?: string) => void,
    ): void => {
      const [login, password] = credentials as string[];
      if (strategy === 'login' && password === 'right') answer(null, login);
      else answer(new Error('no'));
    };
    const { port } = await bench.serve(API, { authPolicy });
    const client = bench.client(port, { login: 'marcus', password: 'right' });
    expect(await valuesOf(client.send('whoami', 1))).toEqual(['marcus']);
    const wrong = bench.client(port, { login: 'marcus', password: 'wrong' });
    await expect(wrong.connect()).rejects.toMatchObject({ code: 11 });
    await expect(wrong.connect()).rejects.toMatchObject({ code: 11 });
  });

  test('shakes hands by a strategy of its own, with credentials made for each login', async () => {
    const seen: unknown[] = [];
    const authPolicy = (
      _connection: unknown,
      _application: unknown,
      strategy: string,
      credentials: unknown,
      answer: (error: unknown, username?: string) => void,
    ): void => {
      seen.push([strategy, credentials]);
      answer(null, 'token user');
    };
    const { port } = await bench.serve(API, { authPolicy });
    let count = 0;
    const client = bench.client(port, {
      strategy: 'token',
      credentials: () => {
        count += 1;
        return Promise.resolve({ token: count });
      },
    });
    expect(await valuesOf(client.send('whoami', 1))).toEqual(['token user']);
    await client.close();
    await client.connect();
    const fixed = bench.client(port, { strategy: 'key', credentials: ['k'] });
    await fixed.connect();
    expect(seen).toEqual([
      ['token', { token: 1 }],
      ['token', { token: 2 }],
      ['key', ['k']],
    ]);
  });

  test('fails to connect with what its credentials fail with, and leaves no line behind', async () => {
    const { port, sockets } = await bench.serve(API, { authPolicy: () => undefined });
    const failure = new Error('no token');
    const client = bench.client(port, { strategy: 'token', credentials: () => Promise.reject(failure) });
    await expect(client.connect()).rejects.toBe(failure);
    await waitFor(() => sockets.size === 0, 'the end of the line');
  });

  test.each([undefined, null, 0, false, ''])(
    'fails to connect where its credentials or its options fail with %p, and tries again when asked',
    async (nothing) => {
      const { port, sockets } = await bench.serve(API, { authPolicy: () => undefined });

      const fail = (): Promise<never> => Promise.reject(nothing);
      const stranger = bench.client(port, { strategy: 'token', credentials: fail });
      await expect(stranger.connect()).rejects.toMatchObject({ code: 11 });
      await waitFor(() => sockets.size === 0, 'the end of the line');
      let asked = 0;
      const connectOptions = (): Promise<never> => {
        asked += 1;
        return fail();
      };
      const lost = bench.client(port, { connectOptions });
      for (let count = 0; count < 2; count++) {
        await expect(lost.connect()).rejects.toMatchObject({ code: 'ERR_JSTP_CONNECT' });
      }
      expect(asked).toBe(2);
    },
  );

  test('pings at its heartbeat interval and gives up a server that is silent', async () => {
    const closing = new Closing();
    bench.ends(() => closing.run());
    const silent = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write("{handshake:[0],ok:'id'}\0"));
    });
    const { port } = await startRawServer(silent, closing);
    const client = bench.client(port, {
      heartbeatInterval: 20,
      limits: { heartbeatTimeoutMs: 40 },
      reconnect: false,
    });
    const { values } = observe(client.status);
    await client.connect();
    client.on('error', () => undefined);
    await waitFor(() => values.includes('disconnected'), 'the end of the line');
  });

  test('that cannot connect fails, is disconnected, and tries again only when asked', async () => {
    const port = await reservedPort({ add: (release) => bench.ends(release) });
    const client = bench.client(port);
    const { values } = observe(client.status);
    await expect(client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(values).toEqual(['disconnected']);
    const { came } = await bench.serve(API, { port });
    expect(await came()).toBe(0);
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
  });

  test('leaves no rejection unhandled, whoever looks at what fails', async () => {
    const watch = watchProcess();
    try {
      const port = await reservedPort({ add: (release) => bench.ends(release) });
      const client = bench.client(port);
      void client.connect();
      client.emit('event', 1);
      client.fromEvent('a', 'b').subscribe({ error: () => undefined });
      client.send('echo', 1).subscribe({ error: () => undefined });
      await dialled(port);
      await client.close();
      await turns();
    } finally {
      watch.stop();
    }
    expect(watch.failures).toEqual([]);
  });
});

describe('close', () => {
  const bench = new Bench();

  test('is harmless before anything, twice, and with a signal', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    await client.close();
    await client.close('SIGTERM');
    await client.connect();
    await within(Promise.all([client.close('SIGTERM'), client.close(), client.close()]), 'the ends');
  });

  test('fails the calls under way with -1, ends streams, and says bye', async () => {
    const application = new CallApplication((call) => {
      call.openStream().write(1);
    });
    const { port, server } = await bench.serve(application);
    const byes: unknown[] = [];
    server.on('connect', (connection) => {
      connection.on('bye', (reason) => byes.push(reason));
    });
    const client = bench.client(port);
    const events = record(client);
    const { values: states } = observe(client.status);
    const calls = [observe(client.send('a', 1)), observe(client.send('b', 2))];
    for (const call of calls) await call.received(1);
    const promised = client.call('c', 'd').catch((error: unknown) => error);
    await waitFor(() => application.calls.length === 3, 'the calls');
    await client.close();
    for (const call of calls) {
      await call.end();
      expect([call.values, call.failure]).toMatchObject([[1], { error: { code: -1 } }]);
    }
    expect(await promised).toMatchObject({ code: -1 });
    await waitFor(() => byes.length > 0, 'the bye');
    expect(byes).toEqual(['close']);
    expect(states).toEqual(['connected', 'disconnected']);
    expect(events).toEqual(['connect', 'close']);
    expect(() => client.unwrap()).toThrow('Not initialized');
  });

  test('leaves nothing open', async () => {
    const { port } = await bench.serve();
    const before = countHandles();
    const client = bench.client(port, { heartbeatInterval: 10 });
    client.fromEvent('a', 'b').subscribe();
    await valuesOf(client.send('echo', 1));
    await client.close();
    await expectNoNewHandles(before);
  });

  test('leaves nothing open of a client that is trying to come back', async () => {
    const { port, stop } = await bench.serve();
    const before = countHandles();
    const client = bench.client(port, { reconnect: { minDelayMs: 5000 } });
    const events = record(client);
    client.send('silent', 1).subscribe({ error: () => undefined });
    await valuesOf(client.send('echo', 1));
    await stop();
    await waitFor(() => events.includes('close'), 'the end of the line');
    await client.close();
    await expectNoNewHandles(before);
    await turns();
    expect(events).not.toContain('connect 2');
  });

  test('gives up an attempt that is under way, at once', async () => {
    const closing = new Closing();
    bench.ends(() => closing.run());
    // Accepts, and never shakes hands.
    const { port, sockets } = await startRawServer(
      createServer((socket) => socket.resume().on('error', () => undefined)),
      closing,
    );
    const client = bench.client(port);
    const attempt = client.connect();
    const call = observe(client.send('echo', 1));
    await waitFor(() => sockets.size === 1, 'the line');
    await client.close();
    await expect(within(attempt, 'the attempt')).rejects.toMatchObject({ code: -9 });
    expect((await call.end()).failure?.error).toMatchObject({ code: -9 });
    await waitFor(() => sockets.size === 0, 'the end of the line');
  });

  test('gives up an attempt whose dialling is under way', async () => {
    const before = countHandles();
    // An address of no machine: the dialling takes its time.
    const client = bench.client(9, { host: '192.0.2.1' });
    const attempt = client.connect();
    await client.close();
    await expect(within(attempt, 'the attempt')).rejects.toMatchObject({ code: -9 });
    await expectNoNewHandles(before);
  });

  test('is no end: the next use connects again, with a new session', async () => {
    const { port, connections } = await bench.serve();
    const client = bench.client(port);
    const first = await client.connect();
    await client.close();
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
    expect(connections()).toBe(2);
    expect(client.unwrap()).not.toBe(first);
    expect(client.unwrap().session?.id).not.toBe(first.session?.id);
  });

  test('while it connects lets a new connection be made at once', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    void client.connect();
    await client.close();
    const connection = await client.connect();
    expect(client.unwrap()).toBe(connection);
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
  });
});

describe('the events of a client', () => {
  const bench = new Bench();

  test('go to listeners registered before and after connecting', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    const seen: unknown[] = [];
    client.on('connect', (connection) => seen.push(connection));
    const connection = await client.connect();
    client.on('close', () => seen.push('close'));
    await client.close();
    expect(seen).toEqual([connection, 'close']);
  });

  test('a listener that throws keeps nothing from going on', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    client.on('connect', () => {
      throw new Error('of a listener');
    });
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
  });

  test('a line that breaks is no error in the log where nobody listens, what an exposed method throws is', async () => {
    const { port, server, sockets } = await bench.serve();
    const log = watchLog(bench);
    const failing = async (_connection: Connection): Promise<void> => {
      throw new Error('of a method');
    };
    const client = bench.client(port, { application: { local: { failing } } as never });
    const events = record(client);
    await client.connect();
    for (const socket of sockets) socket.resetAndDestroy();
    await waitFor(() => events.includes('reconnect true'), 'the resume');
    for (const socket of sockets) socket.write('garbage\0');
    await waitFor(() => events.filter((event) => event === 'reconnect true').length === 2, 'the next resume');
    expect([log.of('warn'), log.of('error')]).toEqual([[], []]);
    expect(log.of('debug')).toContainEqual(expect.stringContaining('ECONNRESET'));
    const [peer] = server.getClientsArray();
    await expect(peer.callMethod('local', 'failing', [])).rejects.toMatchObject({ code: 16 });
    expect(log.of('error')).toMatchObject([{ message: 'of a method' }]);
  });

  test('errors of the line go to who listens', async () => {
    const { port, sockets } = await bench.serve();
    const client = bench.client(port, { reconnect: false });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    await client.connect();
    for (const socket of sockets) socket.write('garbage\0');
    await waitFor(() => errors.length === 1, 'the error');
    expect(errors[0]).toMatchObject({ code: 'ERR_JSTP_PROTOCOL' });
  });
});
