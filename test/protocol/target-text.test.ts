import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quote, quoteKey } from '../../lib/mdsf/index.js';
import { plainTargetText } from '../../lib/protocol/target-text.js';

/** The text, made anew. */
function expectedOf(interfaceName: string | undefined, name: string): string {
  return `${interfaceName === undefined ? '' : `,${quote(interfaceName)}`}],${quoteKey(name)}:`;
}

const names = fc.oneof(
  fc.constantFrom('', 'signIn', "it's", '__proto__', 'constructor', '17', 'a b', 'имя', '\0\r\n\u2028'),
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('x'.repeat(64), 'x'.repeat(65)),
);

describe('the text of a target', () => {
  it('is the same from the cache, in any order of names and interfaces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.option(names, { nil: undefined }), names), { minLength: 1, maxLength: 30 }),
        (all) => {
          for (const [interfaceName, name] of [...all, ...all, ...all.toReversed()]) {
            expect(plainTargetText(interfaceName, name)).toBe(expectedOf(interfaceName, name));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not take a missing interface, an empty name and an empty interface for one another', () => {
    for (let round = 0; round < 2; round++) {
      for (const interfaceName of [undefined, '', 'auth']) {
        for (const name of ['', 'auth', 'signIn']) {
          expect(plainTargetText(interfaceName, name)).toBe(expectedOf(interfaceName, name));
        }
      }
    }
  });

  it('stays right when there are more names than the cache has room for', () => {
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 1000; n++) {
        expect(plainTargetText(`i${n % 7}`, `m${n}`)).toBe(`,'i${n % 7}'],m${n}:`);
      }
    }
  });
});
