import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';

/** As `toStrictEqual`, which is misled by data that has a key named `constructor`. */
export function expectEqual(actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  expect(actual).toStrictEqual(expected);
  expect('differs in a way that toStrictEqual does not show').toBe(JSON.stringify([actual, expected]));
}
