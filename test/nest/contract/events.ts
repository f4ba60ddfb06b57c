import { afterEach, expect, test } from '@jest/globals';
import { Controller, UseGuards, type CanActivate } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { interval, lastValueFrom, of, take, tap, throwError, type Observable } from 'rxjs';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { turns } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

const MANY = 200;
const handled: unknown[] = [];

// Nest 12 types `@EventPattern('text')` for handlers of exactly one declared parameter; `<string>` keeps the older type.

class Refuse implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Controller()
class FirstController {
  @EventPattern<string>('created')
  created(@Payload() data: unknown, @Ctx() context: { getPattern(): string }): void {
    handled.push({ data, pattern: context.getPattern() });
  }

  @EventPattern({ cmd: 'created', of: 'x' })
  object(@Payload() data: unknown): void {
    handled.push(['object', data]);
  }

  @EventPattern(7)
  number(@Payload() data: unknown): void {
    handled.push(['number', data]);
  }

  @EventPattern<string>('dotted.event.name')
  dotted(@Payload() data: unknown): void {
    handled.push(['dotted', data]);
  }

  @EventPattern(['one', 'two'])
  several(@Payload() data: unknown): void {
    handled.push(['several', data]);
  }

  @EventPattern<string>('shared')
  shared(): void {
    handled.push('first');
    throw new Error('the first fails');
  }

  @EventPattern<string>('source')
  source(@Payload() data: unknown): Observable<unknown> {
    return of(data, 'end').pipe(tap((value) => handled.push(['source', value])));
  }

  @EventPattern<string>('numbered')
  numbered(@Payload() index: number): void {
    handled.push(index);
  }

  @EventPattern<string>('answers')
  answers(@Payload() data: unknown): unknown {
    return { answered: data };
  }

  @MessagePattern('message')
  message(@Payload() data: unknown): string {
    handled.push(['message', data]);
    return 'answered';
  }

  @MessagePattern('observed message')
  observed(@Payload() data: unknown): Observable<unknown> {
    return of(data).pipe(tap((value) => handled.push(['observed', value])));
  }

  @MessagePattern('generated message')
  async *generated(@Payload() data: unknown): AsyncGenerator<unknown> {
    handled.push(['generated', data]);
    yield await Promise.resolve(data);
  }
}

@Controller()
class SecondController {
  @EventPattern<string>('shared')
  async shared(): Promise<never> {
    await Promise.resolve();
    handled.push('second');
    throw new RpcException('the second fails later');
  }

  @EventPattern<string>('shared')
  sharedAgain(): Observable<unknown> {
    handled.push('third');
    return throwError(() => new Error('the third fails in its Observable'));
  }

  @EventPattern<string>('source')
  source(): Observable<unknown> {
    return interval(2).pipe(
      take(2),
      tap((value) => handled.push(['another source', value])),
    );
  }
}

@Controller()
class ThirdController {
  @EventPattern<string>('shared')
  shared(): void {
    handled.push('fourth');
  }

  @UseGuards(Refuse)
  @EventPattern<string>('refused')
  refused(): void {
    handled.push('unreachable');
  }

  @EventPattern<string>('refused')
  allowed(): void {
    handled.push('allowed');
  }
}

