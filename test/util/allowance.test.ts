import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Allowance } from '../../lib/util/allowance.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function takeAll(allowance: Allowance): number {
  let count = 0;
  while (count < 1000 && allowance.take()) count++;
  return count;
}

describe('an allowance', () => {
  test('gives so many at once, and no more', () => {
    expect(takeAll(new Allowance(10, 1000))).toBe(10);
  });

  test('gives as many again within its time, evenly', () => {
    const allowance = new Allowance(10, 1000);
    takeAll(allowance);
    jest.advanceTimersByTime(99);
    expect(takeAll(allowance)).toBe(0);
    jest.advanceTimersByTime(201);
    expect(takeAll(allowance)).toBe(3);
    jest.advanceTimersByTime(60_000);
    expect(takeAll(allowance)).toBe(10);
  });

  test('of Infinity never ends', () => {
    expect(takeAll(new Allowance(Infinity, 1000))).toBe(1000);
  });
});
