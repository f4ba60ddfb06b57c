import { describe, expect, jest, test } from '@jest/globals';
import { EMPTY } from 'rxjs';
import { net, type Connection, type OutgoingStream } from '../../../lib/core.js';
import { ALL_EXTENSIONS, writes } from '../../support/core.js';
import { LOOPBACK } from '../../support/ports.js';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { timersOf, turns } from '../../support/quiet.js';
import { retried, waitFor, within } from '../../support/wait-for.js';
import { API, Bench, CallApplication, MemoryBench, record } from './fixture.js';
import { lifecycleOf } from '../../../lib/connection/lifecycle.js';

const REFUSED = { code: 'ECONNREFUSED' };
const QUICK = { minDelayMs: 5, maxDelayMs: 20 };

describe('a line that is cut', () => {
  const bench = new Bench();
  const memory = new MemoryBench();

  test('comes back by itself and at once, with its session', async () => {
    const { port, cut } = await bench.serve();
    const client = bench.client(port, { reconnect: { minDelayMs: 4000 } });
    const events = record(client);
    const connection = await client.connect();
    const id = connection.session?.id;
    cut();
    await waitFor(() => events.includes('reconnect true'), 'the resume');
    expect(events).toEqual(['connect', 'close', 'reconnecting 1', 'connect', 'reconnect true']);
    expect(client.unwrap()).toBe(connection);
    expect(client.unwrap().session?.id).toBe(id);
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
  });

  test('of a connection that has become too old is up again at once, with its session and all calls', async () => {
    const { port, server } = await bench.serve(API, { limits: { maxConnectionAgeMs: 20 } });
    let ends = 0;
    server.on('connectionTimeout', () => (ends += 1));
    const client = bench.client(port);
    const events = record(client);
    const connection = await client.connect();
    for (let n = 0; ends < 4; n++) expect(await valuesOf(client.send('echo', n))).toEqual([n]);
    expect(await valuesOf(client.send('echo', 'still there'))).toEqual(['still there']);
    // It may have become too old again by now.
    const present = await retried(() => client.connect(), 'the connection');
    expect(present).toBe(connection);
    expect(events).toContain('reconnect true');
    expect(events.filter((event) => /false|sessionLost|error/.test(event))).toEqual([]);
  });

  test('is dialled soon again, however often it was cut, where something came over it each time', async () => {
    const { port, cut } = await bench.serve();
    const client = bench.client(port);
    // Doubled each time, the delay would soon be longer than a call waits.
    for (let round = 0; round < 8; round++) {
      expect(await valuesOf(client.send('echo', round))).toEqual([round]);
      const call = observe(client.send('echo', 'under way'));
      cut();
      await call.end();
      expect(call.values).toEqual(['under way']);
    }
  });

  test('keeps a call under way that the server had not received', async () => {
    const { port, sockets } = await bench.serve();
    const client = bench.client(port);
    const connection = await client.connect();
    for (const socket of sockets) socket.pause();
    let call = observe(EMPTY);
    await writes(connection, () => (call = observe(client.send('echo', 'kept'))));
    (connection.getTransport() as { destroy(): void }).destroy();
    await call.end();
    expect([call.values, call.failure]).toEqual([['kept'], undefined]);
  });

  test('loses no answer of a call that the server had received: it is run once, and answered after the resume', async () => {
    const application = new CallApplication((call) => {
      if (call.methodName !== 'silent') call.succeed(call.args);
    });
    const { port, cut } = await bench.serve(application);
    const client = bench.client(port);
    const call = observe(client.send('silent', 1));
    await waitFor(() => application.calls.length === 1, 'the call');
    cut();
    application.calls[0].succeed(['answered while the line was down']);
    await call.end();
    expect(call.values).toEqual(['answered while the line was down']);
    expect(await valuesOf(client.send('other', 2))).toEqual([2]);
    expect(application.calls).toHaveLength(2);
  });

  test('fails what was under way with -1 once resumeTimeoutMs is over, and not before', async () => {
    jest.useFakeTimers();
    bench.ends(() => jest.useRealTimers());
    const application = new CallApplication(() => undefined);
    const world = memory.serve(application);
    const client = memory.client({ resumeTimeoutMs: 100, reconnect: QUICK });
    const call = observe(client.send('silent', 1));
    await jest.advanceTimersByTimeAsync(0);
    expect(application.calls).toHaveLength(1);
    world.down();
    await jest.advanceTimersByTimeAsync(99);
    expect(call.ended).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(call.failure).toMatchObject({ error: { code: -1 } });
  });

  test('does not leave to the server what it gave up: the call is cancelled when the line is back', async () => {
    const application = new CallApplication((call) => {
      if (call.methodName !== 'silent') call.succeed(call.args);
    });
    const { port, server, sockets } = await bench.serve(application);
    const client = bench.client(port, { resumeTimeoutMs: 20, reconnect: QUICK });
    const connection = await client.connect();
    for (const socket of sockets) socket.pause();
    let call = observe(EMPTY);
    await writes(connection, () => (call = observe(client.send('silent', 'given up'))));
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
      (connection.getTransport() as { destroy(): void }).destroy();
    });
    await call.end();
    expect(call.failure).toMatchObject({ error: { code: -1 } });
    expect(application.calls).toHaveLength(0);
    server.listen(port, LOOPBACK);
    expect(await retried(() => valuesOf(client.send('echo', 1)), 'the answer')).toEqual([1]);
    expect(application.calls.map(({ methodName }) => methodName)).toEqual(['silent', 'echo']);
    expect(application.calls[0]?.signal.aborted).toBe(true);
  });

  test('waits for ever for its calls where resumeTimeoutMs is Infinity, until close', async () => {
    const application = new CallApplication(() => undefined);
    const { port, server, cut } = await bench.serve(application);
    const client = bench.client(port, { resumeTimeoutMs: Infinity, reconnect: false });
    const events = record(client);
    const call = observe(client.send('silent', 1));
    await waitFor(() => application.calls.length === 1, 'the call');
    server.close();
    cut();
    await waitFor(() => events.includes('close'), 'the end of the line');
    await turns();
    expect(call.ended).toBe(false);
    await client.close();
    expect((await call.end()).failure).toMatchObject({ error: { code: -1 } });
  });

  test('that cannot come back lets connect, send, emit and the rest attempt at once and fail with the reason, with offline: fail', async () => {
    const { port, server, cut } = await bench.serve();
    const client = bench.client(port, { reconnect: { minDelayMs: 4000 }, offline: 'fail' });
    const events = record(client);
    await client.connect();
    server.close();
    cut();
    await waitFor(() => events.includes('close'), 'the end of the line');
    await expect(client.connect()).rejects.toMatchObject(REFUSED);
    expect(await errorOf(client.send('echo', 1))).toMatchObject(REFUSED);
    expect(await errorOf(client.emit('event', 1))).toMatchObject(REFUSED);
    await expect(client.inspect('calc')).rejects.toMatchObject(REFUSED);
    expect(() => client.unwrap()).toThrow('Not initialized');
    server.listen(port, LOOPBACK);
    await waitFor(() => server.listening, 'the server');
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
    expect(events.at(-1)).toBe('reconnect true');
  });

  test('is tried again in the background, less and less often, until the server is back', async () => {
    const { port, server, cut } = await bench.serve();
    const client = bench.client(port, { reconnect: QUICK });
    const events = record(client);
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    await client.connect();
    server.close();
    cut();
    await waitFor(() => events.includes('reconnecting 4'), 'the attempts');
    expect(errors[0]).toMatchObject(REFUSED);
    server.listen(port, LOOPBACK);
    await waitFor(() => events.includes('reconnect true'), 'the resume');
  });

  test('stays cut until it is needed where reconnect is false', async () => {
    const { port, cut, came } = await bench.serve();
    const client = bench.client(port, { reconnect: false });
    const events = record(client);
    const connection = await client.connect();
    cut();
    await waitFor(() => events.includes('close'), 'the end of the line');
    expect(await came()).toBe(1);
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
    expect(client.unwrap()).toBe(connection);
    expect(events).toEqual(['connect', 'close', 'connect', 'reconnect true']);
  });

  test('again and again is not dialled without a pause', async () => {
    const { port, server } = await bench.serve();
    const cutSoon = (connection: Connection): void => {
      // Not before the answer to the handshake is out.
      setTimeout(() => (connection.getTransport() as { destroy(): void } | undefined)?.destroy(), 5);
    };
    server.on('connect', cutSoon).on('reconnect', cutSoon);
    const client = bench.client(port, { reconnect: { minDelayMs: 60 } });
    const events = record(client);
    client.connect().catch(() => undefined);
    await waitFor(() => events.includes('reconnecting 1'), 'the first attempt');
    const since = Date.now();
    await waitFor(() => events.filter((event) => event.startsWith('connect')).length >= 3, 'a few lines');
    expect(Date.now() - since).toBeGreaterThan(20);
  });

  test('brings each value of a stream once, those too that were made while it was down', async () => {
    let stream: OutgoingStream | undefined;
    const application = new CallApplication((call) => {
      stream = call.openStream();
      stream.write(1);
      stream.write(2);
    });
    const { port, cut } = await bench.serve(application);
    const client = bench.client(port);
    const seen = observe(client.send('stream', 1));
    await seen.received(2);
    cut();
    stream?.write(3);
    stream?.end();
    await seen.end();
    expect([seen.values, seen.failure]).toEqual([[1, 2, 3], undefined]);
  });
});

