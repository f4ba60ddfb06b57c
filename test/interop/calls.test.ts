import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import {
  call,
  connect,
  failureOf,
  inspect,
  MIXED_PAIRS,
  ours,
  plainError,
  reference,
  startServer,
  type Fn,
  type JstpModule,
  type PeerConnection,
} from '../support/jstp.js';
import { within } from '../support/wait-for.js';

const closing = new Closing();
let connection: PeerConnection;
afterEach(() => closing.run());

/** Methods that answer in every way that methods answer. */
function application(jstp: JstpModule): unknown {
  const { RemoteError } = jstp;
  const failing = (error: unknown) => (_connection: unknown, callback: Back) => callback(error);
  return new jstp.Application('app', {
    values: {
      echo: (_connection: unknown, value: unknown, callback: Back) => callback(null, value),
      two: (_connection: unknown, a: unknown, b: unknown, callback: Back) => callback(null, b, a),
      none: (_connection: unknown, callback: Back) => callback(null),
      bare: (_connection: unknown, callback: Back) => callback(),
      three: (_connection: unknown, callback: Back) => callback(null, 1, 'two', [3]),
      later: (_connection: unknown, ms: number, callback: Back) => setTimeout(() => callback(null, ms), ms),
      sum: async (_connection: unknown, a: number, b: number) => a + b,
      asyncNone: async (_connection: unknown) => undefined,
      username: (caller: PeerConnection, callback: Back) => callback(null, caller.username),
    },
    errors: {
      error: failing(new Error('it broke')),
      typeError: failing(new TypeError('wrong')),
      text: failing('it broke'),
      number: failing(42),
      standardNumber: failing(14),
      array: failing([7, 'seven', { detail: true }]),
      arrayOfOne: failing([7]),
      standard: failing(new RemoteError(12, 'never sent')),
      own: failing(new RemoteError(1001, 'own text')),
      ownWithInfo: failing(new RemoteError(1001, 'own text', ['a', { b: 1 }])),
      ownWithoutText: failing(new RemoteError(1001)),
      withToJstp: failing(Object.assign(new Error('x'), { toJSTP: () => [5, 'five', 'more'] })),
      throws: (_connection: unknown, _callback: Back) => {
        throw new RemoteError(1003, 'rejected');
      },
      asyncRemote: async (_connection: unknown) => {
        throw new RemoteError(1002, 'rejected', [1]);
      },
      asyncText: async (_connection: unknown) => {
        throw 'thrown text';
      },
      asyncNumber: async (_connection: unknown) => {
        throw 77;
      },
    },
  });
}

const REMOTE = 'RemoteError';

