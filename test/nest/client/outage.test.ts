import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { lifecycleOf } from '../../../lib/connection/lifecycle.js';
import type { Connection, JstpClient } from '../../../lib/index.js';
import { OutageDelay } from '../../../lib/connection/keeper/outage-delay.js';
import { CallApplication, MemoryBench, record } from './fixture.js';

// Virtual time: what is waited for here is exact, and no machine is too slow for it.
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

/** Milliseconds until the client is connected. */
async function timeToReturn(client: JstpClient, limitMs: number): Promise<number> {
  const events = record(client);
  let time = 0;
  while (!events.includes('connect') && time < limitMs) {
    await pass(5);
    time += 5;
  }
  return time;
}

describe('an outage of the line', () => {
  const bench = new MemoryBench();

  test.each([
    [700, 12, undefined],
    [700, 0, undefined],
    [1500, 40, 0],
    [2500, 3, 0],
    [2900, 200, undefined],
    [12_000, 60, 20_000],
  ])(
    'of %d ms with %d calls in it has its client back within 500 ms of its end (resumeTimeoutMs: %p)',
    async (outageMs, calls, resumeTimeoutMs) => {
      const world = bench.serve(new CallApplication());
      const client = bench.client({ resumeTimeoutMs, offline: 'fail' });
      await client.connect();
      world.down();
      for (let made = 0; made < calls; made++) {
        client.send('echo', made).subscribe({ error: () => undefined });
        await pass(outageMs / calls);
      }
      if (calls === 0) await pass(outageMs);
      expect(() => client.unwrap()).toThrow('Not initialized');
      world.up();
      expect(await timeToReturn(client, 20_000)).toBeLessThanOrEqual(500);
    },
  );

  test('is over with the first call that gets through: nothing is dialled after it', async () => {
    const world = bench.serve(new CallApplication());
    const client = bench.client({ offline: 'fail', reconnect: { minDelayMs: 5000 } });
    const events = record(client);
    await client.connect();
    world.down();
    await pass(100);
    world.up();
    expect(await firstValueFrom(client.send('echo', 1))).toBe(1);
    const seen = [...events];
    await pass(60_000);
    expect([events, world.connections]).toEqual([seen, 2]);
  });

  test('that lasts is tried less and less often, however many calls fail meanwhile', async () => {
    const world = bench.serve(new CallApplication());
    const dialledIn = async (calls: number): Promise<[first: number, then: number]> => {
      const client = bench.client({ offline: 'fail' });
      const events = record(client);
      const attempts = (): number => events.filter((event) => event.startsWith('reconnecting')).length;
      let first = 0;
      await client.connect();
      world.down();
      for (let second = 0; second < 60; second++) {
        if (second === 10) first = attempts();
        for (let made = 0; made < calls; made++)
          client.send('echo', made).subscribe({ error: () => undefined });
        await pass(1000);
      }
      await client.close();
      world.up();
      return [first, attempts() - first];
    };
    for (const calls of [0, 5]) {
      const [first, then] = await dialledIn(calls);
      expect(first).toBeGreaterThanOrEqual(10);
      expect(first).toBeLessThan(25);
      expect(then).toBeGreaterThanOrEqual(4);
      expect(then).toBeLessThan(15);
    }
  });

  test('is short for a subscriber as well, who hears something over each short line', async () => {
    const world = bench.serve(new CallApplication());
    const client = bench.client({ resumeTimeoutMs: 0 });
    const heard: unknown[] = [];
    const subscription = client.fromEvent('news', 'told').subscribe((value) => heard.push(value));
    bench.ends(() => subscription.unsubscribe());
    await client.connect();
    for (let round = 0; round < 20; round++) {
      world.server.getClientsArray()[0].emitRemoteEvent('news', 'told', [round]);
      await pass(900);
      world.down();
      await pass(0);
      world.up();
      expect(await timeToReturn(client, 20_000)).toBeLessThanOrEqual(500);
    }
    expect(heard).toEqual(Array.from({ length: 20 }, (_, round) => round));
  });

  test.each(['closed', 'moved', 'drain'] as const)(
    'grows where the server greets each client and then says %s',
    async (last) => {
      const world = bench.serve(new CallApplication());
      const greet = (connection: Connection): void => {
        connection.emitRemoteEvent('news', 'hello', []);
        setTimeout(() => {
          if (last === 'drain') lifecycleOf(connection).sayDrain();
          else lifecycleOf(connection).end(last);
        }, 10);
      };
      world.server.on('connect', greet);
      world.server.on('reconnect', greet);
      const client = bench.client();
      await client.connect();
      await pass(60_000);
      expect(world.connections).toBeLessThan(30);
    },
  );

  test('after a long one is dialled at once again, where the line was stable in between', async () => {
    const world = bench.serve(new CallApplication());
    const client = bench.client();
    const events = record(client);
    await client.connect();
    world.down();
    await pass(60_000);
    world.up();
    await timeToReturn(client, 20_000);
    await pass(2000);
    const before = events.length;
    world.down();
    world.up();
    await pass(0);
    expect(events.slice(before)).toEqual(['close', 'reconnecting 1', 'connect', 'reconnect true']);
  });
});