describe('a session that is lost', () => {
  const bench = new Bench();

  test('is replaced by a new one: what was under way fails with -1, what waits is sent', async () => {
    const silent = new CallApplication(() => undefined);
    const first = await bench.serve(silent);
    const client = bench.client(first.port, { reconnect: false });
    const events = record(client);
    const connection = await client.connect();
    const call = observe(client.send('silent', 1));
    await waitFor(() => silent.calls.length === 1, 'the call');
    first.server.close();
    first.cut();
    await waitFor(() => events.includes('close'), 'the end of the line');
    const application = new CallApplication();
    await retried(() => bench.serve(application, { port: first.port }), 'the second server');
    expect(await valuesOf(client.send('echo', 'new'))).toEqual(['new']);
    expect((await call.end()).failure).toMatchObject({ error: { code: -1 } });
    expect(application.calls.map(({ args }) => args)).toEqual([['new']]);
    expect(client.unwrap()).not.toBe(connection);
    expect(events).toEqual(['connect', 'close', 'sessionLost', 'connect', 'reconnect false']);
  });

  test('and a new one that is refused fail with the reason of the refusal', async () => {
    const first = await bench.serve();
    const client = bench.client(first.port, { reconnect: false });
    const events = record(client);
    await client.connect();
    first.server.close();
    first.cut();
    await waitFor(() => events.includes('close'), 'the end of the line');
    const others = net.createServer({ applications: [] });
    bench.ends(() => others.close());
    await retried(
      () => new Promise<void>((resolve) => others.listen(first.port, LOOPBACK, resolve)),
      'the others',
    );
    expect(await errorOf(client.send('echo', 1))).toMatchObject({ code: 10 });
  });
});

