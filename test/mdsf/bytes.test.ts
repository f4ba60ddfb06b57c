import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, parseBytes, stringify } from '../../lib/mdsf/index.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { reference } from '../fuzz/reference.js';
import { failureOf, parseBoth } from './parse-both.js';

const BYTES = { bytes: true };
// Around what is done at once: a loop's most, the pieces of text, the window of the reader.
const SIZES = [0, 1, 2, 3, 47, 48, 49, 50, 51, 300, 20_000, 49_151, 49_152, 49_153, 98_307, 400_000];

function bytesOf(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 2_654_435_761) >>> 13));
}

function arrives(value: unknown): unknown {
  return parseBoth(stringify(value, BYTES), BYTES);
}

function errorOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe('bytes between backticks', () => {
  test.each(SIZES)('%d of them arrive as a Buffer, from bytes and from a string', (size) => {
    const bytes = bytesOf(size);
    const text = stringify({ a: bytes, b: [bytes, 'x'] }, BYTES);
    const base64 = bytes.toString('base64');
    expect(text).toBe(`{a:\`${base64}\`,b:[\`${base64}\`,'x']}`);
    const value = parseBoth(text, BYTES) as { a: Buffer; b: [Buffer, string] };
    expect(Buffer.isBuffer(value.a)).toBe(true);
    expect([value.a.equals(bytes), value.b[0].equals(bytes), value.b[1]]).toEqual([true, true, 'x']);
  });

  test('arrive where there are none, whatever a program has done with the memory of others', () => {
    const [one] = arrives([Buffer.alloc(0)]) as [Buffer];
    expect([Buffer.isBuffer(one), one.length]).toEqual([true, 0]);
    structuredClone(one.buffer, { transfer: [one.buffer as ArrayBuffer] });
    const [another] = arrives([Buffer.alloc(0)]) as [Buffer];
    expect(stringify([another], BYTES)).toBe('[``]');
  });

  test('are those of any view or ArrayBuffer, of its part alone', () => {
    const memory = Uint8Array.from([9, 1, 0, 2, 0, 255, 255, 127, 128, 9]).buffer;
    const expected = Buffer.from([1, 0, 2, 0, 255, 255, 127, 128]);
    const values = [
      Buffer.from(memory, 1, 8),
      new Uint8Array(memory, 1, 8),
      new Int8Array(memory, 1, 8),
      new Uint8ClampedArray(memory, 1, 8),
      new DataView(memory, 1, 8),
      memory.slice(1, 9),
      new Uint16Array(memory.slice(1, 9)),
      new Float64Array(memory.slice(1, 9)),
      new BigInt64Array(memory.slice(1, 9)),
    ];
    for (const value of values) expect(arrives([{ value }])).toEqual([{ value: expected }]);
    expect(arrives(values)).toEqual(values.map(() => expected));
  });

  test('are written beside large lists, which are JSON without them', () => {
    const rows = Array.from({ length: 40 }, (_, id) => ({ id, name: `Person ${String(id)}` }));
    for (const bytes of [Buffer.from('hello'), new Uint16Array(4), new ArrayBuffer(3)]) {
      const value = [{ rows, bytes }, [...rows, bytes]];
      const there = Buffer.from(arrivedBytes(bytes));
      expect(arrives(value)).toEqual([{ rows, bytes: there }, [...rows, there]]);
    }
    expect(stringify([rows], BYTES)).toBe(stringify([rows]));
  });

  test('stand beside text of any kind, in any place', () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.constantFrom('`', '`QQ==`', "`'", 'é`QQ==`', '"`\\'),
        fc.array(tie('value'), { maxLength: 8 }),
        fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), tie('value'), { maxKeys: 5 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (given) => {
        const plain = JSON.stringify(given);
        expect(JSON.stringify(arrives(given))).toBe(plain);
      }),
      { numRuns: 300 },
    );
  });

  test('have memory of their own: that of the message may be used again', () => {
    for (const size of [5, 5000]) {
      const message = Buffer.from(stringify([bytesOf(size)], BYTES));
      const [bytes] = parseBytes(message, nodeDecoder, BYTES) as [Buffer];
      message.fill(0);
      expect(bytes.equals(bytesOf(size))).toBe(true);
    }
  });

  test('are not what looks like them: no string, key or object of a program can be bytes', () => {
    const value = { '`QQ==`': '`QQ==`', b: { type: 'Buffer', data: [1] }, c: ['`', '`', "'`QQ==`'"] };
    expect(arrives(value)).toEqual(value);
    expect(stringify(value, BYTES)).toBe(stringify(value));
  });

  test('are written as what an object says that it is', () => {
    class Named extends Uint8Array {
      toJSON(): string {
        return 'named';
      }
    }
    const marked = Object.assign(Buffer.from('x'), { toMDSF: () => 5 });
    expect(arrives([new Named(3), marked])).toEqual(['named', 5]);
    const fake = { [Symbol.toStringTag]: 'ArrayBuffer', length: 3 };
    expect(arrives([Object.setPrototypeOf(fake, Array.prototype)])).toEqual([{ length: 3 }]);
  });

  test('are no bytes where nobody has agreed on them', () => {
    for (const text of ['`QQ==`', '[`QQ==`]', '{a:``}', "['`', `QQ==`]"])
      expect(failureOf(text).code).toBe('ERR_MDSF_SYNTAX');
    expect(failureOf('[1,`QQ==`]')).toMatchObject({ message: 'Value expected at position 3' });
    expect(stringify([Buffer.from('A'), new Uint8Array([65]), new ArrayBuffer(1)])).toBe(
      "['QQ==',{'0':65},{}]",
    );
  });

  test('are an error where they are refused, wherever they are', () => {
    const refused = { bytes: 'refuse' } as const;
    const rows = Array.from({ length: 40 }, (_, id) => ({ id }));
    for (const bytes of [Buffer.from('A'), new Uint16Array(2), new ArrayBuffer(1)]) {
      for (const value of [bytes, { a: [bytes] }, [rows, bytes]])
        expect(errorOf(() => stringify(value, refused))).toBe('ERR_MDSF_BYTES');
    }
    expect(stringify({ a: [1, 'x'], rows }, refused)).toBe(stringify({ a: [1, 'x'], rows }));
  });
});