describe('the delay before an attempt in the background', () => {
  const delays = { minDelayMs: 100, maxDelayMs: 10_000 };

  /** Expects the next delay to be `mostMs`, less a random half. */
  async function expectNext(delay: OutageDelay, mostMs: number): Promise<void> {
    const ms = delay.nextDelayMs();
    expect(ms).toBeLessThanOrEqual(mostMs);
    expect(ms).toBeGreaterThanOrEqual(mostMs / 2);
    await pass(ms);
  }

  async function afterLifeOf(delay: OutageDelay, lifeMs: number, wasUseful: boolean): Promise<void> {
    delay.connected();
    await pass(lifeMs);
    delay.lost(wasUseful, false);
  }

  test('is none at first, then doubles to 400 ms while the outage may be short, then to its maximum', async () => {
    for (let round = 0; round < 20; round++) {
      const delay = new OutageDelay(delays, 0);
      const begin = performance.now();
      for (const mostMs of [0, 100, 200]) await expectNext(delay, mostMs);
      while (performance.now() - begin < 3000) await expectNext(delay, 400);
      for (const mostMs of [800, 1600, 3200, 6400, 10_000, 10_000]) await expectNext(delay, mostMs);
    }
  });

  test('stays short for as long as calls wait, for half a minute at most', async () => {
    for (const [resumeTimeoutMs, quickMs] of [
      [8000, 8000],
      [Infinity, 30_000],
    ]) {
      const delay = new OutageDelay(delays, resumeTimeoutMs);
      const begin = performance.now();
      for (const mostMs of [0, 100, 200]) await expectNext(delay, mostMs);
      while (performance.now() - begin < quickMs) await expectNext(delay, 400);
      await expectNext(delay, 800);
    }
  });

  test('keeps to its bounds where both are below or above the 400 ms', async () => {
    const short = new OutageDelay({ minDelayMs: 5, maxDelayMs: 20 }, 0);
    for (const mostMs of [0, 5, 10, 20, 20, 20]) await expectNext(short, mostMs);
    const long = new OutageDelay({ minDelayMs: 3000, maxDelayMs: 3000 }, 0);
    for (const mostMs of [0, 3000, 3000, 3000]) await expectNext(long, mostMs);
  });

  test('begins anew after a line of a second, and only after that', async () => {
    const delay = new OutageDelay(delays, 0);
    for (const mostMs of [0, 100, 200]) await expectNext(delay, mostMs);
    await afterLifeOf(delay, 999, false);
    await expectNext(delay, 400);
    await afterLifeOf(delay, 1000, false);
    await expectNext(delay, 0);
  });

  test('is short after a short line that something came over, however often', async () => {
    const delay = new OutageDelay(delays, 0);
    await afterLifeOf(delay, 10, true);
    await expectNext(delay, 0);
    for (let round = 0; round < 20; round++) {
      await afterLifeOf(delay, 500, true);
      await expectNext(delay, 100);
    }
  });

  test('grows to its maximum where each line is cut as soon as it is made', async () => {
    const delay = new OutageDelay(delays, 0);
    await afterLifeOf(delay, 10, false);
    for (const mostMs of [0, 100, 200]) {
      await expectNext(delay, mostMs);
      await afterLifeOf(delay, 10, false);
    }
    await pass(3000);
    for (const mostMs of [400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
      await afterLifeOf(delay, 10, false);
      await expectNext(delay, mostMs);
    }
  });

  test('is not left out where the server has ended the line on purpose', async () => {
    const delay = new OutageDelay(delays, 0);
    delay.connected();
    await pass(5000);
    delay.lost(true, true);
    await expectNext(delay, 100);
    await expectNext(delay, 200);
  });

  test('begins anew where nobody wants to come back any more', async () => {
    const delay = new OutageDelay(delays, 0);
    for (const mostMs of [0, 100, 200]) await expectNext(delay, mostMs);
    await pass(60_000);
    delay.reset();
    for (const mostMs of [0, 100, 200, 400, 400]) await expectNext(delay, mostMs);
  });
});
