import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, expect, test } from '@jest/globals';
import {
  Controller,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { concat, EMPTY, interval, of, take, tap, throwError, type Observable } from 'rxjs';
import { observe, valuesOf } from '../../support/observed.js';
import { turns } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { describeService } from './suite.js';
import type { ServerUnderTest, TransportUnderTest } from './transport-under-test.js';

/** A span as tracing libraries keep it: opened by the start hook, current while its message is handled. */
interface Span {
  readonly name: string;
}

const current = new AsyncLocalStorage<Span>();
const log: string[] = [];
const contexts: unknown[] = [];
const transportIds: unknown[] = [];

const note = (what: string): void => {
  log.push(`${what} in ${current.getStore()?.name ?? 'nothing'}`);
};

interface PatternContext {
  getPattern(): string;
}

class NotingGuard implements CanActivate {
  canActivate(): boolean {
    note('guard');
    return true;
  }
}

class NotingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    note('interceptor');
    return next.handle();
  }
}

@Controller()
class HookedController {
  @UseGuards(NotingGuard)
  @UseInterceptors(NotingInterceptor)
  @MessagePattern('value')
  value(@Payload() data: unknown, @Ctx() context: unknown): unknown {
    contexts.push(context);
    note('handler');
    return data;
  }

  @MessagePattern('promise')
  async promise(): Promise<string> {
    await turns();
    note('handler');
    return 'x';
  }

  @MessagePattern('nothing')
  nothing(): void {
    note('handler');
  }

  @MessagePattern('error')
  error(): never {
    note('handler');
    throw new Error('internal');
  }

  @MessagePattern('values')
  values(): Observable<number> {
    note('handler');
    return interval(1).pipe(take(4));
  }

  @MessagePattern('empty')
  empty(): Observable<never> {
    note('handler');
    return EMPTY;
  }

  @MessagePattern('values then error')
  valuesThenError(): Observable<number> {
    note('handler');
    return concat(
      of(1, 2),
      throwError(() => new Error('internal')),
    );
  }

  @EventPattern<string>('event')
  event(): void {
    note('handler');
  }

  @EventPattern<string>('failing event')
  failingEvent(): never {
    note('handler');
    throw new Error('internal');
  }

  @EventPattern<string>('event of values')
  eventOfValues(): Observable<number> {
    return interval(1).pipe(
      take(2),
      tap(() => {
        note('value');
      }),
    );
  }
}

function trace(server: ServerUnderTest): void {
  server.setOnProcessingStartHook((transportId, context, done) => {
    contexts.push(context);
    transportIds.push(transportId);
    const span = { name: (context as PatternContext).getPattern() };
    return current.run(span, () => {
      note('start');
      return done();
    });
  });
  server.setOnProcessingEndHook((transportId, context) => {
    contexts.push(context);
    transportIds.push(transportId);
    note('end');
  });
}

export function describeHooks(transport: TransportUnderTest): void {
  const setup = {
    controllers: [HookedController],
    configure: (_app: unknown, server: ServerUnderTest): void => {
      trace(server);
    },
  };
  describeService('processing hooks', transport, setup, (started) => {
    const ended = (): number => log.filter((entry) => entry.startsWith('end')).length;
    const call = async (pattern: string): Promise<void> => {
      await observe(started().client.send(pattern, 'x')).end();
      await waitFor(() => ended() > 0, 'the end hook');
      // A second run of the hook would follow the first in this process.
      await turns();
    };
    afterEach(() => {
      log.length = 0;
      contexts.length = 0;
      transportIds.length = 0;
    });

    test('stand around guards, interceptors and handler, in one asynchronous context', async () => {
      await call('value');
      expect(log).toEqual([
        'start in value',
        'guard in value',
        'interceptor in value',
        'handler in value',
        'end in value',
      ]);
    });

    test('are given the transport id and the context that the handler gets', async () => {
      await call('value');
      expect(contexts).toHaveLength(3);
      expect(new Set(contexts).size).toBe(1);
      expect(transportIds).toEqual([started().server.transportId, started().server.transportId]);
      expect(transportIds[0]).toBeDefined();
    });

    test('keep the context of a handler that waits', async () => {
      await call('promise');
      expect(log).toEqual(['start in promise', 'handler in promise', 'end in promise']);
    });

    test.each([['nothing'], ['error'], ['empty']])('run once each for a call with "%s"', async (pattern) => {
      await call(pattern);
      expect(log).toEqual([`start in ${pattern}`, `handler in ${pattern}`, `end in ${pattern}`]);
    });

    if (transport.capabilities.endHookRunsOnce) {
      test.each([['values'], ['values then error']])(
        'run once each for a call with "%s"',
        async (pattern) => {
          await call(pattern);
          expect(log).toEqual([`start in ${pattern}`, `handler in ${pattern}`, `end in ${pattern}`]);
        },
      );

      test('run once each for an event, also for one that fails', async () => {
        for (const pattern of ['event', 'failing event']) {
          started().client.emit(pattern, 'x');
          await waitFor(() => ended() > 0, 'the end hook');
          await turns();
          expect(log).toEqual([`start in ${pattern}`, `handler in ${pattern}`, `end in ${pattern}`]);
          log.length = 0;
        }
      });
    }

    test('end an event when its Observable ends', async () => {
      started().client.emit('event of values', 'x');
      await waitFor(() => ended() > 0, 'the end hook');
      const name = 'event of values';
      expect(log).toEqual([`start in ${name}`, `value in ${name}`, `value in ${name}`, `end in ${name}`]);
    });

    test('do not mix the contexts of messages handled at once', async () => {
      const calls = ['promise', 'value', 'promise', 'nothing'];
      const observed = calls.map((pattern) => observe(started().client.send(pattern, 'x')));
      for (const one of observed) await one.end();
      await waitFor(() => ended() === calls.length, 'every end hook');
      const handlers = log.filter((entry) => entry.startsWith('handler')).sort();
      expect(handlers).toEqual(calls.map((pattern) => `handler in ${pattern}`).sort());
    });

    test('are not run for a pattern without a handler', async () => {
      await observe(started().client.send('unknown', 'x')).end();
      await turns();
      expect(log).toEqual([]);
    });
  });

  const waiting = {
    controllers: [HookedController],
    configure: (_app: unknown, server: ServerUnderTest): void => {
      server.setOnProcessingStartHook(async (_transportId, _context, done) => {
        await turns();
        await done();
      });
    },
  };
  describeService('a start hook that waits', transport, waiting, (started) => {
    test('delays the handler and changes nothing else', async () => {
      expect(await valuesOf(started().client.send('value', 'x'))).toEqual(['x']);
    });
  });
}