function arrivedBytes(value: ArrayBuffer | ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return value instanceof ArrayBuffer
    ? new Uint8Array(value)
    : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** A long text of base64 with something in the place of one of its characters. */
function spoiled(with_: string, at: number): string {
  const text = bytesOf(150_000).toString('base64');
  return text.slice(0, at) + with_ + text.slice(at + 1);
}

describe('bytes that are none', () => {
  test.each([
    ...['`Q`', '`QQ`', '`QQ=`', '`QQ===`', '`Q===`', '`====`', '`=`', '`QUI`', '`QQ==QQ==`', '`QUI=QUJD`'],
    ...[
      '`QR==`',
      '`QUJ=`',
      '`Q Q==`',
      '` QQ==`',
      '`QQ==\n`',
      '`QQ-_`',
      "`QQ''`",
      '`QQé=`',
      '`QQ\\=`',
      '`QÃ=`',
    ],
  ])('are a syntax error: %s', (text) => {
    expect(failureOf(text, BYTES).code).toBe('ERR_MDSF_SYNTAX');
    expect(failureOf(`[1,'é',${text}]`, BYTES).code).toBe('ERR_MDSF_SYNTAX');
  });

  test.each(['-', '_', ' ', '=', '\n', 'é', "'", '"', '\\', '\u20ac', '\x7f'])(
    'are a syntax error with %j in any place of a long one',
    (character) => {
      for (const at of [0, 1, 70_000, 65_535, 65_536, 199_995, 199_998]) {
        const error: unknown = errorOf(() => parseBoth(`[\`${spoiled(character, at)}\`]`, BYTES));
        expect([at, error]).toEqual([at, 'ERR_MDSF_SYNTAX']);
      }
    },
  );

  test('without an end are one, too', () => {
    for (const text of ['`', '[`QQ==', '{a:`QQ==}', `['x',\`${'QUJD'.repeat(30_000)}]`])
      expect(failureOf(text, BYTES).code).toBe('ERR_MDSF_UNEXPECTED_END');
  });

  test('are no key, and nothing stands behind them', () => {
    for (const text of ['{`QQ==`:1}', '[`QQ==`1]', '[`QQ==``QQ==`]', '`QQ==` x', '[-`QQ==`]'])
      expect(failureOf(text, BYTES).code).toBe('ERR_MDSF_SYNTAX');
  });

  test('are read by nobody who does not know them: not by the reference, and not as JSON', () => {
    for (const text of ['[`QQ==`]', '{a:``}', '[1,`QUJD`]']) {
      expect(() => reference.parse(text)).toThrow();
      expect(() => JSON.parse(text)).toThrow();
    }
  });
});

describe('bytes and limits', () => {
  test('count as four values each, even where they are empty', () => {
    for (const bytes of ['``', '`QQ==`', `\`${'QUJD'.repeat(5000)}\``]) {
      const text = `[${bytes},${bytes}]`;
      expect(parseBoth(text, { ...BYTES, maxValues: 9 })).toHaveLength(2);
      expect(failureOf(text, { ...BYTES, maxValues: 8 }).code).toBe('ERR_MDSF_VALUES');
    }
    const many = `[${'``,'.repeat(10_000)}]`;
    expect(parseBoth(many, BYTES)).toHaveLength(10_000);
  });

  test('are no level of depth', () => {
    expect(parse('[[`QQ==`]]', { ...BYTES, maxDepth: 2 })).toEqual([[Buffer.from('A')]]);
    expect(stringify([[Buffer.from('A')]], { ...BYTES, maxDepth: 3 })).toBe('[[`QQ==`]]');
  });
});

describe('the memory of bytes', () => {
  const read = (text: string): Buffer[] => parse(text, BYTES) as Buffer[];
  const write = (bytes: Buffer): string => `\`${bytes.toString('base64')}\``;

  test('is that of their message alone, and no more than this has', () => {
    const [[first], [second]] = [read('[`QUJD`]'), read('[`QUJD`]')];
    expect(first.buffer).not.toBe(second.buffer);
    expect(first.buffer.byteLength).toBeLessThan(16);
  });

  test('is shared by small ones of a message, and no byte of it twice', () => {
    const all = Array.from({ length: 3000 }, (_, n) => Buffer.alloc((n % 40) + 1, n));
    const got = read(`[${all.map(write).join()}]`);
    expect(got.every((bytes, n) => bytes.equals(all[n]))).toBe(true);
    const pools = [...new Set(got.map(({ buffer }) => buffer))];
    expect(Math.max(...pools.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(8192);
    expect(pools.length).toBeLessThan(20);
    expect(got.every(({ byteOffset }) => byteOffset % 8 === 0)).toBe(true);
  });

  test('of large ones is their own', () => {
    const [first, second] = read(`[${write(Buffer.alloc(5000))},${write(Buffer.alloc(3))}]`);
    expect([first.buffer.byteLength, first.buffer === second.buffer]).toEqual([5000, false]);
  });
});

describe('where there is no Node', () => {
  test('bytes are read and written as in Node, as Uint8Arrays', async () => {
    const { host } = await import('../../lib/util/host.js');
    jest.resetModules();
    jest.unstable_mockModule('../../lib/util/host.js', () => ({ host: { ...host, process: undefined } }));
    const portable = await import('../../lib/mdsf/base64.js');
    const memory = new portable.BytesMemory();
    for (const size of SIZES) {
      const bytes = new Uint8Array(bytesOf(size));
      const text = portable.encodeBase64(bytes);
      expect(text === Buffer.from(bytes).toString('base64')).toBe(true);
      const read = portable.decodeBase64(Buffer.from(`\`${text}\``), 1, 1 + text.length, memory);
      expect([Buffer.isBuffer(read), Buffer.compare(read ?? Buffer.alloc(1), bytes)]).toEqual([false, 0]);
    }
    for (const wrong of ['Q', 'QQ=', 'QR==', 'QUJ=', 'QQ==QQ==', 'Q-==', ' QQ=', '===='])
      expect(portable.decodeBase64(Buffer.from(wrong), 0, wrong.length, memory)).toBeUndefined();
  });
});
