import { describe, expect, test } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { parse, RemoteError, stringify } from '../../../lib/core.js';
import { fromWireError, toWireError } from '../../../lib/nest/nest-error.js';

const cyclic: Record<string, unknown> = { message: 'cyclic' };
cyclic.self = cyclic;
const throwing = {
  get message(): string {
    throw new Error('secret');
  },
};

/** What a Nest caller gets for a handler's error. */
function delivered(value: unknown, code?: number): unknown {
  const wire = parse(stringify(toWireError(value, true, code))) as unknown[];
  return fromWireError(RemoteError.fromJstpArray(wire), true);
}

describe('a handler error on the wire', () => {
  test.each<[value: unknown, code: number, message: string]>([
    [{ status: 'error', message: 'no' }, 1, 'no'],
    [{ code: 7, message: 'seven' }, 7, 'seven'],
    [{ code: -7, message: 'seven' }, -7, 'seven'],
    [{ code: 0, message: 'zero' }, 1, 'zero'],
    [{ code: 1.5 }, 1, 'Error'],
    [{ code: '7', message: 5 }, 1, 'Error'],
    [{ status: 'error', message: 'Internal server error' }, 16, 'Internal server error'],
    [{ code: 3, message: 'Internal server error' }, 3, 'Internal server error'],
    ['text', 1, 'text'],
    ['', 1, 'Error'],
    [[1, 'two'], 1, 'Error'],
    [5, 1, 'Error'],
    [null, 1, 'Error'],
  ])('of %j has the code %j and the message %j', (value, code, message) => {
    expect(toWireError(value, false)).toEqual([code, message]);
    expect(toWireError(value, true)).toEqual([code, message, value]);
    expect(delivered(value)).toEqual(value);
  });

  test('takes the code handed in where the value has none', () => {
    expect(toWireError('no handler', true, 14)).toEqual([14, 'no handler', 'no handler']);
    expect(toWireError({ code: 5, message: 'x' }, false, 14)).toEqual([5, 'x']);
    expect(delivered('no handler', 14)).toBe('no handler');
  });

  test('never has the code -1, which means a lost answer', () => {
    expect(toWireError({ code: -1 }, true)).toEqual([1, 'Error', { code: -1 }]);
    expect(delivered({ code: -1 })).toEqual({ code: -1 });
  });

  test('of a RemoteError is its own array, with and without Nest at the other side', () => {
    const error = new RemoteError(1001, 'limit', ['room', 5]);
    expect(toWireError(error, true)).toEqual([1001, 'limit', 'room', 5]);
    expect(toWireError(error, false)).toEqual([1001, 'limit', 'room', 5]);
    expect(toWireError(new RemoteError(12), true)).toEqual([12]);
  });

  test('of a RemoteError with one info arrives as that RemoteError', () => {
    expect(delivered(new RemoteError(1001, 'limit', ['room']))).toMatchObject({
      name: 'RemoteError',
      code: 1001,
      message: 'limit',
      info: ['room'],
    });
  });

  test.each([
    [[{ message: 'limit' }]],
    [[{ message: 'limit' }, null]],
    [[{ message: 'limit' }, null, null]],
    [[{ message: 'limit' }, undefined]],
    [[{ message: 'limit' }, 5]],
    [['limit']],
    [['limit', null]],
    [[null]],
    [[null, null]],
    [[]],
  ])('of a RemoteError with the info %j is never taken for a value of Nest', (info) => {
    const error = new RemoteError(1001, 'limit', info);
    const arrived = delivered(error) as RemoteError;
    expect(arrived).toBeInstanceOf(RemoteError);
    expect(arrived).toMatchObject({ code: 1001, message: 'limit', info: info.length > 0 ? info : null });
    expect(toWireError(error, false)).toEqual([1001, 'limit', ...info]);
  });

  test('of a RemoteError whose info shows the message by toJSON only is not taken for one either', () => {
    const info = [{ toJSON: () => ({ message: 'limit' }) }];
    expect(delivered(new RemoteError(1001, 'limit', info))).toMatchObject({
      code: 1001,
      info: [{ message: 'limit' }],
    });
  });

  test('tells nothing of the text of an Error, but its own fields, as JSON does', () => {
    const error = Object.assign(new Error('secret'), { code: 9, status: 409 });
    expect(toWireError(error, false)).toEqual([9, 'Error']);
    expect(stringify(toWireError(error, true))).not.toContain('secret');
    expect(delivered(error)).toEqual({ code: 9, status: 409 });
    expect(delivered(new Error('secret'))).toEqual({});
    const http = new BadRequestException(['first'], 'described');
    expect(delivered(http)).toEqual(JSON.parse(JSON.stringify(http)));
  });

  test('shows what toJSON shows', () => {
    const value = { secret: 1, message: 'hidden', toJSON: () => ({ code: 4, message: 'shown' }) };
    expect(toWireError(value, false)).toEqual([4, 'shown']);
    expect(delivered(value)).toEqual({ code: 4, message: 'shown' });
  });

  test.each([
    ['a cycle', cyclic, [1, 'cyclic']],
    ['a bigint', { code: 5, message: 'big', count: 5n }, [5, 'big']],
    ['a getter that throws', throwing, [1, 'Error']],
    [
      'a toJSON that throws',
      {
        toJSON: () => {
          throw new Error('secret');
        },
      },
      [1, 'Error'],
    ],
  ])('leaves out a value that cannot be sent: %s', (_title, value, wire) => {
    expect(toWireError(value, true)).toEqual(wire);
  });

  test('of a RemoteError whose info cannot be sent is an internal error', () => {
    expect(toWireError(new RemoteError(1001, 'limit', [cyclic]), true)).toEqual([16]);
  });

  test('of undefined is null, which ends a call without a value as with any Nest transport', () => {
    expect(toWireError(undefined, true)).toEqual([1, 'Error', null]);
    expect(delivered(undefined)).toBeNull();
  });
});

describe("a caller's error", () => {
  const withInfo = RemoteError.fromJstpArray([1, 'no', { message: 'no' }]);

  test('is the Nest value only where Nest was agreed', () => {
    expect(fromWireError(withInfo, true)).toEqual({ message: 'no' });
    expect(fromWireError(withInfo, false)).toBe(withInfo);
  });

  test('is a RemoteError where the peer sent no value', () => {
    const error = RemoteError.fromJstpArray([12]);
    expect(fromWireError(error, true)).toBe(error);
  });

  test('is what it is where it was made here', () => {
    expect(fromWireError(-1, true)).toBe(-1);
  });
});
