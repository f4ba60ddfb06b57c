import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from '../../lib/mdsf/index.js';
import { plainText, textOf } from '../../lib/protocol/attached-message.js';
import { formatCall, formatCallbackOk, renumber } from '../../lib/protocol/format-message.js';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';

const WITH_BYTES = { limits: DEFAULT_LIMITS, extensions: { bytes: true } };

describe('a message that was written for a peer with bytes', () => {
  test('goes to one without as strings of base64; nothing else in it changes', () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
        fc.string({ unit: fc.constantFrom('`', "'", '"', '\\', 'é', '\n', 'a'), maxLength: 12 }),
        fc.array(tie('value'), { maxLength: 30 }),
        fc.dictionary(fc.constantFrom('a', "it's", '`', '"', 'b\\"`'), tie('value'), { maxKeys: 5 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (given) => {
        const text = formatCall(1, "i'`", 'm`', [given], { "`'": '"`' }, WITH_BYTES);
        const asStrings = formatCall(7, "i'`", 'm`', [given], { "`'": '"`' });
        expect(parse(plainText(renumber(text, 7, false)))).toEqual(parse(plainText(asStrings)));
      }),
      { numRuns: 300 },
    );
  });

  test('stays as it is for a peer that takes them, and without any', () => {
    const text = formatCall(1, 'i', 'm', [Buffer.from('A'), '`'], undefined, WITH_BYTES);
    expect(renumber(text, 2, true)).toBe("{call:[2,'i'],m:[`QQ==`,'`']}");
    expect(renumber(text, 2, false)).toBe("{call:[2,'i'],m:['QQ==','`']}");
    expect(renumber("{call:[1,'i'],m:['a']}", 2, false)).toBe("{call:[2,'i'],m:['a']}");
  });

  test('may hold megabytes of text with escapes', () => {
    const long = 'line\n"\\`'.repeat(300_000);
    const text = formatCall(1, 'i', 'm', [long, Buffer.from('A')], undefined, WITH_BYTES);
    const { m } = parse(plainText(renumber(text, 2, false))) as { m: unknown[] };
    expect([m[0] === long, m[1]]).toEqual([true, 'QQ==']);
  });

  test('has large bytes behind its text, and is the same text with them', () => {
    const bytes = Buffer.alloc(200_000, 'xyz');
    const message = formatCallbackOk(1, [bytes], 256, undefined, true);
    if (typeof message === 'string') throw new Error('The message has no bytes behind its text');
    expect(message.text).toBe('{callback:[1],ok:[`:200000`]}');
    expect(bytes.equals(message.bytes)).toBe(true);
    expect(textOf(message) === `{callback:[1],ok:[\`${bytes.toString('base64')}\`]}`).toBe(true);
    expect(
      plainText(renumber(message, 2, false)) === `{callback:[2],ok:['${bytes.toString('base64')}']}`,
    ).toBe(true);
  });
});
