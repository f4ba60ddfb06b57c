import { expect, test } from '@jest/globals';
import { RecentEvents } from '../../lib/redis/recent-events.js';
import type { CountedEvent } from '../../lib/server/rooms/counted-event.js';

const event = (number: number): CountedEvent => ({
  number,
  selection: {},
  interfaceName: 'i',
  event: 'e',
  args: [],
});

const since = (recent: RecentEvents, position: number): number[] =>
  [...recent.since(position)].map(({ number }) => number);

test('recent events are those that have come last, up to a number and a length', () => {
  const recent = new RecentEvents();
  expect([recent.position, since(recent, 0)]).toEqual([undefined, []]);
  recent.begin(5);
  expect(recent.position).toBe(5);
  for (let number = 6; number <= 1006; number++) recent.add(event(number), 10);
  // One that was told late.
  recent.begin(5);
  expect([recent.position, since(recent, 0)[0], since(recent, 1004)]).toEqual([1006, 7, [1005, 1006]]);
  recent.add(event(1007), 1024 * 1024 - 10);
  expect(since(recent, 0)).toEqual([1006, 1007]);
  recent.add(event(1008), 1024 * 1024 + 1);
  expect([recent.position, since(recent, 0)]).toEqual([1008, []]);
});

test('recent events are forgotten where Redis counts anew', () => {
  const recent = new RecentEvents();
  for (const number of [7, 8, 3]) recent.add(event(number), 1);
  expect([recent.position, since(recent, 0)]).toEqual([3, [3]]);
});
