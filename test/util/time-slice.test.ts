import { expect, test } from '@jest/globals';
import { TimeSlice, type SliceUser } from '../../lib/util/time-slice.js';

const KIB = 1024;
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

const user = (): SliceUser => ({ sliceTurn: 0, sliceBytes: 0 });

test('short work counts together, as long work does: by its bytes', async () => {
  let time = 0;
  const slice = new TimeSlice(() => time);
  const one = user();
  expect(slice.isOverFor(16 * KIB, one)).toBe(false);
  time = 10;
  // It is not asked about yet.
  expect([slice.isOverFor(8 * KIB, one), slice.isOverFor(8 * KIB - 1, one)]).toEqual([false, false]);
  expect([slice.isOverFor(1, one), slice.isOverFor(1, one)]).toEqual([true, true]);
  await turn();
  expect(slice.isOverFor(16 * KIB, one)).toBe(false);
});

test('when a slice is over, those wait who have done much in it, and others go on', async () => {
  let time = 0;
  const slice = new TimeSlice(() => time);
  const [reader, writer, small] = [user(), user(), user()];
  // Before the slice begins.
  for (let count = 0; count < 10; count++) expect(slice.isOverFor(KIB, small)).toBe(false);
  expect(slice.isOver()).toBe(false);
  expect(slice.isOverFor(3 * KIB, reader)).toBe(false);
  slice.did(4 * KIB, writer);
  time = 10;
  expect(slice.isOver()).toBe(true);
  const isOver = (one: SliceUser, bytes: number): boolean => slice.isOverFor(bytes, one);
  expect([isOver(reader, KIB - 1), isOver(reader, 1), isOver(writer, 1), isOver(small, 1)]).toEqual([
    false,
    true,
    true,
    false,
  ]);
  await turn();
  expect([isOver(reader, 1), isOver(writer, 1), isOver(small, 1)]).toEqual([false, false, false]);
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
