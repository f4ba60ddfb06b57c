import { afterEach, describe, expect, it } from '@jest/globals';
import {
  MdsfStringifyError,
  quote,
  quoteKey,
  stringify,
  type StringifyOptions,
} from '../../lib/mdsf/index.js';
import { expectEqual } from './expect-equal.js';
import { parseBoth } from './parse-both.js';

/** So many numbers that the value counts as large. */
const MANY = Array.from({ length: 20 }, (_, i) => i);

function failureOf(value: unknown, options?: StringifyOptions): MdsfStringifyError {
  try {
    stringify(value, options);
  } catch (error) {
    if (error instanceof MdsfStringifyError) return error;
    throw error;
  }
  throw new Error('was written');
}

describe('stringify - values', () => {
  it.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [false, 'false'],
    [0, '0'],
    [-0, '0'],
    [-1.5, '-1.5'],
    [1e21, '1e+21'],
    [NaN, 'null'],
    [Infinity, 'null'],
    [-Infinity, 'null'],
    ['', "''"],
    ['text', "'text'"],
    [[], '[]'],
    [{}, '{}'],
    [[1, 'a', [true, null], { b: 'c' }], "[1,'a',[true,null],{b:'c'}]"],
    [{ a: 1, b: { c: [] }, d: 'x', e: null }, "{a:1,b:{c:[]},d:'x',e:null}"],
    [{ a: 'x', b: 'y' }, "{a:'x',b:'y'}"],
    [Object('boxed'), "'boxed'"],
    [Object(5), '5'],
    [Object(false), 'false'],
    [{ a: Object(NaN) }, '{a:null}'],
    [new Map([[1, 2]]), '{}'],
    [Uint8Array.of(1, 2), "{'0':1,'1':2}"],
    [Object.create(null), '{}'],
  ])('writes %p', (value, text) => {
    expect(stringify(value)).toBe(text);
  });

  it('keeps undefined within an array, so that length and places survive', () => {
    expect(stringify([1, undefined])).toBe('[1,undefined]');
    expect(stringify([undefined])).toBe('[undefined]');
    expect(stringify(Array.of(1).concat(new Array<number>(1)))).toBe('[1,undefined]');
    const many = [...MANY, undefined];
    expect(parseBoth(stringify(many))).toStrictEqual(many);
  });

  it('leaves undefined, functions and symbols out of objects', () => {
    const left = { a: undefined, b: () => 0, c: Symbol('c'), d: 1, e: undefined };
    expect(stringify(left)).toBe('{d:1}');
    expect(stringify({ a: undefined })).toBe('{}');
    expect(parseBoth(stringify([left, MANY]))).toStrictEqual([{ d: 1 }, MANY]);
  });

  it('writes null for functions and symbols in arrays, and undefined for one alone', () => {
    expect(stringify([() => 0, Symbol('x'), 1])).toBe('[null,null,1]');
    expect(parseBoth(stringify([() => 0, Symbol('x'), MANY]))).toStrictEqual([null, null, MANY]);
    expect(stringify(() => 0)).toBe('undefined');
    expect(stringify(Symbol('x'))).toBe('undefined');
  });

  it('writes own keys only, and those of objects without a prototype', () => {
    const inherited = Object.assign(Object.create({ inherited: 1 }) as object, { own: 2 });
    expect(stringify(inherited)).toBe('{own:2}');
    expect(parseBoth(stringify([inherited, MANY]))).toStrictEqual([{ own: 2 }, MANY]);
    expect(stringify(Object.assign(Object.create(null) as object, { a: 1 }))).toBe('{a:1}');
  });

  it('writes an instance of a class by its own keys', () => {
    class Point {
      x = 1;
      y = 'two';
      get sum(): number {
        return this.x;
      }
    }
    expect(stringify(new Point())).toBe("{x:1,y:'two'}");
    expect(parseBoth(stringify([new Point(), MANY]))).toStrictEqual([{ x: 1, y: 'two' }, MANY]);
  });
});

