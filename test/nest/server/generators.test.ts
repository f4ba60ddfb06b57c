import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Catch,
  ClassSerializerInterceptor,
  Controller,
  Injectable,
  Scope,
  UseFilters,
  UseInterceptors,
  type CallHandler,
  type ExceptionFilter,
  type ExecutionContext,
  type INestMicroservice,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { filter, from, map, mergeMap, of, tap, throwError, type Observable } from 'rxjs';
import { Readable } from 'node:stream';
import { JstpInterface, type Connection } from '../../../lib/index.js';
import { INTERCEPTORS_METADATA } from '../../../lib/nest/constants.js';
import { takesTime, timersOf, turns } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { KeptLog, startService, type Service } from './fixture.js';

const seen: unknown[] = [];
let made = 0;
let left = 0;

afterEach(() => {
  seen.length = 0;
  made = 0;
  left = 0;
});

class User {
  readonly password = 'secret';

  constructor(readonly name: string) {}
}

/** What class-transformer does for a class whose password is excluded. */
const transformerPackage = {
  classToPlain: (value: unknown): unknown =>
    value instanceof User ? { name: value.name } : { ...Object(value) },
  plainToClass: (): never => {
    throw new Error('Not asked for');
  },
};
const serializer = new ClassSerializerInterceptor(new Reflector(), { transformerPackage } as never);

class Seeing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(tap((value) => seen.push(value)));
  }
}

class Slow implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(mergeMap((value) => from(takesTime(1).then(() => value)), 1));
  }
}

class Sparse implements NestInterceptor<number> {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
    return next.handle().pipe(filter((value) => value % 100 === 0));
  }
}

class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value: unknown) => ({ wrapped: value })));
  }
}

class NotFound extends Error {}

@Catch(NotFound)
class NotFoundFilter implements ExceptionFilter<NotFound> {
  catch(error: NotFound): Observable<unknown> {
    return throwError(() => ({ code: 404, message: error.message }));
  }
}

@Catch(NotFound)
class Recovering implements ExceptionFilter<NotFound> {
  catch(): Observable<unknown> {
    return of('instead');
  }
}

async function* users(): AsyncGenerator<User> {
  yield new User('anna');
  await takesTime(1);
  yield new User('bob');
}

async function* count(to: number): AsyncGenerator<number> {
  try {
    for (let value = 1; value <= to; value += 1) {
      made += 1;
      yield value;
    }
  } finally {
    left += 1;
  }
}

@UseInterceptors(serializer)
@Controller()
class UsersController {
  @MessagePattern('generator')
  async *generator(): AsyncGenerator<User> {
    yield* users();
  }

  @MessagePattern('function')
  function(): AsyncGenerator<User> {
    return users();
  }

  @MessagePattern('promise')
  async promise(): Promise<AsyncGenerator<User>> {
    await takesTime(1);
    return users();
  }

  @MessagePattern('readable')
  readable(): Readable {
    return Readable.from([new User('anna'), new User('bob')]);
  }

  @MessagePattern('single')
  single(): User {
    return new User('anna');
  }
}

@Controller()
class CountController {
  @UseInterceptors(new Seeing())
  @MessagePattern('seen')
  async *seen(@Payload() to: number): AsyncGenerator<number> {
    yield* count(to);
  }

  @UseInterceptors(new Slow())
  @MessagePattern('slow')
  async *slow(@Payload() to: number): AsyncGenerator<number> {
    yield* count(to);
  }

  @UseInterceptors(new Sparse())
  @MessagePattern('sparse')
  async *sparse(@Payload() to: number): AsyncGenerator<number> {
    yield* count(to);
  }

  @UseFilters(new NotFoundFilter())
  @MessagePattern('failing')
  async *failing(): AsyncGenerator<number> {
    yield* count(2);
    throw new NotFound('no third one');
  }

