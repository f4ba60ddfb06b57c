import { describe, expect, test } from '@jest/globals';
import { withoutStacks } from '../../lib/util/without-stacks.js';

describe('withoutStacks', () => {
  test('makes errors without a stack, and errors afterwards have one', () => {
    expect(withoutStacks(() => new Error('made within')).stack).toBe('Error: made within');
    expect(() =>
      withoutStacks(() => {
        throw new Error('thrown within');
      }),
    ).toThrow('thrown within');
    expect(new Error('made behind it').stack).toContain('without-stacks.test');
  });

  test('runs where the program has frozen the limit of stacks', () => {
    const { stackTraceLimit: value } = Error;
    Object.defineProperty(Error, 'stackTraceLimit', { value, writable: false });
    try {
      expect(withoutStacks(() => new Error('made within')).message).toBe('made within');
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', { value, writable: true });
    }
  });
});
