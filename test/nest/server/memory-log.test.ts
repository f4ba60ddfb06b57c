import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { MemoryLog } from '../../../lib/nest/server/memory-log.js';

const MIB = 1024 * 1024;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('the log of shed load has the first time in a window, and then the sum of the others', () => {
  const lines: string[] = [];
  const log = new MemoryLog({ warn: (line) => lines.push(line) });
  const add = (strangers: number, sessions: number): void => {
    log.add({ used: 300 * MIB, limit: 200 * MIB, strangers, sessions });
  };
  add(5, 0);
  expect(lines).toEqual([
    'The process takes 300 MiB of memory, more than limits.maxMemoryBytes (200 MiB): new connections are refused, ' +
      '5 connections before their login and 0 idle anonymous sessions were ended',
  ]);
  add(1, 64);
  add(2, 60);
  expect(lines).toHaveLength(1);
  jest.advanceTimersByTime(10_000);
  expect(lines.slice(1)).toEqual([
    'Memory was over limits.maxMemoryBytes 2 more times within 10 s: 3 connections before their login and 124 idle ' +
      'anonymous sessions were ended',
  ]);
  add(0, 0);
  log.stop();
  expect(lines).toHaveLength(3);
  expect(jest.getTimerCount()).toBe(0);
});