  @UseFilters(new Recovering())
  @MessagePattern('recovered')
  async *recovered(): AsyncGenerator<number> {
    yield* count(2);
    throw new NotFound('no third one');
  }

  @UseInterceptors(new Wrapping())
  @EventPattern<string>('happened')
  async *happened(@Payload() to: number): AsyncGenerator<number> {
    yield* count(to);
  }
}

@Injectable({ scope: Scope.REQUEST })
class Own {
  readonly names = ['anna', 'bob'];
}

@UseInterceptors(serializer)
@Controller()
class ScopedController {
  constructor(private readonly own: Own) {}

  @MessagePattern('scoped')
  async *scoped(): AsyncGenerator<User> {
    for (const name of this.own.names) yield await Promise.resolve(new User(name));
  }
}

class Base {
  @UseFilters(new NotFoundFilter())
  @MessagePattern('inherited')
  async *inherited(): AsyncGenerator<number> {
    yield* count(1);
    throw new NotFound('inherited');
  }
}

@JstpInterface('derived')
@Controller()
class DerivedController extends Base {}

@Controller()
class PlainController {
  @MessagePattern('function')
  function(): AsyncGenerator<User> {
    return users();
  }
}

const controllers = [UsersController, CountController, ScopedController, DerivedController];
const setup = { controllers, providers: [Own] };
const PLAIN = [{ name: 'anna' }, { name: 'bob' }];

interface Outcome {
  readonly values: readonly unknown[];
  readonly error: unknown;
}

/** Everything that a caller gets. */
async function outcome(
  connection: Connection,
  method: string,
  args: unknown[] = [],
  iface = 'default',
): Promise<Outcome> {
  const values: unknown[] = [];
  let end: { error: unknown } | undefined;
  const done = (error: unknown, ...results: unknown[]): void => {
    values.push(...results);
    end = { error };
  };
  connection.startCall(iface, method, args, done, { onItem: (value) => values.push(value) });
  await waitFor(() => end !== undefined, 'the end of a call');
  return { values, error: end?.error };
}

/** Calls over a raw line, of which the test gives the credit. */
function callRaw(service: Service, method: string, to: number): ReturnType<Service['open']> {
  const wire = service.open();
  wire.write("{handshake:[0,'jstp','',{stream:1,cancel:1}]}", `{call:[1,'default'],${method}:[${to}]}`);
  return wire;
}

describe('what a handler yields, under an interceptor that removes fields', () => {
  test.each([['generator'], ['function'], ['promise'], ['readable']])(
    'goes out item by item without them (%s)',
    async (method) => {
      const connection = await (await startService(setup)).connect();
      expect(await outcome(connection, method)).toEqual({ values: PLAIN, error: null });
    },
  );

  test('goes out without them from a controller of a request', async () => {
    const connection = await (await startService(setup)).connect();
    expect(await outcome(connection, 'scoped')).toEqual({ values: PLAIN, error: null });
  });

  test.each([
    ['of the application', { configure: (app: INestMicroservice) => app.useGlobalInterceptors(serializer) }],
    ['of the container', { providers: [{ provide: APP_INTERCEPTOR, useValue: serializer }] }],
  ])('goes out without them where the interceptor is that %s', async (_title, given) => {
    const service = await startService({ controllers: [PlainController], ...given });
    expect(await outcome(await service.connect(), 'function')).toEqual({ values: PLAIN, error: null });
  });

  test('is handled as a single value is', async () => {
    const connection = await (await startService(setup)).connect();
    expect(await outcome(connection, 'single')).toEqual({ values: [{ name: 'anna' }], error: null });
  });
});