describe('stringify - while Object.prototype is extended', () => {
  afterEach(() => {
    Reflect.deleteProperty(Object.prototype, 'extension');
  });

  it('writes own keys only', () => {
    Object.defineProperty(Object.prototype, 'extension', { value: 1, enumerable: true, configurable: true });
    expect(stringify({ a: 1 })).toBe('{a:1}');
    expect(stringify([{ a: 1 }, MANY])).toBe(`[{a:1},${JSON.stringify(MANY)}]`);
  });
});

describe('stringify - strings', () => {
  it.each([
    ["it's", '"it\'s"'],
    ['say "x"', '\'say "x"\''],
    ['a\\b', '"a\\\\b"'],
    ['\0', '"\\u0000"'],
    ['a\nb\rc', '"a\\nb\\rc"'],
    ['\u2028\u2029', '"\\u2028\\u2029"'],
    ['\t\b\u0001', "'\t\b\u0001'"],
    ['\ud83d', '"\\ud83d"'],
    ['\ude00x', '"\\ude00x"'],
    ['\u{1f600}', '"\u{1f600}"'],
    ['Привет', "'Привет'"],
  ])('writes %j', (value, text) => {
    expect(quote(value)).toBe(text);
    expect(stringify(value)).toBe(text);
    expect(stringify([value, { a: value }])).toBe(`[${text},{a:${text}}]`);
    expect(parseBoth(text)).toBe(value);
  });

  it.each(['\0', '\r', '\n', '\u2028', '\u2029', '\ud800', '\udc00', "'", '\\'])(
    'never lets %j through, however long the string and wherever it stands',
    (special) => {
      for (const length of [0, 1, 50, 191, 192, 300, 2000]) {
        for (const text of [
          special + 'x'.repeat(length),
          'x'.repeat(length) + special,
          'я'.repeat(length) + special,
        ]) {
          for (const value of [text, [text], { [text]: text }, [MANY, text], [MANY, { [text]: 1 }]]) {
            const written = stringify(value);
            expect(written).not.toMatch(/[\0\r\n\u2028\u2029]|[\ud800-\udfff]/);
            expect(parseBoth(written)).toStrictEqual(value);
          }
        }
      }
    },
  );

  it('finds lone surrogates where the engine has no isWellFormed', () => {
    const original = Object.getOwnPropertyDescriptor(String.prototype, 'isWellFormed') ?? {};
    Reflect.deleteProperty(String.prototype, 'isWellFormed');
    try {
      const long = 'x'.repeat(300);
      expect(quote(`${long}\ud83d`)).toBe(`"${long}\\ud83d"`);
      expect(quote(`${long}\u{1f600}`)).toBe(`'${long}\u{1f600}'`);
    } finally {
      Object.defineProperty(String.prototype, 'isWellFormed', original);
    }
  });

  it.each([
    ['a', 'a'],
    ['$_A9', '$_A9'],
    ['', "''"],
    ['9a', "'9a'"],
    ['17', "'17'"],
    ['a-b', "'a-b'"],
    ["it's", '"it\'s"'],
    ['ключ', "'ключ'"],
    ['__proto__', '__proto__'],
  ])('writes the key %j', (key, text) => {
    expect(quoteKey(key)).toBe(text);
    const object = Object.defineProperty({}, key, { value: 1, enumerable: true });
    expect(stringify(object)).toBe(`{${text}:1}`);
    expect(Object.keys(parseBoth(stringify(object)) as object)).toStrictEqual([key]);
  });

  it('writes thousands of different keys, long ones too', () => {
    for (let i = 0; i < 3000; i++) {
      const key = i % 2 ? `key${i}` : `a-key-of-more-than-sixty-four-characters-${'x'.repeat(40)}${i}`;
      expect(stringify({ [key]: i, next: 'x' })).toBe(`{${i % 2 ? key : `'${key}'`}:${i},next:'x'}`);
    }
  });
});

