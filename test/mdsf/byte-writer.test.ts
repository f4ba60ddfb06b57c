import { beforeAll, describe, expect, it, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { largeText } from '../../lib/mdsf/byte-writer.js';
import { parse, stringify, takeAttached, useLargeWriter } from '../../lib/mdsf/index.js';
import { parseBoth } from './parse-both.js';
import { anyValue } from './values.js';

/** So many that a value with them is large. */
function many<T>(make: (index: number) => T): T[] {
  return Array.from({ length: 20 }, (_, index) => make(index));
}

/** Makes a value large. */
const PADDING = many(() => null);

/** The text of a value as a part of a large one. */
function large(value: unknown, maxDepth = 256): string | undefined {
  return largeText([PADDING, value], maxDepth)?.slice(`[[${PADDING.join('null,')}null],`.length, -1);
}

/** Writes a value, which has to be large. */
function write(value: unknown): string {
  const text = largeText(value, 256);
  if (text === undefined) throw new Error('was not written');
  return text;
}

const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }).map((n) => n / 100),
  fc.constantFrom(0, -0, 9, 10, 99, 100, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 0.1, 0.01, 0.001, 1e7, 1e-7, 1e21),
);
const day = fc.date({ noInvalidDate: false, min: new Date(-1e15), max: new Date(3e14) });

test('large values are written as bytes where a transport of Node is', () => {
  const values = many((id) => ({ id, date: new Date(id) }));
  const latin1Slice = jest.spyOn(Buffer.prototype as unknown as { latin1Slice(): string }, 'latin1Slice');
  expect(parse(stringify(values))).toStrictEqual(values.map(({ id, date }) => ({ id, date: date.toJSON() })));
  expect(latin1Slice).toHaveBeenCalledTimes(1);
});

test('bytes that a getter has written meanwhile are none of the text of a large value', () => {
  const values = many(() => ({
    get bytes() {
      return stringify(Buffer.alloc(8192), { bytes: true, attaches: true }).length;
    },
  }));
  expect(stringify(values)).toBe(`[${many(() => '{bytes:7}').join(',')}]`);
  expect(takeAttached()).toBeUndefined();
});

test('what has a text of its own is not searched for large values', () => {
  class Entity {
    constructor() {
      const get = (): never => {
        throw new Error('asked a database');
      };
      Object.defineProperty(this, 'lazy', { get, enumerable: true });
    }

    toJSON(): string {
      return 'an entity';
    }
  }
  expect(stringify([new Entity()])).toBe("['an entity']");
});