describe('an async generator', () => {
  test('is seen by an interceptor value by value', async () => {
    const connection = await (await startService(setup)).connect();
    await outcome(connection, 'seen', [3]);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('makes no value under an interceptor that the caller has no credit for', async () => {
    const service = await startService(setup);
    const wire = callRaw(service, 'seen', 1000);
    await waitFor(() => made >= 64, 'the first values');
    await wire.pong(2);
    await turns();
    const first = made;
    expect(first).toBeLessThan(100);
    wire.write(`{stream:[1],credit:[${first + 5}]}`);
    await waitFor(() => made > first, 'the next values');
    await wire.pong(3);
    await turns();
    expect(made).toBe(first + 5);
  });

  test('is left when the caller cancels, under an interceptor', async () => {
    const wire = callRaw(await startService(setup), 'seen', 1000);
    await waitFor(() => made >= 64, 'the first values');
    wire.write('{cancel:[1]}');
    await waitFor(() => left === 1, 'the end of the generator');
  });

  test.each([
    ['that takes its time', 'slow', [100], Array.from({ length: 100 }, (_, index) => index + 1)],
    ['that lets few values pass', 'sparse', [500], [100, 200, 300, 400, 500]],
  ])('comes to its end under an interceptor %s', async (_title, method, args, values) => {
    const connection = await (await startService(setup)).connect();
    expect(await outcome(connection, method, args)).toEqual({ values, error: null });
    expect(left).toBe(1);
  });

  test('that throws is caught by the filter of its handler', async () => {
    const connection = await (await startService(setup)).connect();
    const { values, error } = await outcome(connection, 'failing');
    expect(values).toEqual([1, 2]);
    expect(error).toMatchObject({ code: 404, message: 'no third one' });
  });

  test('that throws goes on with what a filter gives instead', async () => {
    const connection = await (await startService(setup)).connect();
    expect(await outcome(connection, 'recovered')).toEqual({ values: [1, 2, 'instead'], error: null });
  });

  test('that throws is caught by the filter where the handler is inherited', async () => {
    const connection = await (await startService(setup)).connect();
    const { error } = await outcome(connection, 'inherited', [], 'derived');
    expect(error).toMatchObject({ code: 404, message: 'inherited' });
  });

  test('of an event runs to its end under an interceptor', async () => {
    const connection = await (await startService(setup)).connect();
    connection.emitRemoteEvent('default', 'happened', [200]);
    await waitFor(() => left === 1, 'the end of the generator');
    expect(made).toBe(200);
  });

  test('is its last value for a peer without streams, under an interceptor', async () => {
    const connection = await (await startService(setup)).connect('jstp', { extensions: [] });
    expect(await connection.callMethod('default', 'seen', [3])).toBe(3);
  });

  test('keeps the credit where a serializer takes its time', async () => {
    const options = { serializer: { serialize: async (packet: unknown) => takesTime(0, packet) } };
    const service = await startService({ ...setup, options });
    callRaw(service, 'seen', 1000);
    await waitFor(() => made >= 64, 'the first values');
    // As many values more would have been serialized in these.
    for (let round = 0; round < 40; round++) await timersOf(1);
    expect(made).toBeLessThan(100);
  });
});

test.each<[which: string, source: () => Observable<unknown>, before: unknown[]]>([
  ['the only', () => of(users()), []],
  ['the first', () => of(users(), users()), []],
  ['a later', () => of('first', users(), 'last'), ['first']],
])(
  'an async iterable as %s value of an Observable is refused: an interceptor has not seen its values',
  async (_which, source, before) => {
    const log = new KeptLog();
    const service = await startService({ ...setup, logger: log });
    service.server.addHandler('by hand', () => Promise.resolve(source()));
    const { values, error } = await outcome(await service.connect(), 'by hand');
    expect(values).toEqual(before);
    expect(error).toMatchObject({ code: 16 });
    expect(log.errors.map(String)).toEqual([expect.stringContaining('from(iterable)')]);
  },
);

test('Nest keeps the interceptors of a method where this package looks for them', () => {
  expect(Reflect.getMetadata(INTERCEPTORS_METADATA, UsersController)).toEqual([serializer]);
});