describe('stringify - objects that say themselves what to write', () => {
  it('asks toMDSF, then toJSON, with the key', () => {
    const asked: string[] = [];
    const both = { toMDSF: (key: string) => `mdsf ${(asked.push(key), key)}`, toJSON: () => 'json' };
    const json = { toJSON: (key: string) => `json ${(asked.push(key), key)}` };
    expect(stringify(both)).toBe("'mdsf '");
    expect(stringify({ a: both, b: [json, both] })).toBe("{a:'mdsf a',b:['json 0','mdsf 1']}");
    expect(asked).toStrictEqual(['', 'a', '0', '1']);
    expect(parseBoth(stringify([MANY, both, json]))).toStrictEqual([MANY, 'mdsf 1', 'json 2']);
  });

  it('lets them be left out', () => {
    const gone = { toJSON: () => undefined };
    expect(stringify({ a: gone, b: 1 })).toBe('{b:1}');
    expect(stringify([gone])).toBe('[undefined]');
    expect(stringify(gone)).toBe('undefined');
  });

  it('writes dates as JSON does', () => {
    const date = new Date(0);
    expect(stringify({ date, bad: new Date(NaN) })).toBe("{date:'1970-01-01T00:00:00.000Z',bad:null}");
    expect(stringify([MANY, date])).toBe(`[[${MANY.join(',')}],'1970-01-01T00:00:00.000Z']`);
    expect(parseBoth(stringify([MANY, Object.assign(new Date(0), { toMDSF: () => 1 })]))).toStrictEqual([
      MANY,
      1,
    ]);
  });

  it('writes a Buffer as base64, in large values too', () => {
    const buffer = Buffer.from('some bytes');
    expect(stringify(buffer)).toBe("'c29tZSBieXRlcw=='");
    expect(stringify([MANY, { buffer }])).toContain("buffer:'c29tZSBieXRlcw=='");
  });

  it('serves a toJSON that calls it', () => {
    const inner = { toJSON: () => stringify({ deep: [1, { x: 'y' }] }) };
    expect(stringify({ a: [inner], b: { inner } })).toBe(
      `{a:["{deep:[1,{x:'y'}]}"],b:{inner:"{deep:[1,{x:'y'}]}"}}`,
    );
  });

  it('passes an error of a toJSON on, and goes on working', () => {
    const bad = {
      toJSON: () => {
        throw new RangeError('mine');
      },
    };
    expect(() => stringify({ a: [bad] })).toThrow(RangeError);
    expect(stringify({ a: [1] })).toBe('{a:[1]}');
  });
});

describe('stringify - what is refused', () => {
  it('refuses a value that contains itself, in large values too', () => {
    const loop: { self?: unknown } = {};
    loop.self = [{ loop }];
    const array: unknown[] = [...MANY];
    array.push(array);
    for (const value of [loop, array, [MANY, loop]]) {
      const error = failureOf(value);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.name).toBe('MdsfStringifyError');
      expect(error.code).toBe('ERR_MDSF_CYCLE');
    }
    const shared = { a: 1 };
    expect(stringify([shared, shared])).toBe('[{a:1},{a:1}]');
  });

  it('refuses nesting beyond maxDepth, 256 by default', () => {
    const nested = (depth: number): unknown[] => (depth === 1 ? [] : [nested(depth - 1)]);
    expect(stringify(nested(256))).toHaveLength(512);
    expect(failureOf(nested(257)).code).toBe('ERR_MDSF_DEPTH');
    expect(failureOf({ a: [1] }, { maxDepth: 1 }).code).toBe('ERR_MDSF_DEPTH');
    expect(failureOf([MANY], { maxDepth: 1 }).code).toBe('ERR_MDSF_DEPTH');
    expect(failureOf([MANY, nested(300)]).code).toBe('ERR_MDSF_DEPTH');
    expect(parseBoth(stringify([MANY, nested(100)]))).toStrictEqual([MANY, nested(100)]);
  });

  it('never overflows the stack on what a toJSON makes without end', () => {
    const endless = { toJSON: () => ({ next: { toJSON: endless.toJSON } }) } as { toJSON: () => unknown };
    expect(failureOf(endless).code).toBe('ERR_MDSF_DEPTH');
  });

  it.each([[1n], [[1n]], [{ a: 1n }], [[...MANY, 1n]], [Object(1n)], [[MANY, Object(1n)]]])(
    'refuses the bigint in %p',
    (value) => {
      expect(failureOf(value).code).toBe('ERR_MDSF_BIGINT');
    },
  );

  describe('a getter that gives something else each time it is read', () => {
    const cycle: Record<string, unknown> = {};
    cycle['itself'] = cycle;
    let deep: unknown = 1;
    for (let i = 0; i < 30_000; i++) deep = [deep];
    const changing = (later: unknown, after: number): object => {
      let reads = 0;
      return {
        many: MANY,
        get changes() {
          return reads++ < after ? 1 : later;
        },
      };
    };

    it.each([
      ['a bigint', 5n, 'ERR_MDSF_BIGINT'],
      ['a boxed bigint', Object(5n), 'ERR_MDSF_BIGINT'],
      ['what contains itself', cycle, 'ERR_MDSF_CYCLE'],
      ['what is far too deep', deep, 'ERR_MDSF_DEPTH'],
    ])('fails as ever for %s, or is what it was before', (_name, later, code) => {
      const outcomes = [0, 1].map((after) => {
        try {
          return parseBoth(stringify([changing(later, after)]));
        } catch (error) {
          return error;
        }
      });
      const refused: unknown = expect.objectContaining({ name: 'MdsfStringifyError', code });
      expect(outcomes).toEqual([refused, [{ many: MANY, changes: 1 }]]);
    });

    it('is one of its values', () => {
      let reads = 0;
      const value = {
        many: MANY,
        get next() {
          return reads++ % 2 === 0 ? { a: [reads] } : 'text';
        },
      };
      for (let i = 0; i < 4; i++) {
        const read = parseBoth(stringify([value])) as [{ next: unknown }];
        expect(['text', { a: [expect.any(Number)] }]).toContainEqual(read[0].next);
      }
    });
  });

  it('asks a toJSON of bigints where an application has made one', () => {
    const prototype = BigInt.prototype as unknown as { toJSON?: unknown };
    prototype.toJSON = function toJSON(this: bigint) {
      return String(this);
    };
    try {
      expect(stringify([1n, { a: 2n }])).toBe("['1',{a:'2'}]");
    } finally {
      delete prototype.toJSON;
    }
  });
});

