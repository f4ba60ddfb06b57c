import { describe, expect, test } from '@jest/globals';
import {
  Catch,
  Controller,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Ctx, Payload, RpcException } from '@nestjs/microservices';
import { catchError, concatMap, EMPTY, map, of, retry, Subject, tap, type Observable } from 'rxjs';
import { AsyncResource } from 'node:async_hooks';
import { JstpContext, JstpHandshake, RemoteError, type JstpHandshakeData } from '../../../lib/index.js';
import { waitFor } from '../../support/wait-for.js';
import { startService, type Service, type ServiceSetup } from './fixture.js';

/** What a filter makes of every error. */
let verdict: (error: unknown) => unknown = () => undefined;

@Catch()
class AnsweringFilter implements ExceptionFilter {
  catch(error: unknown): unknown {
    return verdict(error);
  }
}

/** Fails where the credentials say so, before the handler or after it. */
class Failing implements NestInterceptor {
  constructor(private readonly layer: string) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { credentials } = context.switchToRpc().getData<JstpHandshakeData>();
    const fail = (): never => {
      throw new Error('denied');
    };
    if (credentials === `before ${this.layer}`) fail();
    if (credentials === `after ${this.layer}`) return next.handle().pipe(map(fail));
    if (credentials !== `later ${this.layer}`) return next.handle();
    return next.handle().pipe(concatMap(async () => Promise.resolve().then(fail)));
  }
}

class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { credentials } = context.switchToRpc().getData<JstpHandshakeData>();
    if (credentials === 'guard throws') throw new Error('denied');
    // Whoever sets a name before it refuses.
    context.switchToRpc().getContext<JstpContext>().setUsername('early');
    return credentials !== 'guard says no';
  }
}

class Pipe implements PipeTransform {
  transform(value: unknown): unknown {
    if (value === 'pipe throws') throw new Error('denied');
    return value;
  }
}

function answer(credentials: unknown, context: JstpContext): unknown {
  context.setUsername('ann');
  if (credentials === 'handler throws') throw new Error('denied');
  return credentials === 'void' ? undefined : 'ann';
}

/** Filters and interceptors of the method stand on both sides of the handshake's decorator. */
@Controller()
class Door {
  @UseFilters(AnsweringFilter)
  @UseInterceptors(new Failing('above'))
  @JstpHandshake('above')
  @UseGuards(Guard)
  above(@Payload(Pipe) credentials: unknown, @Ctx() context: JstpContext): unknown {
    return answer(credentials, context);
  }

  @JstpHandshake('below')
  @UseFilters(AnsweringFilter)
  @UseInterceptors(new Failing('below'))
  @UseGuards(Guard)
  below(@Payload(Pipe) credentials: unknown, @Ctx() context: JstpContext): unknown {
    return answer(credentials, context);
  }

  @JstpHandshake('plain')
  @UseGuards(Guard)
  plain(@Payload(Pipe) credentials: unknown, @Ctx() context: JstpContext): unknown {
    return answer(credentials, context);
  }
}

@UseFilters(AnsweringFilter)
@UseInterceptors(new Failing('controller'))
class OfTheController extends Door {}
Controller()(OfTheController);

const EVERYWHERE = ['guard says no', 'guard throws', 'pipe throws', 'handler throws'];

/** Which filter answers, and the strategies and layers that it is around. */
const SETUPS: readonly [title: string, setup: ServiceSetup, strategy: string, layers: readonly string[]][] = [
  ['of the method, above the decorator', { controllers: [Door] }, 'above', ['above']],
  ['of the method, below the decorator', { controllers: [Door] }, 'below', ['below']],
  ['of the controller', { controllers: [OfTheController] }, 'plain', ['controller']],
  [
    'of the application',
    {
      controllers: [Door],
      configure: (app) => {
        app.useGlobalFilters(new AnsweringFilter());
        app.useGlobalInterceptors(new Failing('application'));
      },
    },
    'plain',
    ['application'],
  ],
  [
    'of the application, injected',
    { controllers: [Door], providers: [{ provide: APP_FILTER, useClass: AnsweringFilter }] },
    'plain',
    [],
  ],
];

const VERDICTS: readonly [title: string, verdict: (error: unknown) => unknown][] = [
  ['of({ ok: false })', () => of({ ok: false })],
  ["of('denied')", () => of('denied')],
  ["the error's text", (error) => of((error as Error).message)],
  ['of(true)', () => of(true)],
  ['of(undefined)', () => of(undefined)],
  ['an empty Observable', () => EMPTY],
  ['a Promise of a name', async () => Promise.resolve('denied')],
];