describe.each(MIXED_PAIRS)('calls, $title', ({ server, client }) => {
  beforeEach(async () => {
    const { port } = await startServer(server, [application(server)], closing);
    connection = await connect(client, closing, 'app', port);
  });

  const VALUES: readonly unknown[] = [
    'text',
    '',
    'quotes \' " ` and \\ and \0 and \n\r\t\b\f\v',
    'grüße 漢字 😀 \u2028 \u2029 \ufeff',
    0,
    -1.5,
    1e300,
    5e-324,
    Number.MAX_SAFE_INTEGER,
    true,
    false,
    null,
    [],
    {},
    [[], [[]], {}],
    { a: { b: { c: [1, { d: null }] } } },
    { 'a-b': 1, '1': 2, 'with space': 3, "it's": 4, '': 5 },
    [1, 'a', null, true, [2, 'b'], { c: 3 }],
    'x'.repeat(200_000),
    Array.from({ length: 2000 }, (_, index) => ({ index, text: `item ${String(index)}` })),
  ];

  test.each(VALUES.map((value) => [JSON.stringify(value).slice(0, 60), value]))(
    'echo %s',
    async (_title, value) => {
      expect(await call(connection, 'values', 'echo', value)).toEqual([value]);
    },
  );

  test('undefined arrives as undefined, in arguments, arrays and objects', async () => {
    expect(await call(connection, 'values', 'two', undefined, null)).toEqual([null, undefined]);
    expect(await call(connection, 'values', 'echo', [undefined, 1])).toEqual([[undefined, 1]]);
    expect(await call(connection, 'values', 'echo', { a: undefined })).toEqual([{}]);
  });

  test('a date arrives as its ISO text', async () => {
    const date = new Date(1_500_000_000_123);
    expect(await call(connection, 'values', 'echo', date)).toEqual([date.toISOString()]);
  });

  test('several results, one, none', async () => {
    expect(await call(connection, 'values', 'three')).toEqual([1, 'two', [3]]);
    expect(await call(connection, 'values', 'two', 1, 2)).toEqual([2, 1]);
    expect(await call(connection, 'values', 'none')).toEqual([]);
    expect(await call(connection, 'values', 'bare')).toEqual([]);
  });

  test('async methods', async () => {
    expect(await call(connection, 'values', 'sum', 2, 3)).toEqual([5]);
    // The reference answers [undefined], this package nothing: the callback sees no difference.
    expect((await call(connection, 'values', 'asyncNone'))[0]).toBeUndefined();
  });

  test('answers come in the order of completion', async () => {
    const order: unknown[] = [];
    const calls = [40, 20, 1].map((ms) =>
      call(connection, 'values', 'later', ms).then((results) => order.push(...results)),
    );
    await within(Promise.all(calls), 'all answers');
    expect(order).toEqual([1, 20, 40]);
  });

  const ERRORS: readonly [method: string, error: unknown][] = [
    ['error', { name: REMOTE, code: 1, message: 'Error: it broke', info: null }],
    ['typeError', { name: REMOTE, code: 1, message: 'TypeError: wrong', info: null }],
    ['text', { name: REMOTE, code: 1, message: 'it broke', info: null }],
    ['number', { name: REMOTE, code: 42, message: '42', info: null }],
    ['standardNumber', { name: REMOTE, code: 14, message: 'Method not found', info: null }],
    ['array', { name: REMOTE, code: 7, message: 'seven', info: [{ detail: true }] }],
    ['arrayOfOne', { name: REMOTE, code: 7, message: '7', info: null }],
    ['standard', { name: REMOTE, code: 12, message: 'Interface not found', info: null }],
    ['own', { name: REMOTE, code: 1001, message: 'own text', info: null }],
    ['ownWithInfo', { name: REMOTE, code: 1001, message: 'own text', info: ['a', { b: 1 }] }],
    ['ownWithoutText', { name: REMOTE, code: 1001, message: '1001', info: null }],
    ['withToJstp', { name: REMOTE, code: 5, message: 'five', info: ['more'] }],
    ['asyncRemote', { name: REMOTE, code: 1002, message: 'rejected', info: [1] }],
    ['asyncText', { name: REMOTE, code: 1, message: 'thrown text', info: null }],
    ['asyncNumber', { name: REMOTE, code: 77, message: '77', info: null }],
  ];

  test.each(ERRORS)('the error of errors.%s', async (method, error) => {
    expect(plainError(await failureOf(call(connection, 'errors', method)))).toEqual(error);
  });

  const FAULTS: readonly [title: string, iface: string, method: string, args: unknown[], code: number][] = [
    ['an unknown interface', 'nothing', 'echo', [1], 12],
    ['an unknown method', 'values', 'nothing', [], 14],
    ['too few arguments', 'values', 'two', [1], 17],
    ['too many arguments', 'values', 'two', [1, 2, 3], 17],
    ['too many arguments of an async method', 'values', 'sum', [1, 2, 3], 17],
  ];

  test.each(FAULTS)('%s', async (_title, iface, method, args, code) => {
    const error = await failureOf(call(connection, iface, method, ...args));
    expect(plainError(error)).toEqual({
      name: REMOTE,
      code,
      message: client.RemoteError.defaultMessages[code],
      info: null,
    });
  });

  test('a proxy calls with a callback, and with a resend flag behind it', async () => {
    const proxy = await inspect(connection, 'values');
    const two = proxy['two'] as (...args: unknown[]) => void;
    const answer = (...tail: boolean[]): Promise<unknown[]> =>
      within(
        new Promise((resolve) => two(1, 'b', (...results: unknown[]) => resolve(results), ...tail)),
        'an answer',
      );
    expect(await answer()).toEqual([null, 'b', 1]);
    expect(await answer(true)).toEqual([null, 'b', 1]);
    expect(await answer(false)).toEqual([null, 'b', 1]);
  });

  test('a thousand calls at once are each answered with their own', async () => {
    const calls = Array.from({ length: 1000 }, (_, index) => call(connection, 'values', 'echo', index));
    expect((await Promise.all(calls)).flat()).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  });
});

describe('where this package does better than the reference', () => {
  test('a method that throws is answered with 16, and the server goes on', async () => {
    const { server, port } = await startServer(ours, [application(ours)], closing);
    const told: unknown[] = [];
    server.on('connectionError', (error: unknown) => told.push(error));
    connection = await connect(reference, closing, 'app', port);
    expect(plainError(await failureOf(call(connection, 'errors', 'throws')))).toMatchObject({ code: 16 });
    expect(told.map(String)).toEqual(['RemoteError: rejected']);
    expect(await call(connection, 'values', 'echo', 1)).toEqual([1]);
  });

  test('an undefined at the end of the arguments is sent; the reference drops it', async () => {
    const { port } = await startServer(ours, [application(ours)], closing);
    connection = await connect(ours, closing, 'app', port);
    expect(await call(connection, 'values', 'echo', undefined)).toEqual([undefined]);
    const old = await connect(reference, closing, 'app', port);
    expect(plainError(await failureOf(call(old, 'values', 'echo', undefined)))).toMatchObject({ code: 17 });
  });

  test('calls without a callback return Promises', async () => {
    const { port } = await startServer(reference, [application(reference)], closing);
    connection = await connect(ours, closing, 'app', port);
    const answer = (method: string, ...args: unknown[]): Promise<unknown> =>
      within(connection.callMethod('values', method, args) as Promise<unknown>, 'an answer');
    expect(await answer('echo', 5)).toBe(5);
    expect(await answer('three')).toEqual([1, 'two', [3]]);
    expect(await answer('none')).toBeUndefined();
    const proxy = await inspect(connection, 'values');
    expect(await (proxy['sum'] as (...args: number[]) => Promise<number>)(2, 3)).toBe(5);
    expect(plainError(await failureOf((proxy['two'] as Fn)() as Promise<unknown>))).toMatchObject({
      code: 17,
    });
  });
});
