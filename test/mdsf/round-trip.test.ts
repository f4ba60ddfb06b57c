import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from '../../lib/mdsf/index.js';
import { expectEqual } from './expect-equal.js';
import { parseBoth } from './parse-both.js';
import { anyValue } from './values.js';

describe('round trips', () => {
  it('reads back what stringify writes, from bytes and from strings', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const text = stringify(value);
        expect(text).not.toMatch(/[\0\r\n\u2028\u2029]/);
        expectEqual(parseBoth(text), value);
      }),
      { numRuns: 400 },
    );
  });

  it('reads back what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.integer({ min: 0, max: 3 }), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        expectEqual(parseBoth(text), JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });
});