describe('what an exception filter makes of an error is no yes to a handshake', () => {
  const table = SETUPS.flatMap((setup) => VERDICTS.map(([title, made]) => [...setup, title, made] as const));

  test.each(table.map((row) => [row[0], row[4], row] as const))(
    'a filter %s: %s',
    async (_where, _what, row) => {
      const [, setup, strategy, layers, , made] = row;
      verdict = made;
      const service = await startService(setup);
      const failures = layers.flatMap((layer) =>
        ['before', 'after', 'later'].map((when) => `${when} ${layer}`),
      );
      for (const credentials of [...EVERYWHERE, ...failures]) {
        expect([credentials, await service.handshake(strategy, credentials)]).toEqual([credentials, 11]);
      }
      expect([...service.server.getClients()]).toEqual([]);
      for (const credentials of ['in', 'void'])
        expect(await service.handshake(strategy, credentials)).toBe(0);
    },
  );

  test('a RemoteError keeps its code behind a filter that answers', async () => {
    verdict = () => of('denied');
    @UseFilters(AnsweringFilter)
    @Controller()
    class Locked {
      @JstpHandshake('token')
      token(): never {
        throw new RpcException(new RemoteError(1001, 'locked'));
      }
    }
    expect(await (await startService({ controllers: [Locked] })).handshake('token', 'x')).toBe(1001);
  });

  /** Asks somebody over a line that others have opened: answers come in the async context of whoever did. */
  class Asking implements NestInterceptor {
    readonly asked = new Map<unknown, Subject<unknown>>();
    private line: AsyncResource | undefined;

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const { credentials } = context.switchToRpc().getData<JstpHandshakeData>();
      this.line ??= new AsyncResource('Line');
      const answer = new Subject<unknown>();
      return next.handle().pipe(
        concatMap((name) => {
          this.asked.set(credentials, answer);
          return answer.pipe(map(() => name));
        }),
      );
    }

    /** Answers about somebody: 'yes', or 'no' by an error. */
    async say(credentials: unknown, outcome: 'yes' | 'no'): Promise<void> {
      await waitFor(() => this.asked.has(credentials), String(credentials));
      const answer = this.asked.get(credentials);
      this.line?.runInAsyncScope(() => {
        if (outcome === 'yes') answer?.next(outcome);
        else answer?.error(new Error('denied'));
      });
    }
  }

  type Place = 'the method' | 'the controller' | 'the application';

  async function serveAsking(place: Place): Promise<[service: Service, asking: Asking]> {
    const asking = new Asking();
    @Controller()
    @UseFilters(AnsweringFilter)
    class Waiting {
      @JstpHandshake('token')
      token(): string {
        return 'ann';
      }
    }
    const decorate = UseInterceptors(asking);
    const descriptor = Object.getOwnPropertyDescriptor(Waiting.prototype, 'token') ?? {};
    if (place === 'the controller') decorate(Waiting);
    if (place === 'the method') decorate(Waiting.prototype, 'token', descriptor);
    const service = await startService({
      controllers: [Waiting],
      configure: (app) => {
        if (place === 'the application') app.useGlobalInterceptors(asking);
      },
    });
    return [service, asking];
  }

  const PLACES: readonly Place[] = ['the method', 'the controller', 'the application'];

  test.each(PLACES)(
    'the error of an interceptor of %s refuses its own handshake, and no other, in whatever async context it comes',
    async (place) => {
      verdict = () => of('denied');
      const [service, asking] = await serveAsking(place);
      const opener = service.handshake('token', 'opener');
      await asking.say('opener', 'yes');
      expect(await opener).toBe(0);

      const [bad, good] = [service.handshake('token', 'bad'), service.handshake('token', 'good')];
      await waitFor(() => asking.asked.has('good'), 'the good one');
      await asking.say('bad', 'no');
      expect(await bad).toBe(11);
      await asking.say('good', 'yes');
      expect(await good).toBe(0);
    },
  );

  test('the handshake that has opened a line is not refused by an error about another one that comes over it', async () => {
    verdict = () => of('denied');
    const [service, asking] = await serveAsking('the controller');
    const opener = service.handshake('token', 'opener');
    await waitFor(() => asking.asked.has('opener'), 'the opener');
    const bad = service.handshake('token', 'bad');
    await asking.say('bad', 'no');
    expect(await bad).toBe(11);
    await asking.say('opener', 'yes');
    expect(await opener).toBe(0);
  });

  test('an error that comes over no line of a handshake refuses those alone that wait for it', async () => {
    verdict = () => of('denied');
    const sources = { bad: new Subject<never>(), good: new Subject<string>() };
    @UseFilters(AnsweringFilter)
    @Controller()
    class Waiting {
      @JstpHandshake('token')
      token(@Payload() who: 'bad' | 'good'): Observable<string> {
        return sources[who];
      }
    }
    const service = await startService({ controllers: [Waiting] });
    const [bad, good] = [service.handshake('token', 'bad'), service.handshake('token', 'good')];
    await waitFor(() => sources.bad.observed && sources.good.observed, 'both handlers');
    sources.bad.error(new Error('denied'));
    expect(await bad).toBe(11);
    sources.good.next('ann');
    expect(await good).toBe(0);
  });
});

