import { describe, expect, it } from '@jest/globals';
import { Session } from '../../lib/session/session.js';
import { LazyMap } from '../../lib/util/lazy-map.js';

const START: readonly (readonly [string, number])[] = [
  ['a', 1],
  ['b', 2],
];

/** The same steps with a Map and with a lazy one. */
function both<T>(run: (map: Map<string, number>) => T): [T, T] {
  return [run(new Map(START)), run(new LazyMap(START))];
}

describe('LazyMap', () => {
  it('has each method that a Map has, and is one to instanceof', () => {
    const map: unknown = new LazyMap();
    const own = new Set(Reflect.ownKeys(LazyMap.prototype));
    expect(map instanceof Map).toBe(true);
    expect(Object.prototype.toString.call(map)).toBe('[object Map]');
    expect(Reflect.ownKeys(Map.prototype).filter((name) => !own.has(name))).toEqual([Symbol.toStringTag]);
  });

  it('does what a Map does', () => {
    const [expected, found] = both((map) => [
      map.set('c', 3) === map,
      map.get('c'),
      map.get('d'),
      map.has('a'),
      map.delete('a'),
      map.delete('a'),
      map.has('a'),
      map.size,
      [...map],
      [...map.keys()],
      [...map.values()],
      [...map.entries()],
    ]);
    expect(found).toEqual(expected);
  });

  it('is empty at first, and after clear', () => {
    const map = new LazyMap<string, number>();
    expect([map.size, map.get('a'), map.has('a'), map.delete('a'), [...map]]).toEqual([
      0,
      undefined,
      false,
      false,
      [],
    ]);
    map.set('a', 1).clear();
    expect([map.size, [...map]]).toEqual([0, []]);
  });

  it('goes on with what is added while it is iterated', () => {
    const map = new LazyMap<string, number>();
    const keys = map.keys();
    map.set('a', 1);
    expect(keys.next().value).toBe('a');
    const seen: [string, number, boolean, unknown][] = [];
    map.forEach(function (this: unknown, value, key, whole) {
      if (seen.length === 0) map.set('b', 2);
      seen.push([key, value, whole === map, this]);
    }, 'this');
    expect(seen.map(([key, value, isWhole]) => [key, value, isWhole])).toEqual([
      ['a', 1, true],
      ['b', 2, true],
    ]);
    expect(seen.map((entry) => String(entry[3]))).toEqual(['this', 'this']);
  });

  it('is what a session is', () => {
    const session = new Session(null, null, 'id', START);
    expect(session instanceof Map).toBe(true);
    expect(new Map(session)).toEqual(new Map(START));
    expect([...Session.fromString(session.toString())]).toEqual(START);
  });

  it('makes no table for those who only look', () => {
    const map = new LazyMap<string, number>();
    expect([map.size, map.get('a'), map.has('a'), map.delete('a')]).toEqual([0, undefined, false, false]);
    map.clear();
    expect(Object.values(map)).toEqual([undefined]);
  });
});
