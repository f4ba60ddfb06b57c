import { expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { EMPTY, firstValueFrom, from, interval, lastValueFrom, of, type Observable } from 'rxjs';
import { map, take, toArray } from 'rxjs/operators';
import { errorOf, valuesOf } from '../../support/observed.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

const MANY = 500;

@Controller()
class ResultsController {
  private calls = 0;

  @MessagePattern('count')
  count(): number {
    this.calls += 1;
    return this.calls;
  }

  @MessagePattern('sync')
  sync(@Payload() value: number): number {
    return value * 2;
  }

  @MessagePattern('promise')
  async promise(@Payload() value: number): Promise<number> {
    await Promise.resolve();
    return value * 2;
  }

  @MessagePattern('observable')
  observable(@Payload() value: number): Observable<number> {
    return of(value * 2);
  }

  @MessagePattern('promise of observable')
  async promiseOfObservable(@Payload() value: number): Promise<Observable<number>> {
    await Promise.resolve();
    return of(value, value * 2);
  }

  @MessagePattern('several')
  several(): Observable<unknown> {
    return of(1, 'two', [3], { four: 4 }, null, false, '');
  }

  @MessagePattern('array')
  array(): Observable<number[]> {
    return of([1, 2, 3]);
  }

  @MessagePattern('empty')
  empty(): Observable<never> {
    return EMPTY;
  }

  @MessagePattern('later')
  later(): Observable<number> {
    return interval(2).pipe(take(3));
  }

  @MessagePattern('many')
  many(): Observable<number> {
    return from(Array.from({ length: MANY }, (_, index) => index));
  }

  @MessagePattern('undefined among values')
  holes(): Observable<unknown> {
    return of(1, undefined, 3);
  }
}

export function describeResults(transport: TransportUnderTest): void {
  describeService('results', transport, { controllers: [ResultsController] }, (started) => {
    const send = (pattern: string, data: unknown = {}): Observable<unknown> =>
      started().client.send<unknown>(pattern, data);

    test.each([['sync'], ['promise'], ['observable']])('a %s result is one value', async (pattern) => {
      expect(await valuesOf(send(pattern, 21))).toEqual([42]);
      expect(await valuesOf(send(pattern, 0))).toEqual([0]);
    });

    test('a promise of an Observable gives the values of the Observable', async () => {
      expect(await valuesOf(send('promise of observable', 21))).toEqual([21, 42]);
    });

    test('values of every kind arrive in order', async () => {
      expect(await valuesOf(send('several'))).toEqual([1, 'two', [3], { four: 4 }, null, false, '']);
    });

    test('an Observable of an array gives the array, not its elements', async () => {
      expect(await valuesOf(send('array'))).toEqual([[1, 2, 3]]);
    });

    test('an empty Observable completes without a value', async () => {
      expect(await valuesOf(send('empty'))).toEqual([]);
    });

    test('values made later arrive in order', async () => {
      expect(await valuesOf(send('later'))).toEqual([0, 1, 2]);
    });

    test('many values made at once arrive complete and in order', async () => {
      expect(await valuesOf(send('many'))).toEqual(Array.from({ length: MANY }, (_, index) => index));
    });

    if (transport.capabilities.streamsUndefined) {
      test('undefined among other values is a value', async () => {
        expect(await valuesOf(send('undefined among values'))).toEqual([1, undefined, 3]);
      });
    }

    test('firstValueFrom takes the first and lastValueFrom the last of several values', async () => {
      expect(await firstValueFrom(send('later'))).toBe(0);
      expect(await lastValueFrom(send('later'))).toBe(2);
    });

    test('taking some of the values completes the subscriber', async () => {
      expect(await valuesOf(send('many').pipe(take(3), toArray()))).toEqual([[0, 1, 2]]);
      expect(await valuesOf(send('sync', 1))).toEqual([2]);
    });

    test('nothing is sent before somebody subscribes, and each subscription is a call', async () => {
      const call = send('count');
      expect(await valuesOf(call)).toEqual([1]);
      expect(await valuesOf(call)).toEqual([2]);
    });

    test('an operator that throws at the client harms neither the other calls nor the client', async () => {
      const failing = new Promise<unknown>((resolve) => {
        const refuse = map(() => {
          throw new Error('of the subscriber');
        });
        send('sync', 1).pipe(refuse).subscribe({ error: resolve });
      });
      expect(await failing).toEqual(new Error('of the subscriber'));
      expect(await valuesOf(send('sync', 4))).toEqual([8]);
      expect(await errorOf(send('unknown'))).toEqual(expect.any(String));
    });
  });
}
