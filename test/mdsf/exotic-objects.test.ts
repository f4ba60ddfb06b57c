import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { parse, stringify } from '../../lib/mdsf/index.js';
import { isLarge } from '../../lib/mdsf/is-large.js';

/**
 * Counts how often somebody asks for all keys of an object, which for bytes means a text made of each index: by
 * `Object.keys`, or by `for...in`, which asks what the object inherits as well.
 */
function watchKeys<T extends object>(object: T): { readonly object: T; readonly count: () => number } {
  let asked = 0;
  const prototype = Object.getPrototypeOf(object) as object;
  const watched = new Proxy(prototype, {
    ownKeys(target) {
      asked += 1;
      return Reflect.ownKeys(target);
    },
  });
  Object.setPrototypeOf(object, watched);
  jest.spyOn(Object, 'keys').mockImplementation((given: object) => {
    if (given === object) asked += 1;
    return Reflect.ownKeys(given).filter(
      (key): key is string =>
        typeof key === 'string' && Object.prototype.propertyIsEnumerable.call(given, key),
    );
  });
  return { object, count: () => asked };
}

afterEach(() => {
  jest.restoreAllMocks();
});

const BYTES = Uint8Array.from({ length: 40 }, (_, index) => index * 6);

describe('bytes in a value', () => {
  test.each<[string, (bytes: unknown) => unknown]>([
    ['alone', (bytes) => bytes],
    ['as an argument', (bytes) => [bytes]],
    ['deep within', (bytes) => [{ a: [{ b: bytes }] }]],
    ['beside a long list', (bytes) => [Array.from({ length: 100 }, () => ({ a: 1 })), bytes]],
    ['beside what JSON has not', (bytes) => [undefined, { bytes }]],
  ])('are never asked for their keys, of which there is one a byte: %s', (_where, within) => {
    for (const make of [
      () => Buffer.from(BYTES),
      () => new Uint8Array(BYTES),
      () => new Uint16Array(BYTES),
      () => new DataView(new ArrayBuffer(40)),
    ]) {
      const { object, count } = watchKeys(make());
      isLarge(within(object));
      expect(count()).toBe(0);
    }
  });

  test('are base64 text in a Buffer, as the reference writes it', () => {
    const base64 = Buffer.from(BYTES).toString('base64');
    for (const value of [[Buffer.from(BYTES)], [{ list: new Array(40).fill(1), data: Buffer.from(BYTES) }]])
      expect(stringify(value)).toContain(`'${base64}'`);
    expect(stringify({ small: Buffer.from('ab') })).toBe("{small:'YWI='}");
    expect(stringify(Buffer.alloc(0))).toBe("''");
  });

  test('are an object of numbers in any other typed array, whatever is beside them', () => {
    const floats = new Float64Array(40).fill(1.5);
    floats[3] = NaN;
    for (const view of [BYTES, new Int8Array(3), new Uint8Array(0), floats, new Uint32Array(100)]) {
      const expected: unknown = JSON.parse(JSON.stringify(view));
      expect(parse(stringify(view))).toEqual(expected);
      expect(parse(stringify([undefined, { view }]))).toEqual([undefined, { view: expected }]);
      expect(parse(stringify([new Array(40).fill('x'), view]))).toEqual([new Array(40).fill('x'), expected]);
    }
    expect(stringify([BYTES])).toBe(JSON.stringify([BYTES]));
  });

  test('of bigints are refused', () => {
    for (const length of [1, 40]) {
      const refused = expect.objectContaining({ code: 'ERR_MDSF_BIGINT' });
      expect(() => stringify([new BigInt64Array(length)])).toThrow(refused);
      expect(() => stringify([new Array(40).fill(1), new BigUint64Array(length)])).toThrow(refused);
    }
  });

  test('that say themselves what to write are asked', () => {
    class Named extends Uint8Array {
      toJSON(): string {
        return 'named';
      }
    }
    expect(stringify([new Named(40)])).toBe("['named']");
  });
});

describe('other exotic objects', () => {
  test('inherited members are neither written nor looked through', () => {
    let asked = 0;
    const heritage = new Proxy(
      Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${String(n)}`, n])),
      {
        ownKeys(target) {
          asked += 1;
          return Reflect.ownKeys(target);
        },
      },
    );
    const heirs = Array.from({ length: 50 }, (_, own) =>
      Object.assign(Object.create(heritage) as object, { own }),
    );
    expect(parse(stringify([heirs]))).toEqual([heirs.map((_, own) => ({ own }))]);
    expect(stringify({ heir: heirs[7] })).toBe('{heir:{own:7}}');
    expect(asked).toBe(0);
  });

  test('an instance of a class is written by its own members, with many of them too', () => {
    class Entity {
      constructor(readonly values: Record<string, unknown>) {
        Object.assign(this, values);
      }
    }
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`k${String(n)}`, n]));
    const entity = new Entity(many);
    expect(parse(stringify([entity]))).toEqual([{ values: many, ...many }]);
    expect(parse(stringify([undefined, entity]))).toEqual([undefined, { values: many, ...many }]);
  });

  test('a hole of an array is undefined, and the first one ends the look', () => {
    const holes = new Array<unknown>(1_000_000);
    let asked = 0;
    const watched = new Proxy(holes, {
      get(target, key, receiver): unknown {
        asked += 1;
        return Reflect.get(target, key, receiver);
      },
    });
    expect(isLarge([watched])).toBe(true);
    expect(asked).toBeLessThan(10);
    expect(stringify([new Array(3)])).toBe('[[undefined,undefined,undefined]]');
    expect(stringify(holes)).toHaveLength(10_000_001);
  });

  test('a proxy is written as what it shows', () => {
    const target: Record<string, unknown> = { a: 1, list: new Array(30).fill(2) };
    expect(stringify(new Proxy(target, {}))).toBe(stringify(target));
    const shown = new Proxy(
      {},
      {
        ownKeys: () => ['b'],
        get: () => 5,
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
      },
    );
    expect(parse(stringify([shown]))).toEqual([{ b: 5 }]);
  });
});