describe('an interceptor around a handshake handler', () => {
  class With implements NestInterceptor {
    constructor(private readonly change: (answers: Observable<unknown>) => Observable<unknown>) {}

    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      return this.change(next.handle());
    }
  }

  async function serve(change: (answers: Observable<unknown>) => Observable<unknown>): Promise<Service> {
    let calls = 0;
    @UseInterceptors(new With(change))
    @Controller()
    class Intercepted {
      @JstpHandshake('token')
      token(@Payload() credentials: unknown, @Ctx() context: JstpContext): unknown {
        calls += 1;
        if (credentials === 'set') context.setUsername('ann');
        if (credentials === 'fail' || (credentials === 'once' && calls === 1)) throw new Error('denied');
        return { ann: 'ann', once: 'ann', no: false, nothing: undefined }[String(credentials)];
      }
    }
    return startService({ controllers: [Intercepted] });
  }

  test.each<[string, (answers: Observable<unknown>) => Observable<unknown>, string, number]>([
    ['may change a name', map((name) => `the ${String(name)}`), 'ann', 0],
    ['may refuse', map(() => false), 'ann', 11],
    ['may not wrap the answer into an object', map((data) => ({ data })), 'ann', 11],
    ['may have the handler try again', retry(1), 'once', 0],
    ['makes no yes of the handler’s no', map((name) => `the ${String(name)}`), 'no', 11],
    ['makes no yes of no answer', map((name) => `the ${String(name)}`), 'nothing', 11],
    ['makes no yes of an error', catchError(() => of('guest')), 'fail', 11],
    ['makes no yes without the handler', () => of('guest'), 'ann', 11],
  ])('%s', async (_title, change, credentials, code) => {
    expect(await (await serve(change)).handshake('token', credentials)).toBe(code);
  });

  test('of the controller may have the handler try again inside of one of the application', async () => {
    verdict = () => of('denied');
    let calls = 0;
    @UseFilters(AnsweringFilter)
    @UseInterceptors(new With(retry(1)))
    @Controller()
    class Twice {
      @JstpHandshake('token')
      @UseInterceptors(new With(map((name) => name)))
      token(@Payload() failures: number): string {
        calls += 1;
        if (calls <= failures) throw new Error('denied');
        return 'ann';
      }
    }
    const service = await startService({
      controllers: [Twice],
      configure: (app) => {
        app.useGlobalInterceptors(new With(map((name) => name)));
      },
    });
    expect(await service.handshake('token', 1)).toBe(0);
    calls = 0;
    expect(await service.handshake('token', 2)).toBe(11);
  });

  test('sees the same data behind the handler as before it', async () => {
    const seen: unknown[] = [];
    class Looking implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
        const look = (): void => {
          seen.push(context.switchToRpc().getData());
        };
        look();
        return next.handle().pipe(tap({ next: look, error: look, complete: look }));
      }
    }
    @UseInterceptors(Looking)
    @Controller()
    class Looked {
      @JstpHandshake('token')
      token(@Payload() credentials: unknown): unknown {
        seen.push(credentials);
        if (credentials === 'bad') throw new Error('denied');
        return 'ann';
      }
    }
    const service = await startService({ controllers: [Looked] });
    const dataOf = (credentials: string): JstpHandshakeData => ({ strategy: 'token', credentials });
    expect(await service.handshake('token', 'good')).toBe(0);
    expect(seen.splice(0).slice(0, 3)).toEqual([dataOf('good'), 'good', dataOf('good')]);
    expect(await service.handshake('token', 'bad')).toBe(11);
    expect(seen).toEqual([dataOf('bad'), 'bad', dataOf('bad')]);
  });
});
