import { describe, expect, test } from '@jest/globals';
import { plainText, textOf } from '../../lib/protocol/attached-message.js';
import { formatEvent } from '../../lib/protocol/format-message.js';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { partsOf } from '../../lib/protocol/message-parts.js';
import { SharedEvent } from '../../lib/protocol/shared-event.js';

const LIMITS = { ...DEFAULT_LIMITS, maxMetadataBytes: 100 };
const TAKES_ALL = { bytes: true, attachments: true };
const KINDS = [
  [true, true],
  [true, false],
  [false, false],
  [true, true],
] as const;
/** How many characters the longest number of a message has. */
const LONGEST = '-9007199254740991'.length;

describe('an event for many connections', () => {
  test.each([
    ['short', ['hi'], undefined],
    ['of some length', ['x'.repeat(500), { a: 1 }], undefined],
    ['large', ['x'.repeat(40_000)], undefined],
    ['large, with what has to be quoted', ["it's\n".repeat(10_000), 1], undefined],
    ['with bytes', [Buffer.from('hi'), 'x'.repeat(500)], undefined],
    ['with large bytes', [Buffer.alloc(5000, 7), { a: new Uint8Array(4096) }], undefined],
    [
      'with bytes of all kinds, and quotes in strings',
      [
        "it's `one`",
        { 'a`': Buffer.from('`'), view: new Uint16Array([1, 2]), empty: new Float32Array(0) },
        [new DataView(new ArrayBuffer(3)), '`"', new Uint8Array(9).buffer, new SharedArrayBuffer(2)],
        new Uint32Array(5000),
      ],
      undefined,
    ],
    ['with quotes in strings alone', ['`', Array.from({ length: 40 }, () => '"`')], undefined],
    ['with metadata', [1, undefined], { locale: 'de' }],
    ['with metadata that has no members', [], {}],
  ])('is what each would get by itself, %s', (_title, args, metadata) => {
    const shared = new SharedEvent('chat', 'said', args, metadata, LIMITS);
    for (const [bytes, attachments] of KINDS) {
      for (const id of [-1, -9_007_199_254_740_991, 12]) {
        const text = shared.messageFor(id, metadata, { bytes, attachments });
        const alone = formatEvent(id, 'chat', 'said', args, metadata, {
          limits: LIMITS,
          extensions: { bytes },
        });
        expect(text).toEqual(attachments ? alone : textOf(alone));
        expect(partsOf(plainText(text)).join('')).toBe(plainText(text));
      }
    }
  });

  test('may have other metadata for one connection, and writes its arguments once all the same', () => {
    let count = 0;
    const value = { toJSON: () => (count += 1) };
    const shared = new SharedEvent('chat', 'said', [value], undefined, LIMITS);
    shared.prepare();
    expect(shared.messageFor(-1, { trace: 'a' }, TAKES_ALL)).toBe("{event:[-1,'chat',{trace:'a'}],said:[1]}");
    expect(shared.messageFor(-2, undefined, TAKES_ALL)).toBe("{event:[-2,'chat'],said:[1]}");
    expect(count).toBe(1);
  });

  test('is the same for all peers, where a value is another each time it is asked for', () => {
    let count = 0;
    const value = {
      toJSON: () => ({ n: ++count, content: Buffer.from([count]) }),
    };
    const getter = {
      get next() {
        return { n: ++count, list: new Uint16Array([count]) };
      },
    };
    const shared = new SharedEvent('chat', 'said', [value, getter], undefined, LIMITS);
    const texts = KINDS.map(([bytes, attachments]) =>
      plainText(shared.messageFor(-1, undefined, { bytes, attachments })),
    );
    const written = texts[0];
    expect(written).toBe("{event:[-1,'chat'],said:[{n:1,content:`AQ==`},{next:{n:2,list:`AgA=`}}]}");
    const plain = "{event:[-1,'chat'],said:[{n:1,content:'AQ=='},{next:{n:2,list:{'0':2}}}]}";
    expect(texts).toEqual([written, written, plain, written]);
  });

  test('that cannot be written says so each time, and is tried once', () => {
    let count = 0;
    const value = {
      toJSON: () => {
        count += 1;
        throw new Error('no text');
      },
    };
    const shared = new SharedEvent('chat', 'said', [value], undefined, LIMITS);
    expect(() => shared.prepare()).toThrow('no text');
    expect(() => shared.messageFor(-1, undefined, TAKES_ALL)).toThrow('no text');
    expect(count).toBe(1);
  });

  test('has no more metadata than a header has room for with the longest number', () => {
    const room = LIMITS.maxMetadataBytes - "[,'chat',{a:''}]".length - LONGEST;
    const fits = new SharedEvent('chat', 'said', [], { a: 'x'.repeat(room) }, LIMITS);
    fits.prepare();
    const tooLarge = new SharedEvent('chat', 'said', [], { a: 'x'.repeat(room + 1) }, LIMITS);
    expect(() => tooLarge.prepare()).toThrow(
      expect.objectContaining({ code: 'ERR_JSTP_METADATA_TOO_LARGE' }),
    );
  });
});
