import { expect, test } from '@jest/globals';
import { BoundedCache } from '../../lib/util/bounded-cache.js';
import { intern } from '../../lib/util/intern.js';

test('a bounded cache keeps as many as it may, and most of them when there are more', () => {
  const cache = new BoundedCache<number>(100);
  for (let n = 0; n < 100; n++) cache.add(`text ${n}`, n);
  for (let n = 0; n < 100; n++) expect(cache.get(`text ${n}`)).toBe(n);
  for (let n = 100; n < 180; n++) cache.add(`text ${n}`, n);
  const kept = Array.from({ length: 180 }, (_, n) => cache.get(`text ${n}`)).filter(Number.isInteger);
  expect(kept).toHaveLength(100);
  // One of eight newcomers got in, and the oldest had to go for it.
  expect(kept.filter((n) => Number(n) >= 100)).toHaveLength(10);
  expect(cache.get('text 9')).toBeUndefined();
  expect(cache.get('text 10')).toBe(10);
});

test.each(['', 'a', 'room.join', '__proto__', '17', 'prénom.été'])(
  '%j as a text of its own is the same',
  (text) => {
    expect(intern(text)).toBe(text);
  },
);
