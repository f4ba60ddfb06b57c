import { describe, expect, jest, test } from '@jest/globals';
import { JstpArgs } from '../../../lib/index.js';
import { targetOf } from '../../../lib/nest/target.js';

const normalize = (pattern: unknown): string => `route of ${JSON.stringify(pattern)}`;
const target = (pattern: unknown): unknown => {
  const { interfaceName, name } = targetOf(pattern, normalize);
  return [interfaceName, name];
};

describe('the target of a pattern', () => {
  test.each([
    ['rooms.join', 'rooms', 'join'],
    ['a.b.c', 'a.b', 'c'],
    ['join', 'default', 'join'],
    ['', 'default', ''],
    ['.join', 'default', '.join'],
    ['rooms.', 'default', 'rooms.'],
    ['.', 'default', '.'],
    ['..a', '.', 'a'],
    ['5', 'default', '5'],
  ])('of the string %j is %j, %j', (pattern, interfaceName, name) => {
    expect(target(pattern)).toEqual([interfaceName, name]);
  });

  test('of a number is that of its text', () => {
    expect(target(5)).toEqual(['default', '5']);
    expect(target(1.5)).toEqual(target('1.5'));
  });

  test('of an object that names interface and method, or event, is what it says', () => {
    expect(target({ interface: 'a.b', method: 'c.d' })).toEqual(['a.b', 'c.d']);
    expect(target({ event: 'typing', interface: 'rooms' })).toEqual(['rooms', 'typing']);
    expect(target(Object.assign(Object.create(null) as object, { interface: 'a', method: 'b' }))).toEqual([
      'a',
      'b',
    ]);
  });

  test.each([
    { cmd: 'sum' },
    { interface: 'a' },
    { method: 'a' },
    { interface: 'a', name: 'b' },
    { interface: 'a', method: 5 },
    { interface: 5, method: 'a' },
    { interface: 'a', method: 'b', version: 2 },
    { interface: 'a', method: 'b', event: 'c' },
    { method: 'a', event: 'b' },
    ['interface', 'method'],
    {},
  ])('of any other object, %j, is its route in the default interface', (pattern) => {
    expect(target(pattern)).toEqual(['default', normalize(pattern)]);
  });

  test('does not take inherited fields, or those of a class, for the names', () => {
    const inherited = Object.create({ interface: 'a' }) as object;
    expect(target(Object.assign(inherited, { method: 'b', x: 1 }))).toEqual([
      'default',
      'route of {"method":"b","x":1}',
    ]);
    class Pattern {
      readonly interface = 'a';
      readonly method = 'b';
    }
    expect(target(new Pattern())).toEqual(['default', 'route of {"interface":"a","method":"b"}']);
  });

  test('asks for a route only where it is needed', () => {
    const spy = jest.fn(normalize);
    targetOf('a.b', spy);
    targetOf({ interface: 'a', method: 'b' }, spy);
    expect(spy).not.toHaveBeenCalled();
  });
});

test('JstpArgs holds values in their order', () => {
  expect(JstpArgs.of(1, [2], undefined).values).toEqual([1, [2], undefined]);
  expect(JstpArgs.of().values).toEqual([]);
});
