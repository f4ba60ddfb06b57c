import { afterEach, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { interval, map, take, type Observable } from 'rxjs';
import { observe, valuesOf } from '../../support/observed.js';
import { waitFor } from '../../support/wait-for.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

const CONCURRENT = 1000;
const CLIENTS = 5;
const STREAMS = 50;
const handled: unknown[] = [];
const gates = new Map<string, (value: string) => void>();

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

@Controller()
class LoadController {
  @MessagePattern('double')
  async double(@Payload() value: number): Promise<number> {
    if (value % 3 === 0) await Promise.resolve();
    return value * 2;
  }

  @MessagePattern('recorded')
  recorded(@Payload() value: unknown): void {
    handled.push(value);
  }

  @MessagePattern('gate')
  gate(@Payload() name: string): Promise<string> {
    return new Promise((resolve) => gates.set(name, resolve));
  }

  @MessagePattern('counted')
  counted(@Payload() name: number): Observable<string> {
    return interval(1).pipe(
      take(5),
      map((index) => `${String(name)}:${String(index)}`),
    );
  }
}

export function describeLoad(transport: TransportUnderTest): void {
  describeService('many calls at once', transport, { controllers: [LoadController] }, (started) => {
    const double = (value: number): Promise<readonly number[]> =>
      valuesOf(started().client.send<number>('double', value));
    afterEach(() => {
      handled.length = 0;
      gates.clear();
    });

    test('are each answered with their own answer', async () => {
      const answers = await Promise.all(range(CONCURRENT).map(double));
      expect(answers.flat()).toEqual(range(CONCURRENT).map((value) => value * 2));
    });

    test('are handled in the order in which they were sent', async () => {
      const calls = range(CONCURRENT).map((value) => observe(started().client.send('recorded', value)));
      await Promise.all(calls.map((call) => call.end()));
      expect(handled).toEqual(range(CONCURRENT));
    });

    test('are answered as they are done, not as they came', async () => {
      const slow = observe(started().client.send<string>('gate', 'slow'));
      const quick = observe(started().client.send<string>('gate', 'quick'));
      await waitFor(() => gates.size === 2, 'both calls');
      gates.get('quick')?.('first');
      await quick.end();
      expect(slow.ended).toBe(false);
      gates.get('slow')?.('second');
      await slow.end();
      expect([quick.values, slow.values]).toEqual([['first'], ['second']]);
    });

    test('of several clients do not mix', async () => {
      const clients = await Promise.all(range(CLIENTS).map(() => started().contract.openClient()));
      const calls = clients.flatMap(({ client }, offset) =>
        range(100).map((value) => valuesOf(client.send<number>('double', value * CLIENTS + offset))),
      );
      const expected = range(CLIENTS).flatMap((offset) =>
        range(100).map((value) => [(value * CLIENTS + offset) * 2]),
      );
      expect(await Promise.all(calls)).toEqual(expected);
      await Promise.all(clients.map(({ close }) => close()));
    });

    test('that stream do not mix', async () => {
      const streams = range(STREAMS).map((name) => valuesOf(started().client.send<string>('counted', name)));
      expect(await Promise.all(streams)).toEqual(
        range(STREAMS).map((name) => range(5).map((index) => `${String(name)}:${String(index)}`)),
      );
    });
  });
}
