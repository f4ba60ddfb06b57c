import { expect, test } from '@jest/globals';
import { TimeSlice } from '../../lib/util/time-slice.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a slice is over ten milliseconds after the first work of a turn, and begins again in the next', async () => {
  let time = 5;
  const slice = new TimeSlice(() => time);
  expect(slice.isOver()).toBe(false);
  time += 9;
  expect(slice.isOver()).toBe(false);
  time += 1;
  expect(slice.isOver()).toBe(true);
  await turn();
  expect(slice.isOver()).toBe(false);
});

test('short work counts together, as long work does: by its bytes', async () => {
  let time = 0;
  const slice = new TimeSlice(() => time);
  expect(slice.isOverFor(16 * 1024)).toBe(false);
  time = 10;
  // It is not asked about yet.
  expect([slice.isOverFor(8 * 1024), slice.isOverFor(8 * 1024 - 1)]).toEqual([false, false]);
  expect(slice.isOverFor(1)).toBe(true);
  expect(slice.isOverFor(16 * 1024 - 1)).toBe(false);
  expect(slice.isOverFor(16 * 1024)).toBe(true);
  await turn();
  expect(slice.isOverFor(16 * 1024)).toBe(false);
});

test('those who wait go on one after another, as far as the time of each turn allows', async () => {
  let time = 0;
  const slice = new TimeSlice(() => time);
  const done: string[] = [];
  const work = async (name: string, costMs: number): Promise<void> => {
    for (let n = 0; n < 2; n++) {
      await slice.pause();
      done.push(name);
      time += costMs;
    }
  };
  slice.isOver();
  time = 10;
  const all = Promise.all([work('a', 10), work('b', 4), work('c', 4), work('d', 4)]);
  await turn();
  expect(done).toEqual(['a']);
  await turn();
  expect(done).toEqual(['a', 'b', 'b', 'c']);
  await all;
  // Those who have begun go behind those who wait.
  expect(done.join('')).toBe('abbcddac');
});
