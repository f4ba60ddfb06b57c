import { expect } from '@jest/globals';

// Buffers are compared at once. Why: Jest goes from byte to byte, and took seconds for some hundred kilobytes of a few tests.
expect.addEqualityTesters([
  (received: unknown, expected: unknown): boolean | undefined =>
    Buffer.isBuffer(received) && Buffer.isBuffer(expected) ? received.equals(expected) : undefined,
]);
