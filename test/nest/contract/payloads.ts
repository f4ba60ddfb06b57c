import { describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { errorOf, valuesOf } from '../../support/observed.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

const MEBIBYTE = 1024 * 1024;

@Controller()
class PayloadsController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }

  @MessagePattern('boxed')
  boxed(@Payload() data: unknown): unknown {
    return { type: typeof data, isArray: Array.isArray(data), data };
  }

  @MessagePattern('bare')
  bare(data: unknown): unknown {
    return { type: typeof data, data };
  }

  @MessagePattern('nothing')
  nothing(): undefined {
    return undefined;
  }

  @MessagePattern('later nothing')
  async laterNothing(): Promise<void> {
    await Promise.resolve();
  }

  @MessagePattern('null result')
  null(): null {
    return null;
  }

  @MessagePattern('date')
  date(): unknown {
    return { at: new Date(0), list: [new Date(1000)] };
  }

  @MessagePattern('what JSON leaves out')
  lossy(): unknown {
    return {
      missing: undefined,
      method: () => 1,
      nan: NaN,
      infinite: -Infinity,
      kept: 0,
    };
  }

  @MessagePattern('undefined in an array')
  holes(@Payload() data: unknown): unknown {
    return { received: data, list: [undefined, 1] };
  }

  @MessagePattern('own text')
  ownText(): unknown {
    return { toJSON: () => ({ own: 'text' }), hidden: 'secret' };
  }

  @MessagePattern('large')
  large(@Payload() size: number): string {
    return 'é'.repeat(size);
  }
}

const PAYLOADS: readonly (readonly [string, unknown])[] = [
  ['a string', 'text'],
  ['an empty string', ''],
  ['a number', 12.5],
  ['zero', 0],
  ['a negative number', -7],
  ['a large number', 9007199254740991],
  ['a small number', 5e-324],
  ['true', true],
  ['false', false],
  ['an empty object', {}],
  ['an empty array', []],
  ['an array of one', [5]],
  ['an array of one array', [[5]]],
  ['an array of one undefined-like', [null]],
  ['an array of several', [1, 'two', { three: 3 }, [4], null, false]],
  ['nested objects', { a: { b: { c: [{ d: null }] } }, e: '' }],
  ['null inside an object', { value: null }],
  ['keys that are integers', { 2: 'b', 1: 'a' }],
  ['keys that JSTP knows', { call: [1, 'x'], ok: [], error: [1], handshake: [0] }],
  ['keys that need quotes', { 'a-b': 1, 'c d': 2, '': 3, é: 4, '"': 5 }],
  ['keys of the prototype', { constructor: 1, toString: 'x', hasOwnProperty: null }],
  ['a packet of Nest', { pattern: 'x', data: 1, id: '7', err: 'no', response: 2, isDisposed: true }],
  ['unicode', 'ünï 合計 🧮 é'],
  ['a NUL', 'a\u0000b'],
  ['line separators', 'a\u2028b\u2029c'],
  ['control characters', '\u0001\b\f\n\r\t\u001f\u007f'],
  ['quotes and backslashes', '\'"`\\/\\u0041'],
  ['a byte order mark', '\ufeffx'],
];

/** Nest does not export the class of this error. */
function expectInvalidMessage(error: unknown): void {
  expect(error).toEqual(new Error('The invalid data or message pattern (undefined/null)'));
  expect(Object(error)).toHaveProperty('constructor.name', 'InvalidMessageException');
}

export function describePayloads(transport: TransportUnderTest): void {
  describeService('payloads', transport, { controllers: [PayloadsController] }, (started) => {
    const send = (pattern: string, data: unknown = {}): Promise<readonly unknown[]> =>
      valuesOf(started().client.send<unknown>(pattern, data));

    test.each(PAYLOADS)('%s arrives at the handler and comes back as it is', async (_kind, payload) => {
      const isArray = Array.isArray(payload);
      expect(await send('boxed', payload)).toEqual([{ type: typeof payload, isArray, data: payload }]);
      expect(await send('echo', payload)).toEqual([payload]);
    });

    test('a handler without a decorated parameter gets the payload as its first argument', async () => {
      expect(await send('bare', [5])).toEqual([{ type: 'object', data: [5] }]);
      expect(await send('bare', 0)).toEqual([{ type: 'number', data: 0 }]);
    });

    test('a key __proto__ of a payload stays data and changes no prototype', async () => {
      const payload: unknown = JSON.parse('{"__proto__":{"isAdmin":true},"a":1}');
      const [result] = await send('echo', payload);
      expect(JSON.stringify(result)).toBe('{"__proto__":{"isAdmin":true},"a":1}');
      expect(Reflect.has(Object(result) as object, 'isAdmin')).toBe(false);
    });

    test('a handler without a result completes without a value', async () => {
      expect(await send('nothing')).toEqual([]);
      expect(await send('later nothing')).toEqual([]);
    });

    test('null is a result', async () => {
      expect(await send('null result')).toEqual([null]);
    });

    test('dates arrive as JSON writes them', async () => {
      const [result] = await send('date');
      expect(result).toEqual({ at: '1970-01-01T00:00:00.000Z', list: ['1970-01-01T00:00:01.000Z'] });
      expect(await send('boxed', new Date(0))).toEqual([
        { type: 'string', isArray: false, data: '1970-01-01T00:00:00.000Z' },
      ]);
    });

    test('what JSON leaves out or replaces is left out or replaced', async () => {
      const [result] = await send('what JSON leaves out');
      expect(result).toStrictEqual({ nan: null, infinite: null, kept: 0 });
    });

    test('undefined in an array keeps its place, as itself or as null', async () => {
      const [result] = await send('undefined in an array', [undefined, 1]);
      const hole = transport.capabilities.keepsUndefined ? undefined : null;
      expect(result).toStrictEqual({ received: [hole, 1], list: [undefined, 1].map((item) => item ?? hole) });
    });

    test('toJSON decides what is sent', async () => {
      expect(await send('own text')).toStrictEqual([{ own: 'text' }]);
    });

    test('a payload of 1 MiB arrives', async () => {
      const payload = { text: 'a'.repeat(MEBIBYTE), end: 'é' };
      const [result] = await send('echo', payload);
      // Compared by hand: a failing toEqual would print it.
      expect(JSON.stringify(result) === JSON.stringify(payload)).toBe(true);
    });

    test('a result of 1 MiB and more bytes than characters arrives', async () => {
      const [result] = await send('large', MEBIBYTE);
      expect(result === 'é'.repeat(MEBIBYTE)).toBe(true);
    });

    describe.each([['send'], ['emit']] as const)('%s', (method) => {
      test.each([[null], [undefined]])('refuses %p as a pattern', async (pattern) => {
        const error = await errorOf(started().client[method](pattern, 'data'));
        expectInvalidMessage(error);
      });

      test.each([[null], [undefined]])('refuses %p as data', async (data) => {
        const error = await errorOf(started().client[method]('echo', data));
        expectInvalidMessage(error);
      });
    });
  });
}
