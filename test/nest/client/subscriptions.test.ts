import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { config } from 'rxjs';
import type { JstpClient } from '../../../lib/index.js';
import type { Connection } from '../../../lib/core.js';
import { observe } from '../../support/observed.js';
import { watchProcess } from '../../support/real-process.js';
import { CallApplication, MemoryBench, record, watchLog } from './fixture.js';

// Virtual time: what is waited for here is exact, and no machine is too slow for it.
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

function errorsOf(client: JstpClient): unknown[] {
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push(error));
  return errors;
}

describe('a subscription of events', () => {
  const bench = new MemoryBench();

  test('made before the server is up waits for it; the client tells what keeps it from connecting', async () => {
    const world = bench.serve(new CallApplication());
    world.down();
    const client = bench.client();
    const errors = errorsOf(client);
    const { values: states } = observe(client.status);
    const seen = observe(client.fromEvent('news', 'flash'));
    await pass(2000);
    expect(seen.ended).toBe(false);
    expect(errors.length).toBeGreaterThan(3);
    expect(errors[0]).toMatchObject({ code: 'ECONNREFUSED' });
    expect(states).toEqual(['disconnected']);
    world.up();
    await pass(500);
    world.server.broadcast('news', 'flash', 'up');
    await pass(0);
    expect([seen.values, states]).toEqual([['up'], ['disconnected', 'connected']]);
  });

  test('is no unhandled error, whoever listens', async () => {
    const watch = watchProcess();
    const unhandled: unknown[] = [];
    config.onUnhandledError = (error) => unhandled.push(error);
    bench.ends(() => {
      config.onUnhandledError = null;
    });
    try {
      const world = bench.serve(new CallApplication());
      world.down();
      const client = bench.client();
      client.fromEvent('news', 'flash').subscribe();
      await pass(3000);
      await client.close();
      await pass(3000);
    } finally {
      watch.stop();
    }
    expect([watch.failures, unhandled]).toEqual([[], []]);
  });

  test('lives through refusals: once let in, it is told', async () => {
    let isLetIn = false;
    const world = bench.serve(new CallApplication(), {
      authPolicy: (_connection, _application, _strategy, _credentials, answer) => {
        if (isLetIn) answer(null, 'somebody');
        else answer(new Error('not yet'));
      },
    });
    const client = bench.client({ login: 'somebody', password: 'secret' });
    const errors = errorsOf(client);
    const seen = observe(client.fromEvent('news', 'flash'));
    await pass(5000);
    expect(seen.ended).toBe(false);
    expect(errors.length).toBeGreaterThan(3);
    expect(errors.every((error) => (error as { code?: unknown }).code === 11)).toBe(true);
    isLetIn = true;
    await pass(10_000);
    world.server.broadcast('news', 'flash', 'in');
    await pass(0);
    expect(seen.values).toEqual(['in']);
  });

  test('goes on over a lost session whose new login is refused for a while', async () => {
    const world = bench.serve(new CallApplication());
    const client = bench.client();
    const events = record(client);
    const seen = observe(client.fromEvent('news', 'flash'));
    await pass(0);
    world.down();
    await pass(300);
    world.replace(new CallApplication(undefined, 'another'));
    await pass(2000);
    world.replace(new CallApplication());
    await pass(1000);
    // Once: what is lost is not asked for again.
    expect(events.filter((event) => event === 'sessionLost')).toHaveLength(1);
    world.server.broadcast('news', 'flash', 'again');
    await pass(0);
    expect([seen.values, seen.ended]).toEqual([['again'], false]);
  });

  test('made after the line was lost dials, where the client does not dial by itself', async () => {
    const world = bench.serve(new CallApplication());
    const client = bench.client({ reconnect: false });
    const first = observe(client.fromEvent('news', 'flash'));
    await pass(0);
    world.down();
    await pass(0);
    world.up();
    await pass(60_000);
    world.server.broadcast('news', 'flash', 'unheard');
    await pass(0);
    const second = observe(client.fromEvent('news', 'other'));
    await pass(0);
    world.server.broadcast('news', 'other', 'heard');
    await pass(0);
    expect(second.values).toEqual(['heard']);
    // It is the old session that is back, with what was sent meanwhile.
    expect(first.values).toEqual(['unheard']);
  });

  test('is no line of its own: many of them dial once at a time', async () => {
    const world = bench.serve(new CallApplication());
    world.down();
    const client = bench.client();
    const errors = errorsOf(client);
    for (const name of ['a', 'b', 'c']) observe(client.fromEvent('news', name));
    await pass(0);
    const early = errors.length;
    expect(early).toBeLessThan(4);
    for (const name of ['d', 'e', 'f']) observe(client.fromEvent('news', name));
    await pass(0);
    expect(errors).toHaveLength(early);
    world.up();
    await pass(500);
    expect(world.connections).toBe(1);
  });

  test('that has ended before the first connection leaves nothing dialling, and the next one begins anew', async () => {
    const world = bench.serve(new CallApplication());
    world.down();
    const client = bench.client();
    const events = record(client);
    const first = observe(client.fromEvent('news', 'a'));
    const second = observe(client.fromEvent('news', 'b'));
    await pass(60_000);
    first.unsubscribe();
    expect(jest.getTimerCount()).toBe(1);
    second.unsubscribe();
    expect(jest.getTimerCount()).toBe(0);
    const before = events.length;
    observe(client.fromEvent('news', 'c'));
    await pass(3000);
    // Not after the ten seconds that were reached before.
    expect(events.length - before).toBeGreaterThan(5);
  });

  test('that has ended leaves a client that was connected as it is', async () => {
    const world = bench.serve(new CallApplication());
    const client = bench.client();
    const events = record(client);
    observe(client.fromEvent('news', 'a')).unsubscribe();
    await pass(0);
    observe(client.fromEvent('news', 'a')).unsubscribe();
    world.down();
    await pass(100);
    world.up();
    await pass(500);
    expect(events).toContain('reconnect true');
  });

  test('makes one attempt where reconnect is false, and is told when the client is used', async () => {
    const world = bench.serve(new CallApplication());
    world.down();
    const client = bench.client({ reconnect: false });
    const errors = errorsOf(client);
    const seen = observe(client.fromEvent('news', 'flash'));
    await pass(60_000);
    expect([errors.length, seen.ended]).toEqual([1, false]);
    world.up();
    await pass(60_000);
    expect(world.connections).toBe(0);
    await client.connect();
    world.server.broadcast('news', 'flash', 1);
    await pass(0);
    expect(seen.values).toEqual([1]);
  });

  test('waits after close for the next use, and then for the server if need be', async () => {
    const world = bench.serve(new CallApplication());
    const client = bench.client();
    const seen = observe(client.fromEvent('news', 'flash'));
    await pass(0);
    await client.close();
    world.down();
    await pass(60_000);
    expect(jest.getTimerCount()).toBe(0);
    await expect(client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    world.up();
    await pass(500);
    world.server.broadcast('news', 'flash', 'used');
    await pass(0);
    expect([seen.values, seen.ended]).toEqual([['used'], false]);
  });

  test('made after a takeover waits until the user connects', async () => {
    const world = bench.serve(new CallApplication());
    const client = bench.client();
    const events = record(client);
    const { session } = await client.connect();
    const thief = await world.connect({ session });
    await pass(0);
    expect(events).toContain('sessionTaken');
    const seen = observe(client.fromEvent('news', 'flash'));
    await pass(60_000);
    expect([world.connections, seen.ended]).toEqual([2, false]);
    world.down();
    await expect(client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const call = observe(client.send('echo', 1));
    await pass(0);
    expect(call.failure).toMatchObject({ error: { code: 'ECONNREFUSED' } });
    world.up();
    await pass(500);
    world.server.broadcast('news', 'flash', 1);
    await pass(0);
    expect(seen.values).toEqual([1]);
    expect(events.slice(-1)).toEqual(['connect']);
    thief.close();
  });
});

describe('the log of a client that nobody listens to', () => {
  const bench = new MemoryBench();

  test('has connects, cuts and resumes at debug, and nothing else of a short outage', async () => {
    const world = bench.serve(new CallApplication());
    const log = watchLog(bench);
    const client = bench.client();
    await client.connect();
    world.down();
    client.emit('noted', 1);
    await pass(700);
    world.up();
    await pass(500);
    await client.close();
    const lines = log.of('debug');
    expect(lines[0]).toMatch(/^Connected to .*localhost:5/);
    expect(lines).toContainEqual(expect.stringMatching(/ECONNRESET/));
    expect(lines).toContainEqual(expect.stringMatching(/^Lost the connection to .*localhost:5 \(cut\)/));
    expect(lines.at(-2)).toMatch(/^Resumed the session at .*localhost:5/);
    expect(lines.at(-1)).toMatch(/^Closed the connection to .*localhost:5/);
    expect([log.of('warn'), log.of('error')]).toEqual([[], []]);
  });

  test('warns of calls that a long outage has lost, with their number', async () => {
    const world = bench.serve(new CallApplication());
    const log = watchLog(bench);
    const client = bench.client({ resumeTimeoutMs: 1000 });
    await client.connect();
    world.down();
    await pass(0);
    for (const value of [1, 2]) client.send('echo', value).subscribe({ error: () => undefined });
    await pass(2000);
    expect(log.of('warn')).toEqual([
      expect.stringMatching(/^The connection to .* was not back within 1000 ms: .* 2$/),
    ]);
    expect(log.of('error')).toEqual([]);
  });

  test('warns of a session that is lost, that the server has ended, or that another client took', async () => {
    const world = bench.serve(new CallApplication());
    const log = watchLog(bench);
    const client = bench.client();
    const { session } = await client.connect();
    const thief = await world.connect({ session });
    await pass(0);
    thief.close();
    await client.connect();
    world.server.closeConnections();
    await pass(1000);
    world.down();
    await pass(100);
    world.replace();
    await pass(1000);
    expect(log.of('warn')).toEqual([
      expect.stringMatching(/taken over by another client$/),
      expect.stringMatching(/has ended: the next connection logs in anew$/),
      expect.stringMatching(/is lost: /),
    ]);
    expect(log.of('error')).toEqual([]);
  });

  test('warns once of what keeps a subscriber from its first connection', async () => {
    const world = bench.serve(new CallApplication());
    world.down();
    const log = watchLog(bench);
    observe(bench.client().fromEvent('news', 'flash'));
    await pass(30_000);
    expect(log.of('warn')).toEqual([
      expect.stringMatching(/^Cannot connect to .*: connect ECONNREFUSED .*; trying again$/),
    ]);
  });

  test.each(['closed', 'let go'])(
    'has nothing of an attempt that fails after the client was %s',
    async (end) => {
      const world = bench.serve(new CallApplication(), { authPolicy: () => undefined });
      const log = watchLog(bench);
      const client = bench.client({ login: 'somebody' });
      const errors = errorsOf(client);
      const subscription = client.fromEvent('news', 'flash').subscribe({ error: () => undefined });
      await pass(100);
      expect(world.connections).toBe(1);
      if (end === 'closed') await client.close();
      else subscription.unsubscribe();
      await pass(60_000);
      expect([errors, world.connections]).toEqual([[], 1]);
      expect([log.of('debug'), log.of('warn'), log.of('error')]).toEqual([[], [], []]);
    },
  );

  test('does not warn of a server that is there and says nothing', async () => {
    let isSilent = false;
    const world = bench.serve(new CallApplication(), {
      authPolicy: (_connection, _application, _strategy, _credentials, answer) => {
        if (!isSilent) answer(null, 'somebody');
      },
    });
    const log = watchLog(bench);
    const client = bench.client({ login: 'somebody' });
    await client.connect();
    isSilent = true;
    world.replace();
    await pass(30_000);
    const attempts = log.of('debug').filter((line) => String(line).startsWith('Cannot connect'));
    expect(attempts.length).toBeGreaterThan(3);
    expect(log.of('warn')).toEqual([expect.stringMatching(/ is lost: /)]);
  });

  test('warns once in each outage of a refusal, and not of a network that is away', async () => {
    const world = bench.serve(new CallApplication());
    const log = watchLog(bench);
    const client = bench.client();
    await client.connect();
    for (const round of [1, 2]) {
      world.down();
      await pass(5000);
      expect(log.of('warn').filter((line) => String(line).startsWith('Cannot'))).toHaveLength(round - 1);
      world.replace(new CallApplication(undefined, 'another'));
      await pass(30_000);
      expect(log.of('warn').filter((line) => String(line).startsWith('Cannot'))).toHaveLength(round);
      world.replace(new CallApplication());
      await pass(20_000);
      expect(client.unwrap<Connection>().handshakeDone).toBe(true);
    }
  });
});
