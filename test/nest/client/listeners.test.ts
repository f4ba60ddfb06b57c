import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { JstpClientEventArguments } from '../../../lib/nest/client/client-events.js';
import type { Connection } from '../../../lib/core.js';
import { observe } from '../../support/observed.js';
import { CallApplication, MemoryBench, record, type MemoryWorld } from './fixture.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

type EventName = keyof JstpClientEventArguments;

const comeBack = (world: MemoryWorld): void => world.up();
const loseSession = (world: MemoryWorld): void => world.replace();

/** What a listener hears when the line comes back, and how it comes. */
const MOMENTS: [event: EventName, what: string, end: (world: MemoryWorld) => void][] = [
  ['close', 'cut', comeBack],
  ['reconnecting', 'cut', comeBack],
  ['connect', 'resume', comeBack],
  ['reconnect', 'resume', comeBack],
  ['sessionLost', 'lost session', loseSession],
  ['connect', 'lost session', loseSession],
  ['reconnect', 'lost session', loseSession],
];

/** How many lines the server has. */
const linesOf = ({ server }: MemoryWorld): number => server.getClientsArray().length;

describe('a listener', () => {
  const bench = new MemoryBench();

  test.each(MOMENTS)('of %s that closes the client at a %s has its way', async (event, _what, end) => {
    const world = bench.serve(new CallApplication(() => undefined));
    const client = bench.client();
    await client.connect();
    const events = record(client);
    let isClosed = false;
    client.on(event, () => {
      isClosed = true;
      void client.close();
    });
    const call = observe(client.send('silent', 1));
    world.down();
    await pass(0);
    end(world);
    await pass(20_000);
    expect([isClosed, linesOf(world)]).toEqual([true, 0]);
    expect(call.failure).toMatchObject({ error: { code: -1 } });
    expect(events.lastIndexOf('close')).toBeGreaterThanOrEqual(events.lastIndexOf('connect'));
    expect(() => client.unwrap()).toThrow('Not initialized');
  });

  test.each(MOMENTS)(
    'of %s that closes the client and connects again at a %s gets one line',
    async (event, _what, end) => {
      const world = bench.serve(new CallApplication());
      const client = bench.client();
      await client.connect();
      let connected: Promise<Connection> | undefined;
      client.on(event, () => {
        if (connected) return;
        void client.close();
        connected = client.connect();
        connected.catch(() => undefined);
      });
      world.down();
      await pass(0);
      end(world);
      await pass(20_000);
      await client.connect();
      await expect(client.call('default', 'echo', 2)).resolves.toBe(2);
      expect([connected !== undefined, linesOf(world)]).toEqual([true, 1]);
      await client.close();
      await pass(0);
      expect(linesOf(world)).toBe(0);
    },
  );

  test('of status that closes the client hears of no connection after it, and nobody else does', async () => {
    const world = bench.serve(new CallApplication());
    const client = bench.client();
    const events = record(client);
    const subscription = client.status.subscribe((status) => {
      if (status === 'connected') void client.close();
    });
    bench.ends(() => subscription.unsubscribe());
    await client.connect();
    await pass(20_000);
    expect([events, linesOf(world)]).toEqual([['close'], 0]);
  });

  test('of the connection that closes the client when the session is lost ends what waits for a new one', async () => {
    const application = new CallApplication();
    const world = bench.serve(application);
    const client = bench.client();
    const connection = await client.connect();
    connection.on('sessionLost', () => void client.close());
    world.down();
    await pass(0);
    const call = observe(client.send('echo', 'before'));
    world.replace();
    await pass(20_000);
    expect(call.failure).toMatchObject({ error: { code: -1 } });
    await client.connect();
    await pass(1000);
    expect(application.calls).toEqual([]);
  });
});