describe('stringify - large values', () => {
  it.each<[string, unknown]>([
    ['an array', MANY],
    [
      'a list in an object',
      { total: 20, items: MANY.map((id) => ({ id, name: `n${id}`, none: null, gone: undefined })) },
    ],
    ['an object of many keys', Object.fromEntries(MANY.map((i) => [`k${i}`, `v${i}`]))],
    ['NaN', [...MANY, NaN, Infinity]],
  ])('says the same of %s as JSON.stringify does', (_name, value) => {
    expect(parseBoth(stringify([value]))).toStrictEqual(JSON.parse(JSON.stringify([value])));
  });

  it.each([5, 6, 7])('says the same of each of %i objects as of one alone', (count) => {
    const inherited: object = Object.create({ hidden: 1 });
    const proto: object = JSON.parse('{"__proto__":{"isAdmin":true}}') as object;
    const items: readonly unknown[] = [
      { a: undefined, b: NaN, c: -Infinity, d: -0, e: null, f: () => 1, g: Symbol('g') },
      {
        list: [undefined, 1, () => 1, ...new Array<unknown>(2), 2],
        sparse: Object.assign([1], { length: 3 }),
      },
      { text: "it's \u2028 \u2029 \r\n\0 \ud800 \u{1f600}" },
      { date: new Date(0), buffer: Buffer.from('bytes') },
      { toMDSF: () => [1, { b: 2 }] },
      { toJSON: () => ({ c: undefined, d: 1 }) },
      { boxed: [Object(1), Object('x'), Object(false)] },
      proto,
      inherited,
      null,
      [[undefined]],
      new Map([[1, 2]]),
    ];
    for (const item of items) {
      const one = parseBoth(stringify([item])) as unknown[];
      const many = Array.from({ length: count }, () => item);
      expectEqual(
        parseBoth(stringify(many)),
        Array.from({ length: count }, () => one[0]),
      );
    }
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(failureOf(Array.from({ length: count }, () => loop)).code).toBe('ERR_MDSF_CYCLE');
    expect(
      failureOf(
        Array.from({ length: count }, () => [[]]),
        { maxDepth: 2 },
      ).code,
    ).toBe('ERR_MDSF_DEPTH');
  });

  it('writes long strings by hand', () => {
    const long = 'x'.repeat(2000);
    expect(stringify([MANY, long])).toBe(`[[${MANY.join(',')}],'${long}']`);
  });
});
