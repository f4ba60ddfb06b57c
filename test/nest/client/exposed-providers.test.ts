import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import {
  Catch,
  Controller,
  Inject,
  Injectable,
  ParseIntPipe,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type OnModuleInit,
  type PipeTransform,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { APP_GUARD, APP_PIPE, REQUEST } from '@nestjs/core';
import { MessagePattern, Payload, RpcException, Ctx, type RequestContext } from '@nestjs/microservices';
import { concat, map, of, throwError, type Observable } from 'rxjs';
import {
  Arg,
  JstpClient,
  JstpArgs,
  JstpClientModule,
  JstpContext,
  JstpExpose,
  JstpSource,
  RemoteError,
} from '../../../lib/index.js';
import { moduleOf } from '../../support/nest-app.js';
import { dialled } from '../../support/quiet.js';
import { waitFor, within } from '../../support/wait-for.js';
import { callError, startService } from '../server/fixture.js';
import { at, connectionOf, Pair, startClient } from './provider-pair.js';

@Injectable()
class Display {
  readonly columns = 80;
}

class Widget {
  helper(): string {
    return 'a helper';
  }

  @JstpExpose()
  inherited(): string {
    return `inherited of ${this.constructor.name}`;
  }

  @JstpExpose()
  overridden(): string {
    return 'of the base class';
  }
}

@JstpExpose('screen')
@Injectable()
class Screen extends Widget implements OnModuleInit {
  constructor(private readonly display: Display) {
    super();
  }

  onModuleInit(): void {
    this.secret();
  }

  @JstpExpose()
  size(): number[] {
    return [this.display.columns, 25];
  }

  @JstpExpose('fits')
  doesFit(@Arg(0, ParseIntPipe) width: number, @Arg(1, { optional: true }) height?: number): unknown {
    return { width, height, fits: width <= this.display.columns };
  }

  @JstpExpose()
  echo(@Payload() data: unknown): unknown {
    return data;
  }

  @JstpExpose()
  plain(data: unknown, context: JstpContext): unknown {
    return [data, context.getPattern()];
  }

  @JstpExpose()
  pair(): JstpArgs {
    return JstpArgs.of('first', 'second');
  }

  @JstpExpose()
  context(@Ctx() context: JstpContext): unknown {
    context.setReplyMetadata({ seen: true });
    return {
      metadata: context.getMetadata(),
      interface: context.getInterface(),
      method: context.getMethod(),
      isConnected: context.getConnection().handshakeDone,
      aborted: context.getSignal().aborted,
    };
  }

  @JstpExpose()
  async back(@Payload() value: unknown, @Ctx() context: JstpContext): Promise<unknown> {
    return await context.getClient().call('default', 'double', value);
  }

  override overridden(): string {
    return 'of the subclass';
  }

  get accessor(): () => string {
    return () => this.secret();
  }

  private secret(): string {
    return 'a secret';
  }
}

@JstpExpose('made')
class Made {
  constructor(private readonly display: Display) {}

  @JstpExpose()
  columns(): number {
    return this.display.columns;
  }
}

const SCREEN = {
  providers: [
    { provide: 'made', useFactory: (display: Display) => new Made(display), inject: [Display] },
    Display,
    Screen,
    // Any property of it is a remote method, `constructor` as well.
    { provide: 'proxy', useFactory: () => new JstpClient().proxy('calc') },
    { provide: 'nothing', useValue: null },
    { provide: 'bare', useFactory: () => Object.create(null) as object },
  ],
};

describe('@JstpExpose', () => {
  test('exposes the decorated methods of a provider, inherited ones too, and nothing else', async () => {
    const pair = await Pair.start(SCREEN);
    expect(await pair.call('screen.size')).toEqual([80, 25]);
    expect(await pair.call('screen.inherited')).toBe('inherited of Screen');
    expect(await pair.call('made.columns')).toBe(80);
    for (const name of [
      'helper',
      'overridden',
      'secret',
      'onModuleInit',
      'constructor',
      'accessor',
      'doesFit',
      'toString',
    ])
      expect([name, (await callError(pair.call(`screen.${name}`))).code]).toEqual([name, 14]);
    expect((await callError(pair.call('other.size'))).code).toBe(12);
    const proxy = await within(pair.connection.inspectInterface('screen'), 'an inspect');
    expect(
      Object.keys(proxy)
        .filter((name) => typeof Reflect.get(proxy, name) === 'function')
        .sort(),
    ).toEqual(expect.arrayContaining(['echo', 'fits', 'inherited', 'size']));
    expect(pair.errors).toEqual([]);
  });

  test('gives arguments, metadata and connection as handlers get them, with pipes', async () => {
    const pair = await Pair.start(SCREEN);
    expect(await pair.call('screen.fits', ['7'])).toEqual({ width: 7, fits: true });
    expect(await pair.call('screen.fits', ['90', 3])).toEqual({ width: 90, height: 3, fits: false });
    expect(await callError(pair.call('screen.fits', []))).toMatchObject({ code: 17 });
    expect(await pair.call('screen.echo', [[5]])).toEqual([5]);
    expect(await pair.call('screen.echo', [1, 2])).toEqual([1, 2]);
    expect(await pair.call('screen.plain', ['x'])).toEqual(['x', 'screen.plain']);
    expect(await pair.call('screen.pair')).toEqual(['first', 'second']);
    const replies: unknown[] = [];
    const seen = await pair.call('screen.context', [], {
      metadata: { trace: 'abc' },
      onReplyMetadata: (metadata) => replies.push(metadata),
    });
    const expected = { interface: 'screen', method: 'context', isConnected: true, aborted: false };
    expect(seen).toEqual({ metadata: { trace: 'abc' }, ...expected });
    expect(replies).toEqual([{ seen: true }]);
  });

  test('lets a method call back by its context', async () => {
    @Controller()
    class Doubling {
      @MessagePattern('double')
      double(value: number): number {
        return value * 2;
      }
    }
    const pair = await Pair.start(SCREEN, {}, { controllers: [Doubling] });
    expect(await pair.call('screen.back', [21])).toBe(42);
  });

  test('streams values, and hears that nobody waits any more', async () => {
    let signal: AbortSignal | undefined;
    let hasEnded = false;
    const types: unknown[] = [];
    class Seeing implements PipeTransform {
      transform(value: unknown, { metatype }: ArgumentMetadata): unknown {
        types.push(metatype);
        return value;
      }
    }
    @JstpExpose('rows')
    @Injectable()
    class Rows {
      @JstpExpose()
      observable(): Observable<number> {
        return of(1, 2, 3);
      }

      @JstpExpose()
      async *generator(@Ctx() context: JstpContext): AsyncGenerator<number> {
        ({ signal } = { signal: context.getSignal() });
        try {
          for (let row = 0; ; row++) yield row;
        } finally {
          hasEnded = true;
        }
      }

      @JstpExpose()
      async sum(@Payload(Seeing) rows: JstpSource<number>): Promise<number> {
        let sum = 0;
        for await (const row of rows) sum += row;
        return sum;
      }

      @JstpExpose()
      broken(): Observable<number> {
        return concat(
          of(1),
          throwError(() => new RemoteError(1001, 'no more rows')),
        );
      }
    }
    const pair = await Pair.start({ providers: [Rows] });
    const items: unknown[] = [];
    await pair.call('rows.observable', [], { onItem: (value) => items.push(value) });
    expect(items).toEqual([1, 2, 3]);
    expect(await pair.call('rows.sum', [Readable.from([1, 2, 3])])).toBe(6);
    // A pipe that makes instances of types would make an Observable without values.
    expect(types).toEqual([Object]);

    const broken: unknown[] = [];
    const call = pair.call('rows.broken', [], { onItem: (value) => broken.push(value) });
    expect(await callError(call)).toMatchObject({ code: 1001, message: 'no more rows' });
    expect(broken).toEqual([1]);

    const abort = new AbortController();
    const onItem = (row: unknown): void => {
      if (row === 5) abort.abort();
    };
    const cancelled = pair.call('rows.generator', [], { onItem, signal: abort.signal });
    expect((await callError(cancelled)).code).toBe(-8);
    await waitFor(() => hasEnded, 'the end of the generator');
    expect(signal?.aborted).toBe(true);
  });

  test('sends the errors that say what the caller gets, and hides the others', async () => {
    @JstpExpose('faults')
    @Injectable()
    class Faults {
      @JstpExpose()
      remote(): never {
        throw new RemoteError(1001, 'mine', ['info']);
      }

      @JstpExpose()
      rpc(): never {
        throw new RpcException('a text');
      }

      @JstpExpose()
      async plain(): Promise<never> {
        await Promise.resolve();
        throw new Error('a password');
      }

      @JstpExpose()
      later(): Observable<never> {
        return throwError(() => new Error('another password'));
      }
    }
    const pair = await Pair.start({ providers: [Faults] });
    expect(await callError(pair.call('faults.remote'))).toMatchObject({ code: 1001, message: 'mine' });
    expect(await callError(pair.call('faults.rpc'))).toMatchObject({ code: 1, message: 'a text' });
    for (const name of ['plain', 'later']) {
      const error = await callError(pair.call(`faults.${name}`));
      expect(error.code).toBe(16);
      expect(JSON.stringify(error) + error.message).not.toContain('password');
    }
    expect(pair.errors.map((error) => (error as Error).message)).toEqual(['a password', 'another password']);
  });

  test('runs guards, interceptors and filters around a method', async () => {
    @Injectable()
    class OnlyTraced implements CanActivate {
      canActivate(execution: ExecutionContext): boolean {
        const context = execution.switchToRpc().getContext<JstpContext>();
        return execution.getType() === 'rpc' && context.getMetadata()?.['trace'] !== undefined;
      }
    }
    @Injectable()
    class Twice implements NestInterceptor {
      intercept(_execution: ExecutionContext, next: CallHandler<number>): Observable<number> {
        return next.handle().pipe(map((value) => value * 2));
      }
    }
    @Catch(RangeError)
    class Ranges implements RpcExceptionFilter {
      catch(error: RangeError): Observable<never> {
        return throwError(() => new RemoteError(1002, error.message));
      }
    }
    const seen: unknown[] = [];
    class All implements PipeTransform {
      transform(value: unknown, { type }: ArgumentMetadata): unknown {
        seen.push([type, value instanceof JstpContext ? 'context' : value]);
        return value;
      }
    }
    @UseFilters(Ranges)
    @JstpExpose('math')
    @Injectable()
    class Calculator {
      @UseGuards(OnlyTraced)
      @JstpExpose()
      guarded(): string {
        return 'in';
      }

      @UseInterceptors(Twice)
      @JstpExpose()
      one(): number {
        return 1;
      }

      @UseInterceptors(Twice)
      @JstpExpose()
      async *many(): AsyncGenerator<number> {
        await Promise.resolve();
        yield* [1, 2];
      }

      @JstpExpose()
      beyond(): never {
        throw new RangeError('out of range');
      }

      @JstpExpose()
      late(): Observable<never> {
        return throwError(() => new RangeError('late'));
      }

      @JstpExpose()
      bare(data: unknown): unknown {
        return data;
      }
    }
    const pair = await Pair.start({ providers: [Calculator, { provide: APP_PIPE, useClass: All }] });
    const refused = await callError(pair.call('math.guarded'));
    expect(refused).toMatchObject({ code: 1, message: 'Forbidden resource' });
    expect(await pair.call('math.guarded', [], { metadata: { trace: 1 } })).toBe('in');
    expect(await pair.call('math.one')).toBe(2);
    const items: unknown[] = [];
    await pair.call('math.many', [], { onItem: (value) => items.push(value) });
    expect(items).toEqual([2, 4]);
    expect(await callError(pair.call('math.beyond'))).toMatchObject({ code: 1002, message: 'out of range' });
    expect(await callError(pair.call('math.late'))).toMatchObject({ code: 1002, message: 'late' });
    seen.length = 0;
    expect(await pair.call('math.bare', ['x'])).toBe('x');
    expect(seen).toContainEqual(['body', 'x']);
    expect(pair.errors).toEqual([]);
  });

  test('makes a provider in request scope for each call, and asks a global guard in request scope', async () => {
    const guarded: unknown[] = [];
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class ScopedGuard implements CanActivate {
      constructor(@Inject(REQUEST) private readonly request: RequestContext<unknown, JstpContext>) {}

      canActivate(): boolean {
        guarded.push([this.request.getPattern(), this.request.getData()]);
        return this.request.getData() !== 'no';
      }
    }
    @JstpExpose('scoped')
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      constructor(
        @Inject(REQUEST) private readonly request: RequestContext<unknown, JstpContext>,
        private readonly display: Display,
      ) {
        made += 1;
      }

      @JstpExpose()
      seen(): unknown {
        return [this.request.data, this.request.context?.getMethod(), this.display.columns];
      }
    }
    const ALIAS = { provide: 'another token', useExisting: Scoped };
    @JstpExpose('static')
    @Injectable()
    class Static {
      @JstpExpose()
      hello(): string {
        return 'hello';
      }
    }
    const pair = await Pair.start({
      providers: [Scoped, ALIAS, Static, Display, { provide: APP_GUARD, useClass: ScopedGuard }],
    });
    expect(made).toBe(0);
    expect(await pair.call('scoped.seen', [1])).toEqual([1, 'seen', 80]);
    expect(await pair.call('scoped.seen', [2])).toEqual([2, 'seen', 80]);
    expect(made).toBe(2);
    expect(await pair.call('static.hello', ['yes'])).toBe('hello');
    expect((await callError(pair.call('static.hello', ['no']))).message).toBe('Forbidden resource');
    expect(guarded).toEqual([
      ['scoped.seen', 1],
      ['scoped.seen', 2],
      ['static.hello', 'yes'],
      ['static.hello', 'no'],
    ]);
  });

  test('counts a method under interceptors until it has ended, also when nobody waits any more', async () => {
    const steps: string[] = [];
    let release: () => void = () => undefined;
    @Injectable()
    class Passing implements NestInterceptor {
      intercept(_execution: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle();
      }
    }
    @UseInterceptors(Passing)
    @JstpExpose('slow')
    @Injectable()
    class Slow {
      @JstpExpose()
      async held(@Payload() name: string): Promise<string> {
        steps.push(`begin ${name}`);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        steps.push(`end ${name}`);
        return name;
      }
    }
    const pair = await Pair.start({ providers: [Slow] }, { limits: { maxCallsInFlight: 1 } });
    const abort = new AbortController();
    const first = pair.call('slow.held', ['first'], { signal: abort.signal });
    await waitFor(() => steps.length === 1, 'the first call');
    abort.abort();
    expect((await callError(first)).code).toBe(-8);
    const second = pair.call('slow.held', ['second']);
    await dialled(pair.service.port);
    expect(steps).toEqual(['begin first']);
    release();
    await waitFor(() => steps.length === 3, 'the second call');
    expect(steps).toEqual(['begin first', 'end first', 'begin second']);
    release();
    expect(await second).toBe('second');
  });

  test('serves beside what the client exposes, but no method twice', async () => {
    const own = { screen: { clear: () => 'cleared' }, other: { hello: () => 'hello' } };
    const pair = await Pair.start(SCREEN, { application: own });
    expect(await pair.call('screen.size')).toEqual([80, 25]);
    expect(await pair.call('screen.clear')).toBe('cleared');
    expect(await pair.call('other.hello')).toBe('hello');
    expect((await callError(pair.call('screen.nothing'))).code).toBe(14);
    expect((await callError(pair.call('nothing.size'))).code).toBe(12);
    const clash = { code: 'ERR_JSTP_DUPLICATE_HANDLER' };
    expect(() => pair.client.expose({ screen: { size: () => [1, 1] } })).toThrow(
      expect.objectContaining(clash),
    );
    expect(await pair.call('screen.clear')).toBe('cleared');
  });

  test('reports what a function throws that is exposed beside providers', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    const pair = await Pair.start(SCREEN, { application: { own: { broken } } });
    expect((await callError(pair.call('own.broken'))).code).toBe(16);
    expect(pair.errors.map((error) => (error as Error).message)).toEqual(['broken']);
  });

  test('tells several clients apart by their names', async () => {
    @JstpExpose('left', { client: 'one' })
    @Injectable()
    class Left {
      @JstpExpose()
      name(): string {
        return 'left';
      }
    }
    @JstpExpose('right', { client: 'two' })
    @Injectable()
    class Right {
      @JstpExpose()
      name(): string {
        return 'right';
      }
    }
    const services = [await startService({}), await startService({})];
    const imports = services.map((service, index) =>
      JstpClientModule.register({ name: ['one', 'two'][index], ...at(service), connectOnInit: true }),
    );
    await startClient({ imports, providers: [Left, Right] });
    const [one, two] = services.map(connectionOf);
    expect(await within(one.callMethod('left', 'name', []), 'left')).toBe('left');
    expect(await within(two.callMethod('right', 'name', []), 'right')).toBe('right');
    expect((await callError(one.callMethod('right', 'name', []))).code).toBe(12);
    expect((await callError(two.callMethod('left', 'name', []))).code).toBe(12);
  });

  test('is of the client that its own module imports, where modules have clients of one name', async () => {
    const halves = await Promise.all(
      ['a', 'b'].map(async (name) => {
        @JstpExpose('half', { client: 'peer' })
        @Injectable()
        class Half {
          @JstpExpose()
          name(): string {
            return name;
          }
        }
        const service = await startService({});
        const options = { name: 'peer', isGlobal: false, ...at(service), connectOnInit: true };
        const module = moduleOf({ imports: [JstpClientModule.register(options)], providers: [Half] });
        return { name, service, module };
      }),
    );
    await startClient({ imports: halves.map(({ module }) => module) });
    for (const { name, service } of halves)
      expect(await within(connectionOf(service).callMethod('half', 'name', []), name)).toBe(name);
  });
});
