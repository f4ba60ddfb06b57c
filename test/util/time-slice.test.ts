import { expect, test } from '@jest/globals';
import { TimeSlice, type SliceUser } from '../../lib/util/time-slice.js';
import { TimeAccount } from '../../lib/util/waiting-line.js';

const KIB = 1024;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a slice is over five milliseconds after the first work of a turn, and begins again in the next', async () => {
  let time = 5;
  const slice = new TimeSlice(() => time);
  expect(slice.isOver()).toBe(false);
  time += 4;
  expect(slice.isOver()).toBe(false);
  time += 1;
  expect(slice.isOver()).toBe(true);
  await turn();
  expect(slice.isOver()).toBe(false);
});

const user = (): SliceUser => ({ sliceTurn: 0, sliceBytes: 0 });

/** What a message counts as besides its bytes. */
const MESSAGE = 256;

test('the clock is read once for work of 16 KiB, or for 64 messages of nothing', async () => {
  let time = 0;
  const slice = new TimeSlice(() => time);
  const one = user();
  expect(slice.isOverFor(16 * KIB, one)).toBe(false);
  time = 5;
  // It is not asked about yet.
  expect([slice.isOverFor(8 * KIB, one), slice.isOverFor(8 * KIB - 2 * MESSAGE - 1, one)]).toEqual([
    false,
    false,
  ]);
  slice.did(1, one);
  expect([slice.isOver(), slice.isOverFor(1, one)]).toEqual([true, true]);
  await turn();
  slice.isOver();
  time += 5;
  const areOver = Array.from({ length: 64 }, () => slice.isOverFor(0, one));
  expect(areOver.indexOf(true)).toBe(areOver.length - 1);
});

test('when a slice is over, those wait who have done much in it, and others go on', async () => {
  let time = 0;
  const slice = new TimeSlice(() => time);
  const [reader, writer, small] = [user(), user(), user()];
  const isOver = (one: SliceUser, bytes: number): boolean => slice.isOverFor(bytes - MESSAGE, one);
  // Before the slice begins.
  for (let count = 0; count < 10; count++) expect(isOver(small, KIB)).toBe(false);
  expect(slice.isOver()).toBe(false);
  expect(isOver(reader, 7 * KIB - MESSAGE)).toBe(false);
  slice.did(8 * KIB, writer);
  time = 5;
  expect(slice.isOver()).toBe(true);
  expect([isOver(reader, KIB - 1), isOver(reader, MESSAGE + 1), isOver(writer, 1), isOver(small, 1)]).toEqual(
    [false, true, true, false],
  );
  await turn();
  expect([isOver(reader, 1), isOver(writer, 1), isOver(small, 1)]).toEqual([false, false, false]);
});

/** A slice that is over, and what works there when it has waited: so many pieces, of a millisecond each. */
function busySlice(): {
  done: string[];
  work: (name: string, pieces: number, account?: TimeAccount, costMs?: number) => void;
} {
  let time = 0;
  const slice = new TimeSlice(() => time);
  const done: string[] = [];
  slice.isOver();
  time = 5;
  slice.isOver();
  const work = (name: string, pieces: number, account = new TimeAccount(), costMs = 1): void => {
    slice.wait(() => {
      done.push(name);
      time += costMs;
      if (pieces > 1) work(name, pieces - 1, account, costMs);
    }, account);
  };
  return { done, work };
}

test('who waits goes on for a millisecond at a time, and the one that has had the least time is the first', async () => {
  const { done, work } = busySlice();
  work('a', 8);
  work('b', 8);
  await turn();
  expect(done.join('')).toBe('ababa');
  // It has had nothing before.
  work('c', 4);
  await turn();
  expect(done.join('')).toBe('ababa' + 'ccbca');
  await turn();
  expect(done.join('')).toBe('ababa' + 'ccbca' + 'bcaba');
});

test('who has had much time at once waits until others have had as much', async () => {
  const { done, work } = busySlice();
  const greedy = new TimeAccount();
  work('a', 1, greedy, 8);
  work('b', 12);
  await turn();
  expect(done.join('')).toBe('a');
  // It was not waiting meanwhile.
  work('a', 1, greedy);
  await turn();
  await turn();
  await turn();
  expect(done.join('')).toBe('a' + 'bbbbbbbb' + 'a' + 'bbbb');
});

test('who comes when nobody waits any more does not wait for the share of the last one', async () => {
  let time = 0;
  const slice = new TimeSlice(() => time);
  const other = user();
  slice.isOver();
  time = 5;
  expect(slice.isOver()).toBe(true);
  slice.wait(() => {
    time += 1;
    expect(slice.isOver()).toBe(true);
  });
  await turn();
  expect(slice.isOverFor(8 * KIB, other)).toBe(false);
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
  time = 5;
  const all = Promise.all([work('a', 5), work('b', 2), work('c', 2), work('d', 2)]);
  await turn();
  expect(done).toEqual(['a']);
  await turn();
  // Each had its share before it was over.
  expect(done).toEqual(['a', 'b', 'c', 'd']);
  await all;
  expect(done.join('')).toBe('abcdabcd');
});
