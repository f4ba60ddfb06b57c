import { describe, expect, test } from '@jest/globals';
import { growthOf } from './linear.js';

/** Busy for a time that depends on the size alone. */
function busy(steps: number): number {
  let sum = 0;
  for (let step = 0; step < steps; step++) sum = (sum * 31 + step) % 1_000_003;
  return sum;
}

describe('the growth of a shape', () => {
  test('that is clearly more than linear is told after a few runs', async () => {
    const runs: number[] = [];
    const { ratio, bytes } = await growthOf((size) => () => {
      runs.push(size);
      return busy((size / 64) ** 2);
    });
    expect(ratio).toBeGreaterThan(3);
    expect(runs.filter((size) => size > bytes).length).toBeLessThanOrEqual(9);
  });

  test('that is linear is told as such', async () => {
    const { ratio } = await growthOf((size) => () => busy(size * 20));
    expect(ratio).toBeLessThan(2.3);
  });
});
