import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { DoorLog } from '../../../lib/nest/server/door-log.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('the log of refused connections has the first of each limit with advice, and counts the others once a window', () => {
  const lines: string[] = [];
  const log = new DoorLog({ warn: (line) => lines.push(line) });
  for (let count = 1; count <= 1000; count += 1)
    log.add({ by: 'maxConnectionsPerAddress', address: '192.0.2.7', count });
  log.add({ by: 'maxConnections', address: undefined, count: 1 });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^A connection of 192\.0\.2\.7 was refused by limits\.maxConnectionsPerAddress: /);
  expect(lines[1]).toMatch(/^A connection of a local peer was refused by limits\.maxConnections: raise/);
  jest.advanceTimersByTime(10_000);
  expect(lines.slice(2)).toEqual([
    '999 more connections were refused within 10 s (limits.maxConnectionsPerAddress)',
  ]);
  log.add({ by: 'maxConnectionsPerAddress', address: '192.0.2.7', count: 1001 });
  const error = new Error(`no\nheader`);
  for (const count of [1, 2]) log.add({ by: 'clientAddress', address: '192.0.2.7', count, error });
  log.stop();
  expect(lines.slice(4)).toEqual([
    'A connection of 192.0.2.7 was refused by clientAddress: the function threw Error: no\\nheader',
    '1 more connections were refused within 10 s (clientAddress)',
  ]);
  expect(lines).toHaveLength(6);
  expect(jest.getTimerCount()).toBe(0);
});

test('a connection that has made room for another is not said to be refused, and is counted apart', () => {
  const lines: string[] = [];
  const log = new DoorLog({ warn: (line) => lines.push(line) });
  const limit = { by: 'maxPendingHandshakes', address: '192.0.2.7' } as const;
  for (let count = 1; count <= 3; count += 1) log.add({ ...limit, count, madeRoom: true });
  log.add({ ...limit, count: 4 });
  log.stop();
  expect(lines).toEqual([
    'A connection of 192.0.2.7, the most silent one, has made room for another by limits.maxPendingHandshakes: raise the limit if so many clients come at once',
    'A connection of 192.0.2.7 was refused by limits.maxPendingHandshakes: raise the limit if so many clients come at once',
    '2 more silent connections have made room for others within 10 s (limits.maxPendingHandshakes)',
  ]);
});
