import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DeadlineQueue } from '../../lib/util/deadline-queue.js';
import { sharedDeadlines } from '../../lib/util/shared-deadlines.js';
import { waitFor } from '../support/wait-for.js';

let expired: string[];
let queue: DeadlineQueue<string>;

beforeEach(() => {
  jest.useFakeTimers();
  expired = [];
  queue = new DeadlineQueue(100, (entry) => expired.push(entry));
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a deadline queue', () => {
  test('expires entries in the order of their adding, each after its own time', () => {
    queue.add('a');
    jest.advanceTimersByTime(60);
    queue.add('b');
    jest.advanceTimersByTime(40);
    expect(expired).toEqual(['a']);
    jest.advanceTimersByTime(59);
    expect(expired).toEqual(['a']);
    jest.advanceTimersByTime(2);
    expect(expired).toEqual(['a', 'b']);
    expect([...queue]).toEqual([]);
  });

  test('expires entries in the context of none of those that have added them', async () => {
    // Timers of the test would fire in its own context.
    jest.useRealTimers();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const watched = new DeadlineQueue<string>(5, (entry) => seen.push(entry, storage.getStore()));
    storage.run('a request', () => {
      watched.add('a');
    });
    watched.add('b');
    await waitFor(() => seen.length === 4, 'both');
    expect(seen).toEqual(['a', undefined, 'b', undefined]);
  });

  test('has one timer, however many wait, and none when nobody does', () => {
    for (const entry of ['a', 'b', 'c']) queue.add(entry);
    expect(jest.getTimerCount()).toBe(1);
    for (const entry of ['a', 'b', 'c']) queue.delete(entry);
    expect(jest.getTimerCount()).toBe(0);
    queue.add('d');
    expect(jest.getTimerCount()).toBe(1);
    queue.delete('d');
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(500);
    expect(expired).toEqual([]);
  });

  test('starts an entry’s wait again when it is added again', () => {
    queue.add('a');
    queue.add('b');
    jest.advanceTimersByTime(60);
    queue.add('a');
    expect([...queue]).toEqual(['b', 'a']);
    jest.advanceTimersByTime(41);
    expect(expired).toEqual(['b']);
    jest.advanceTimersByTime(60);
    expect(expired).toEqual(['b', 'a']);
  });

  test('lets an entry add itself again from its own expiry', () => {
    let turns = 0;
    const again = new DeadlineQueue<string>(100, (entry) => {
      turns += 1;
      if (turns < 3) again.add(entry);
    });
    again.add('a');
    jest.advanceTimersByTime(1000);
    expect(turns).toBe(3);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is shared by all waits of one length', () => {
    expect(sharedDeadlines(321)).toBe(sharedDeadlines(321));
    expect(sharedDeadlines(321)).not.toBe(sharedDeadlines(322));
    let count = 0;
    sharedDeadlines(321).add({ expire: () => (count += 1) });
    jest.advanceTimersByTime(321);
    expect(count).toBe(1);
  });
});
