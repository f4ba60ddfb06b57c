import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MdsfSyntaxError, parse, parseBytes, stringify } from '../../lib/mdsf/index.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { expectEqual } from './expect-equal.js';
import { parseBoth } from './parse-both.js';
import { anyValue } from './values.js';

const fragments = fc.constantFrom(
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    "'",
    '"',
    '\\',
    '\\x41',
    '\\u0041',
    '\\u{41}',
    '\\\n',
    '/*',
    '*/',
    '//',
    '\n',
    ' ',
  ],
  ...[
    'a',
    'key',
    '__proto__',
    '1',
    '-',
    '0x1f',
    '.5',
    '1e3',
    'null',
    'undefined',
    'true',
    'NaN',
    'я',
    '€',
    '\u{1f600}',
  ],
  ...["'text'", '"text"', 'a:1', '[1,2]', '\u2028', '\ufeff', '\0'],
);

function outcomeOf(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (error) {
    expect(error).toBeInstanceOf(MdsfSyntaxError);
    return { code: (error as MdsfSyntaxError).code };
  }
}

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

  it('reads any text in the same way from bytes and from a string, or fails with the same code', () => {
    fc.assert(
      fc.property(fc.array(fragments, { maxLength: 25 }), (pieces) => {
        const text = pieces.join('');
        const fromText = outcomeOf(() => parse(text));
        expectEqual(
          outcomeOf(() => parseBytes(Buffer.from(text), nodeDecoder)),
          fromText,
        );
      }),
      { numRuns: 1500 },
    );
  });

  it('gives an MdsfSyntaxError or a value for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        outcomeOf(() => parseBytes(bytes, nodeDecoder));
      }),
      { numRuns: 500 },
    );
  });

  it('gives an MdsfSyntaxError or a value for any change of good bytes', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), fc.nat(255), (value, at, byte) => {
        const bytes = Buffer.from(stringify([value]));
        bytes[at % bytes.length] = byte;
        outcomeOf(() => parseBytes(bytes, nodeDecoder));
      }),
      { numRuns: 500 },
    );
  });
});
