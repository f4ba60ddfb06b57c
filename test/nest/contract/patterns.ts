import { expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload, type PatternMetadata } from '@nestjs/microservices';
import { Observable } from 'rxjs';
import { errorOf, valuesOf } from '../../support/observed.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

const NO_HANDLER = 'There is no matching message handler defined in the remote service.';

/** Strings that mean something to a parser, to JavaScript objects or to JSTP, and to Nest nothing at all. */
const AWKWARD_STRINGS = [
  'math.sum',
  'deep.math.sum',
  '.leading',
  'trailing.',
  '.',
  '..',
  'with space',
  'with/slash',
  'with"quote',
  "with'quote",
  'with\\backslash',
  'сумма',
  '合計',
  '🧮',
  'line\nbreak',
  'line\u2028separator',
  'nul\u0000inside',
  '',
  '17',
  '-1',
  'call',
  'event',
  'callback',
  'handshake',
  'ok',
  'method',
  'default',
  'constructor',
  'toString',
  'hasOwnProperty',
  '__proto__',
  'prototype',
  'default.constructor',
  '__proto__.sum',
  'then',
  '{not json',
];

class AwkwardController {}
AWKWARD_STRINGS.forEach((pattern, index) => {
  const name = `handler${String(index)}`;
  Object.defineProperty(AwkwardController.prototype, name, {
    value: (data: unknown) => ({ pattern, data }),
    configurable: true,
    enumerable: false,
    writable: true,
  });
  const descriptor = Object.getOwnPropertyDescriptor(AwkwardController.prototype, name);
  if (descriptor !== undefined) MessagePattern(pattern)(AwkwardController.prototype, name, descriptor);
});
Controller()(AwkwardController);

@Controller()
class PatternsController {
  @MessagePattern('sum')
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((total, value) => total + value, 0);
  }

  @MessagePattern({ cmd: 'sum' })
  objectSum(@Payload() numbers: number[]): string {
    return `object ${String(this.sum(numbers))}`;
  }

  @MessagePattern({ cmd: 'math.sum' })
  dottedObject(): string {
    return 'dotted object';
  }

  @MessagePattern(42)
  number(): string {
    return 'number';
  }

  @MessagePattern({ b: { d: 1, c: [1, 2] }, a: 'x', flag: true, nothing: null })
  nested(): string {
    return 'nested';
  }

  @MessagePattern(['one', 'two', { cmd: 'three' }, 4])
  several(@Payload() data: unknown): unknown {
    return { several: data };
  }
}

export function describePatterns(transport: TransportUnderTest): void {
  const setup = { controllers: [PatternsController, AwkwardController] };
  describeService('patterns', transport, setup, (started) => {
    const send = (pattern: PatternMetadata | number, data: unknown = {}): Observable<unknown> =>
      started().client.send<unknown>(pattern, data);

    test('a string pattern reaches its handler', async () => {
      expect(await valuesOf(send('sum', [1, 2, 3]))).toEqual([6]);
    });

    test('an object pattern reaches its own handler, not that of the string it contains', async () => {
      expect(await valuesOf(send({ cmd: 'sum' }, [1, 2]))).toEqual(['object 3']);
    });

    test('a dot inside an object pattern has no meaning', async () => {
      expect(await valuesOf(send({ cmd: 'math.sum' }))).toEqual(['dotted object']);
    });

    test('a number pattern reaches its handler, by number and by its digits', async () => {
      expect(await valuesOf(send(42))).toEqual(['number']);
      expect(await valuesOf(send('42'))).toEqual(['number']);
    });

    test('an object pattern is found whatever the order of its keys', async () => {
      const reordered = { nothing: null, flag: true, a: 'x', b: { c: [1, 2], d: 1 } };
      expect(await valuesOf(send(reordered as unknown as PatternMetadata))).toEqual(['nested']);
    });

    test('an object pattern with one more key is another pattern', async () => {
      expect(await errorOf(send({ cmd: 'sum', more: 1 }))).toBe(NO_HANDLER);
    });

    test('the text of an object pattern is the same pattern', async () => {
      expect(await valuesOf(send('{"cmd":"sum"}', [1, 2]))).toEqual(['object 3']);
    });

    test.each([['one'], ['two'], [{ cmd: 'three' }], [4]])(
      'a handler with several patterns serves %j',
      async (pattern) => {
        expect(await valuesOf(send(pattern, 'x'))).toEqual([{ several: 'x' }]);
      },
    );

    test.each(AWKWARD_STRINGS.map((pattern) => [pattern]))(
      'the string pattern %j is only a name',
      async (pattern) => {
        expect(await valuesOf(send(pattern, pattern))).toEqual([{ pattern, data: pattern }]);
      },
    );

    test.each([
      ['unknown'],
      ['unknown.sum'],
      ['sum.unknown'],
      ['default.sum'],
      ['valueOf'],
      ['__defineGetter__'],
      ['unknown\u0000'],
      [43],
      [{ cmd: 'unknown' }],
      [{}],
    ])('a pattern without a handler, %j, is answered with the text of Nest', async (pattern) => {
      expect(await errorOf(send(pattern))).toBe(NO_HANDLER);
    });
  });
}
