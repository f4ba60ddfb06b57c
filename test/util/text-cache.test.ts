import { expect, test } from '@jest/globals';
import { intern } from '../../lib/util/intern.js';
import { TextCache } from '../../lib/util/text-cache.js';

test('a text cache keeps as many as it may, and most of them when there are more', () => {
  const cache = new TextCache<number>(100, 10);
  const add = (n: number): number => cache.add(`text ${n}`, () => n);
  for (let n = 0; n < 100; n++) expect(add(n)).toBe(n);
  for (let n = 0; n < 100; n++) expect(cache.get(`text ${n}`)).toBe(n);
  for (let n = 100; n < 180; n++) expect(add(n)).toBe(n);
  const kept = Array.from({ length: 180 }, (_, n) => cache.get(`text ${n}`)).filter(Number.isInteger);
  expect(kept).toHaveLength(100);
  // One of eight newcomers got in, and the oldest had to go for it.
  expect(kept.filter((n) => Number(n) >= 100)).toHaveLength(10);
  expect(cache.get('text 9')).toBeUndefined();
  expect(cache.get('text 10')).toBe(10);
});

test('a text cache makes the value of a text that is too long each time', () => {
  const cache = new TextCache<string>(100, 4);
  const make = (text: string): string => text.toUpperCase();
  expect(cache.add('five5', make)).toBe('FIVE5');
  expect(cache.get('five5')).toBeUndefined();
  expect(cache.add('four', make)).toBe('FOUR');
  expect(cache.get('four')).toBe('FOUR');
});

test.each(['', 'a', 'room.join', '__proto__', '17', 'prénom.été'])('%j interned is the same text', (text) => {
  expect(intern(text)).toBe(text);
});
