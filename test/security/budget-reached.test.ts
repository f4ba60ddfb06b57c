import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Limits, ReachedBudget } from '../../lib/core.js';
import { JstpServer } from '../../lib/index.js';
import { BudgetWatch } from '../../lib/server/budget-watch.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';
import { CALL_BYTES } from '../../lib/connection/calls/weight.js';

const closing = new Closing();
const KIB = 1024;
const MOST = 20;

afterEach(() => {
  jest.useRealTimers();
});
guardProcess();
afterEach(() => closing.run());

async function started(limits: Partial<Limits>): Promise<{ arena: Arena; told: ReachedBudget[] }> {
  const arena = await Arena.start(closing, { limits });
  const told: ReachedBudget[] = [];
  arena.server.on('budgetReached', (reached) => told.push(reached));
  return { arena, told };
}

function slow(id: number, text = ''): string {
  return `{call:[${String(id)},'slow'],wait:[],of:'${text}'}`;
}

describe('the event budgetReached', () => {
  test('tells that limits.maxCallsInFlightTotal makes a connection wait, and nothing at one less', async () => {
    const { arena, told } = await started({ maxCallsInFlightTotal: MOST });
    const peer = await arena.guest();
    for (let id = 1; id < MOST; id++) peer.send(slow(id));
    await waitFor(() => arena.waiting.length === MOST - 1, 'the calls');
    await arena.expectServing();
    expect(told).toEqual([]);
    peer.send(slow(MOST));
    await waitFor(() => told.length > 0, 'the event');
    expect(told).toEqual([{ by: 'maxCallsInFlightTotal', used: MOST, limit: MOST }]);
  });

  test('tells that handlers of clients that have gone make connections wait', async () => {
    const { arena, told } = await started({ maxCallsInFlightTotal: 2 * MOST });
    const peer = await arena.guest();
    for (let id = 1; id <= MOST; id++) peer.send(slow(id));
    await waitFor(() => arena.waiting.length === MOST, 'the calls');
    expect(told).toEqual([]);
    peer.destroy();
    await waitFor(() => arena.server.getClientsArray().length === 0, 'the end of the client');
    expect(told).toEqual([]);
    await arena.guest();
    await waitFor(() => told.length > 0, 'the event');
    expect(told).toEqual([{ by: 'maxCallsInFlightTotal', used: MOST, limit: 2 * MOST }]);
  });

  test('tells that limits.maxBytesInFlightTotal makes a connection wait', async () => {
    const text = 'x'.repeat(100 * KIB);
    const used = slow(1, text).length + slow(2).length + 2 * CALL_BYTES;
    const { arena, told } = await started({ maxBytesInFlightTotal: used });
    const peer = await arena.guest();
    peer.send(slow(1, text));
    await waitFor(() => arena.waiting.length === 1, 'the large call');
    expect(told).toEqual([]);
    peer.send(slow(2));
    await waitFor(() => told.length > 0, 'the event');
    expect(told).toEqual([{ by: 'maxBytesInFlightTotal', used, limit: used }]);
  });

  test('tells that limits.maxSendBufferBytesTotal makes a connection wait, from half of it on', async () => {
    const limit = 4096 * KIB;
    const { arena, told } = await started({
      maxSendBufferBytesTotal: limit,
      sendHighWaterMark: limit,
      maxSendBufferBytes: Infinity,
    });
    const peer = await arena.guest();
    peer.socket.pause();
    const [connection] = arena.server.getClientsArray();
    for (let sent = 0; told.length === 0 && sent < 10_000; sent++) {
      connection.emitRemoteEvent('news', 'told', ['x'.repeat(100 * KIB)]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(told).toEqual([{ by: 'maxSendBufferBytesTotal', used: expect.any(Number), limit }]);
    expect(told[0].used).toBeGreaterThan(limit / 2);
    expect(told[0].used).toBeLessThan(limit / 2 + 300 * KIB);
  });

  test('comes once in ten seconds for each limit', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick'] });
    const told: ReachedBudget[] = [];
    const watch = new BudgetWatch(
      (by) => ({ by, used: told.length, limit: 1 }),
      (reached) => told.push(reached),
    );
    watch.reached('maxCallsInFlightTotal');
    expect(told).toEqual([]);
    watch.reached('maxCallsInFlightTotal');
    watch.reached('maxBytesInFlightTotal');
    jest.advanceTimersByTime(9999);
    watch.reached('maxCallsInFlightTotal');
    await new Promise((resolve) => process.nextTick(resolve));
    expect(told.map(({ by }) => by)).toEqual(['maxCallsInFlightTotal', 'maxBytesInFlightTotal']);
    jest.advanceTimersByTime(1);
    watch.reached('maxCallsInFlightTotal');
    await new Promise((resolve) => process.nextTick(resolve));
    expect(told).toHaveLength(3);
  });
});

test('a JstpServer warns of a budget that makes clients wait, or ends some', async () => {
  const warned: unknown[] = [];
  const server = new JstpServer({ port: 0, host: '127.0.0.1' });
  (server as unknown as { logger: { warn(text: unknown): void } }).logger.warn = (text) => warned.push(text);
  await new Promise<void>((resolve) => server.listen(() => resolve()));
  closing.add(() => server.close());
  const core = server.unwrap<import('../../lib/core.js').Server>();
  (core as unknown as { emit(...args: unknown[]): void }).emit('budgetReached', {
    by: 'maxCallsInFlightTotal',
    used: 20,
    limit: 1,
  });
  (core as unknown as { emit(...args: unknown[]): void }).emit('budgetReached', {
    by: 'maxReceiveBufferBytesTotal',
    used: 3,
    limit: 2,
  });
  expect(warned).toEqual([
    'Clients have to wait by limits.maxCallsInFlightTotal (1): 20 calls and events are under way, those of clients that have gone among them',
    'Clients are cut off by limits.maxReceiveBufferBytesTotal (2): 3 bytes have arrived and are not served',
  ]);
});