describe('largeText', () => {
  beforeAll(() => {
    // From now on, all is written by the writer of texts.
    useLargeWriter(() => undefined);
  });

  it('writes what the writer of texts does, or leaves it to that', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 8 }), (values) => {
        const text = largeText([PADDING, values], 256);
        if (text !== undefined) expect(text).toBe(stringify([PADDING, values]));
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, fc.Arbitrary<unknown>]>([
    ['numbers', number],
    ['dates', day],
    ['texts', fc.string({ unit: 'binary', maxLength: 250 })],
    ['words', fc.constantFrom(true, false, null, undefined)],
    ['short lists', fc.array(number, { maxLength: 4 })],
    ['objects', fc.record({ a: number, 'the b': day }, { requiredKeys: [] })],
  ])('writes %s as the writer of small values does', (_what, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(large([[value], { value }])).toBe(`[${stringify([value])},${stringify({ value })}]`);
      }),
      { numRuns: 150 },
    );
  });

  it('writes the days of four centuries as dates do', () => {
    const first = Date.UTC(1999, 11, 31, 23, 59, 59, 999);
    for (let year = 0; year < 400; year++) {
      const days = [0, 58, 59, 60, 364, 365].map((n) => new Date(first + (year * 365.25 + n) * 86_400_000));
      expect(large(days)).toBe(`['${days.map((date) => date.toISOString()).join("','")}']`);
    }
  });

  it('asks a date whose class, or which itself, has its own text', () => {
    const changed = Object.assign(new Date(0), { toISOString: () => "some o'clock" });
    expect(large([changed])).toBe('["some o\'clock"]');
    class Day extends Date {
      override toISOString(): string {
        return 'a day';
      }
    }
    expect(large(new Day(0))).toBeUndefined();
    expect(large([Object.assign(new Date(0), { toISOString: () => 5 })])).toBeUndefined();
  });

  it('asks what only looks like a date for its text', () => {
    const fake = Object.assign(Object.create(Date.prototype) as Date, {
      valueOf: () => 1,
      toISOString: () => 'no date',
    });
    expect(large([fake])).toBe("['no date']");
    expect(() => large([Object.create(Date.prototype)])).toThrow(TypeError);
  });

  it('writes as many elements as an array had before a getter made it longer, or shorter', () => {
    const grown: unknown[] = many((id) => ({ id }));
    grown[0] = {
      get length() {
        return grown.push('more');
      },
    };
    const shrunk: unknown[] = [
      {
        get length() {
          return (shrunk.length = 1);
        },
      },
      ...many(() => 1),
      'last',
    ];
    const ids = many((id) => `{id:${id}}`)
      .slice(1)
      .join(',');
    expect(write(grown)).toBe(`[{length:21},${ids}]`);
    expect(write(shrunk)).toBe(`[{length:1}${',undefined'.repeat(21)}]`);
  });

  it('tells keys apart, of which there may be more than it keeps', () => {
    for (let round = 0; round < 3; round++) {
      const rows = Array.from({ length: 3000 }, (_, i) => ({
        [`key ${i % 1500}`]: i,
        ключ: i,
        [`k${i}`]: 'v',
      }));
      expect(isDeepStrictEqual(parseBoth(write(rows)), rows)).toBe(true);
    }
    expect(write(many(() => ({ '': 1, a: { '': 2 } })))).toBe(`[${many(() => "{'':1,a:{'':2}}").join(',')}]`);
  });

  it.each([
    ['ASCII', 'the quick brown fox'],
    ['characters of two bytes', 'швидкий бурий лис'],
    ['characters of three bytes', '快速的棕色狐狸'],
    ['pairs of surrogates', '🦊'.repeat(120)],
    ['what has to be escaped', "'\\\r\n".repeat(60)],
  ])('makes room for texts of more than it holds: %s', (_what, piece) => {
    const rows = Array.from({ length: 6000 }, (_, id) => ({ id, piece, list: [piece, id / 100] }));
    expect(isDeepStrictEqual(parse(write(rows)), rows)).toBe(true);
    // The memory for large texts is gone, or kept.
    expect(parseBoth(write(rows.slice(0, 20)))).toStrictEqual(rows.slice(0, 20));
  });

  it('makes room for brackets at the end of its memory', () => {
    const deep = (levels: number): unknown =>
      levels === 0 ? {} : levels % 2 ? [deep(levels - 1)] : { a: deep(levels - 1) };
    // More than the memory that is kept, so that the next value begins with just that.
    write(Array.from({ length: 60_000 }, () => null));
    const nulls = Array.from({ length: 52_400 }, () => null);
    for (let length = 0; length < 150; length++) {
      const value = [nulls, many(() => null).slice(0, length / 5), 'x'.repeat(length % 5), deep(28)];
      expect(isDeepStrictEqual(parse(write(value)), value)).toBe(true);
    }
  });

  it('leaves a value to the writer of texts whose last text has no room by a byte', () => {
    const last = 'x'.repeat(1000);
    const room = 64 * 1024 * 1024 - 64 - 3 * last.length;
    for (const missing of [-2, -1, 0, 1]) {
      // An integer, so that it is no list of texts alone; then texts of 1000 bytes with all that is around them.
      const list: unknown[] = [1];
      let length = '[1'.length;
      const add = (bytes: number): void => {
        list.push('y'.repeat(bytes - ",''".length));
        length += bytes;
      };
      while (room - length > 2000) add(1000);
      add(900);
      add(room + missing - length);
      list.push(last);
      const text = largeText(list, 256);
      if (missing < -1) expect(text).toHaveLength(length + last.length + ",'']".length);
      else expect(text).toBeUndefined();
    }
  });

  it('writes another value that a getter writes meanwhile, and both are right', () => {
    const inner = many((id) => ({ id, name: 'inner' }));
    let text = '';
    const rows = many((id) => ({
      id,
      get name() {
        text = write(inner);
        return 'outer';
      },
    }));
    expect(parseBoth(write(rows))).toStrictEqual(many((id) => ({ id, name: 'outer' })));
    expect(parseBoth(text)).toStrictEqual(inner);
  });

  it('goes on after a getter that throws', () => {
    const failing = many(() => ({
      get name(): string {
        throw new Error('no name');
      },
    }));
    expect(() => write(failing)).toThrow('no name');
    expect(write(many((id) => ({ id })))).toBe(`[${many((id) => `{id:${id}}`).join(',')}]`);
  });

  it.each<[string, unknown]>([
    ['bytes', Buffer.from('bytes')],
    ['an ArrayBuffer', new ArrayBuffer(4)],
    ['a boxed number', Object(5)],
    ['a boxed bigint', Object(5n)],
    ['a bigint', 5n],
    ['a long text', 'long '.repeat(300)],
    ['what has a toJSON', { toJSON: () => 1 }],
    ['what has a toMDSF', Object.assign(new Date(0), { toMDSF: () => 1 })],
  ])('leaves a value to the writer of texts that has %s in it', (_what, within) => {
    for (const value of [[within], { a: within }, [[{ b: [within] }]]]) expect(large(value)).toBeUndefined();
  });

  it('leaves what is deep, or contains itself, to the writer of texts', () => {
    const cycle: unknown[] = many((id) => ({ id }));
    cycle.push(cycle);
    expect(largeText(cycle, 256)).toBeUndefined();
    expect(() => stringify(cycle)).toThrow('contains itself');
    for (const maxDepth of [2, 1.5, -1]) expect(large([[1]], maxDepth)).toBeUndefined();
    for (const maxDepth of [Number.NaN, 2.5]) expect(largeText(cycle, maxDepth)).toBeUndefined();
    expect(large([[1]], 3)).toBe('[[1]]');
  });

  it('leaves all to the writer of texts while Object.prototype is extended', () => {
    const define = { value: 1, enumerable: true, configurable: true };
    Object.defineProperty(Object.prototype, 'extension', define);
    try {
      expect(large([{ a: 1 }])).toBeUndefined();
    } finally {
      Reflect.deleteProperty(Object.prototype, 'extension');
    }
  });
});