export function describeEvents(transport: TransportUnderTest): void {
  const setup = { controllers: [FirstController, SecondController, ThirdController] };
  describeService('events', transport, setup, (started) => {
    const handledCount = (count: number): Promise<void> =>
      waitFor(() => handled.length >= count, `event ${String(count)}`);
    /** What was sent by now has been handled: a later call, which no handler takes, is answered. */
    const allHandled = async (): Promise<void> => {
      await errorOf(started().client.send('no such pattern', 'x'));
      await turns();
    };
    afterEach(() => {
      handled.length = 0;
    });

    test('an event reaches its handler once, with payload and context', async () => {
      await lastValueFrom(started().client.emit('created', { id: 1 }));
      await handledCount(1);
      await allHandled();
      expect(handled).toEqual([{ data: { id: 1 }, pattern: 'created' }]);
    });

    test.each([
      ['an object', { of: 'x', cmd: 'created' }, 'object'],
      ['a number', 7, 'number'],
      ['a string with dots', 'dotted.event.name', 'dotted'],
      ['the first of several', 'one', 'several'],
      ['the second of several', 'two', 'several'],
    ])('%s is an event pattern', async (_kind, pattern, name) => {
      started().client.emit(pattern, [5]);
      await handledCount(1);
      expect(handled).toEqual([[name, [5]]]);
    });

    test('every handler of an event runs, whatever the others throw', async () => {
      started().client.emit('shared', 'x');
      await handledCount(4);
      await allHandled();
      expect([...handled].sort()).toEqual(['first', 'fourth', 'second', 'third']);
    });

    test('a guard that refuses one handler of an event leaves the others alone', async () => {
      started().client.emit('refused', 'x');
      await handledCount(1);
      await allHandled();
      expect(handled).toEqual(['allowed']);
    });

    test('after failing handlers the service and the client go on', async () => {
      started().client.emit('shared', 'x');
      await handledCount(4);
      expect(await valuesOf(started().client.send('message', 'x'))).toEqual(['answered']);
    });

    test('the Observables that event handlers return are run to their ends', async () => {
      started().client.emit('source', 'x');
      await handledCount(4);
      expect(handled).toEqual([
        ['source', 'x'],
        ['source', 'end'],
        ['another source', 0],
        ['another source', 1],
      ]);
    });

    test('an event without a handler is nobody’s trouble', async () => {
      expect(await valuesOf(started().client.emit('unknown', 'x'))).toEqual([undefined]);
      await lastValueFrom(started().client.emit('constructor', 'x'));
      expect(await valuesOf(started().client.send('message', 'x'))).toEqual(['answered']);
    });

    test('emit sends without a subscriber, and only once with several', async () => {
      const emitted = started().client.emit('numbered', 1);
      const observed = [observe(emitted), observe(emitted)];
      await Promise.all(observed.map((one) => one.end()));
      await handledCount(1);
      await allHandled();
      expect(handled).toEqual([1]);
    });

    test('emit completes with one undefined for its subscriber, so that lastValueFrom resolves', async () => {
      expect(await valuesOf(started().client.emit('numbered', 1))).toEqual([undefined]);
      expect(await lastValueFrom(started().client.emit('numbered', 2))).toBeUndefined();
      await handledCount(2);
    });

    test('events arrive in the order in which they were emitted', async () => {
      for (let index = 0; index < MANY; index += 1) started().client.emit('numbered', index);
      await handledCount(MANY);
      expect(handled).toEqual(Array.from({ length: MANY }, (_, index) => index));
    });

    test('a call after an event is handled after it', async () => {
      await lastValueFrom(started().client.emit('numbered', 1));
      await lastValueFrom(started().client.send('message', 2));
      expect(handled).toEqual([1, ['message', 2]]);
    });

    test('an event whose pattern only has a message handler runs it, and nobody answers', async () => {
      expect(await valuesOf(started().client.emit('message', 'as an event'))).toEqual([undefined]);
      await handledCount(1);
      expect(handled).toEqual([['message', 'as an event']]);
    });

    test('an event runs the Observable of a message handler, and not its generator', async () => {
      started().client.emit('generated message', 1);
      started().client.emit('observed message', 2);
      await handledCount(1);
      await allHandled();
      expect(handled).toEqual([['observed', 2]]);
    });

    test('a call whose pattern only has an event handler is answered with its result', async () => {
      expect(await valuesOf(started().client.send('answers', 'x'))).toEqual([{ answered: 'x' }]);
      expect(await valuesOf(started().client.send('numbered', 3))).toEqual([]);
    });
  });
}