describe('a server that says bye', () => {
  const bench = new Bench();

  test('fails what is under way at once, and is dialled with a fresh login until it is back', async () => {
    const application = new CallApplication(() => undefined);
    const first = await bench.serve(application);
    const client = bench.client(first.port, { reconnect: QUICK, resumeTimeoutMs: 4000 });
    const events = record(client);
    const seen = observe(client.fromEvent('news', 'flash'));
    const call = observe(client.send('silent', 1));
    await waitFor(() => application.calls.length === 1, 'the call');
    await first.stop();
    await call.end();
    expect(call.failure).toMatchObject({ error: { code: -1 } });
    expect(await errorOf(client.send('silent', 1))).toMatchObject(REFUSED);
    const second = await bench.serve(API, { port: first.port });
    await waitFor(() => events.includes('reconnect false'), 'the new login');
    expect(events.slice(0, 3)).toEqual(['connect', 'close', 'sessionLost']);
    second.server.broadcast('news', 'flash', 'again');
    expect(await seen.received(1)).toEqual(['again']);
  });

  test('taken leaves the client away until its user calls connect', async () => {
    const { port, came } = await bench.serve();
    const client = bench.client(port, { reconnect: QUICK });
    const events = record(client);
    const connection = await client.connect();
    const call = observe(client.send('silent', 1));
    await valuesOf(client.send('echo', 0));
    const { session } = connection;
    const thief = await net.connect(
      'app',
      { session, extensions: ALL_EXTENSIONS, reconnector: () => undefined },
      port,
      LOOPBACK,
    );
    bench.ends(() => thief.close());
    await waitFor(() => events.includes('sessionTaken'), 'the takeover');
    expect((await call.end()).failure).toMatchObject({ error: { code: -1 } });
    expect(await errorOf(client.send('echo', 1))).toMatchObject({ code: -4 });
    expect(await errorOf(client.emit('event', 1))).toMatchObject({ code: -4 });
    const seen = observe(client.fromEvent('a', 'b'));
    await timersOf(QUICK.maxDelayMs);
    expect([await came(), events, seen.ended]).toEqual([2, ['connect', 'close', 'sessionTaken'], false]);
    await client.connect();
    expect(client.unwrap().session?.id).not.toBe(session?.id);
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
    expect(thief.handshakeDone).toBe(true);
  });

  test('moved is resumed at once, its calls with it', async () => {
    const { port, server } = await bench.serve();
    const client = bench.client(port, { reconnect: { minDelayMs: 4000 } });
    const events = record(client);
    const connection = await client.connect();
    const [peer] = server.getClientsArray();
    lifecycleOf(peer).end('moved');
    await waitFor(() => events.includes('reconnect true'), 'the resume');
    expect(client.unwrap()).toBe(connection);
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
  });
});

describe('the connection of the core', () => {
  const bench = new Bench();

  test('closed behind the client leaves it disconnected until it is needed', async () => {
    const { port, came } = await bench.serve();
    const client = bench.client(port, { reconnect: QUICK });
    const { values: states } = observe(client.status);
    const connection = await client.connect();
    connection.close();
    await waitFor(() => states.at(-1) === 'disconnected', 'the end of the line');
    await timersOf(QUICK.maxDelayMs);
    expect(await came()).toBe(1);
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
  });

  test('moved by hand stays the connection of the client', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    const connection = await client.connect();
    await within(net.reconnect(connection, port, LOOPBACK), 'the move');
    expect(await client.connect()).toBe(connection);
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
  });
});
