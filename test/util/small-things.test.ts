import { describe, expect, jest, test } from '@jest/globals';
import { ignore, promisify, popCallback, unwrapResults } from '../../lib/util/callback.js';
import { isProduction, reportUnhandledError } from '../../lib/util/host.js';
import { randomId, randomUpTo } from '../../lib/util/random.js';
import { splitVersionedName } from '../../lib/util/versioned-name.js';
import { turns } from '../support/quiet.js';
import { watchProcess } from '../support/real-process.js';

describe('promisify', () => {
  test('resolves and rejects, with errors that are plain numbers too', async () => {
    await expect(promisify((done) => done(null, 5))).resolves.toBe(5);
    await expect(promisify((done) => done(-1, undefined))).rejects.toBe(-1);
  });

  test('a rejection that nobody looks at ends nothing', async () => {
    const watch = watchProcess();
    void promisify((done) => done(new Error('unseen'), undefined));
    await turns();
    watch.stop();
    expect(watch.failures).toEqual([]);
  });
});

test('takeCallback takes a function off the end, and nothing else', () => {
  const args: unknown[] = [1, ignore];
  expect(popCallback(args)).toBe(ignore);
  expect(args).toEqual([1]);
  expect(popCallback(args)).toBeUndefined();
  expect(popCallback([])).toBeUndefined();
  expect(ignore).not.toThrow();
});

test('unwrapResults gives none, the one, or the array of several', () => {
  expect(unwrapResults([])).toBeUndefined();
  expect(unwrapResults([[1]])).toEqual([1]);
  expect(unwrapResults([1, 2])).toEqual([1, 2]);
});

test('ids are 32 hexadecimal digits and never the same', () => {
  const ids = new Set(Array.from({ length: 1000 }, randomId));
  expect(ids.size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
});

test('randomUpTo stays within its bounds and reaches them', () => {
  const values = Array.from({ length: 1000 }, () => randomUpTo(3));
  expect([...new Set(values)].sort()).toEqual([0, 1, 2, 3]);
});

test('splitName splits at the last @', () => {
  expect(splitVersionedName('a')).toEqual(['a', undefined]);
  expect(splitVersionedName('a@1')).toEqual(['a', '1']);
  expect(splitVersionedName('a@b@1')).toEqual(['a@b', '1']);
  expect(splitVersionedName('a@')).toEqual(['a', '']);
});

test('isProduction reads NODE_ENV at each call', () => {
  const { NODE_ENV } = process.env;
  process.env['NODE_ENV'] = 'production';
  expect(isProduction()).toBe(true);
  process.env['NODE_ENV'] = NODE_ENV;
  expect(isProduction()).toBe(false);
});

test('an error that nobody hears goes to the console', () => {
  const error = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  reportUnhandledError('a thing', 5);
  expect(error).toHaveBeenCalledWith('[jstp] a thing:', 5);
  error.mockRestore();
});
