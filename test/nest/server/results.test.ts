import { afterEach, describe, expect, test } from '@jest/globals';
import { ALL_EXTENSIONS } from '../../../lib/connection/extensions.js';
import {
  Controller,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import {
  concat,
  EMPTY,
  finalize,
  interval,
  NEVER,
  of,
  range,
  Subject,
  throwError,
  type Observable,
} from 'rxjs';
import { JstpArgs, RemoteError, type Connection, type JstpContext } from '../../../lib/index.js';
import { takesTime, turns } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { KeptLog, startService, type Service } from './fixture.js';

const log: string[] = [];
let source = new Subject<unknown>();

class Passing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

async function* count(to: number, name: string): AsyncGenerator<number> {
  try {
    for (let value = 1; value <= to; value += 1) {
      log.push(`${name} makes ${value}`);
      yield value;
    }
  } finally {
    log.push(`${name} is left`);
  }
}

@Controller()
class ResultsController {
  @MessagePattern('value')
  value(@Payload() data: unknown): unknown {
    return data;
  }

  @UseInterceptors(Passing)
  @MessagePattern('intercepted')
  intercepted(@Payload() data: unknown): unknown {
    return data;
  }

  @MessagePattern('one')
  one(): Observable<number> {
    return of(1);
  }

  @MessagePattern('args')
  args(): Observable<unknown> {
    return of(JstpArgs.of(1, 2));
  }

  @MessagePattern('many args')
  manyArgs(): Observable<unknown> {
    return of(JstpArgs.of(1, 2), 3);
  }

  @MessagePattern('none')
  none(): Observable<never> {
    return EMPTY;
  }

  @MessagePattern('source')
  source(): Observable<unknown> {
    return source.pipe(finalize(() => log.push('unsubscribed')));
  }

  @MessagePattern('then error')
  thenError(): Observable<unknown> {
    return concat(
      of(1),
      throwError(() => new RpcException(new RemoteError(1001, 'broken', ['why']))),
    );
  }

  @MessagePattern('endless at once')
  endless(): Observable<number> {
    return range(0, Number.MAX_SAFE_INTEGER).pipe(finalize(() => log.push('unsubscribed')));
  }

  @MessagePattern('unsendable')
  unsendable(): Observable<unknown> {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    return concat(of(1, cycle, 2), NEVER).pipe(finalize(() => log.push('unsubscribed')));
  }

  @MessagePattern('unsendable value')
  unsendableValue(): unknown {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    return cycle;
  }

  @MessagePattern('generator')
  generator(@Payload() to: number): AsyncGenerator<number> {
    return count(to, 'generator');
  }

  @UseInterceptors(Passing)
  @MessagePattern('intercepted generator')
  interceptedGenerator(@Payload() to: number): AsyncGenerator<number> {
    return count(to, 'generator');
  }

  @MessagePattern('failing generator')
  async *failing(@Payload() error: string): AsyncGenerator<number> {
    yield 1;
    await takesTime(1);
    throw error === 'meant' ? new RpcException({ code: 7, message: 'seven' }) : new Error('internal');
  }

  @MessagePattern('waiting generator')
  async *waiting(@Ctx() context: JstpContext): AsyncGenerator<number> {
    yield 1;
    await new Promise((resolve) => {
      context.getSignal().addEventListener('abort', resolve);
    });
    log.push('woken');
  }

  @MessagePattern('slow source')
  slow(): Observable<number> {
    return interval(1).pipe(finalize(() => log.push('unsubscribed')));
  }
}

const setup = { controllers: [ResultsController] };

afterEach(() => {
  log.length = 0;
  source = new Subject();
});

/** A call whose values are kept as they come. */
function stream(connection: Connection, method: string, args: unknown[] = []) {
  const kept = {
    values: [] as unknown[],
    error: undefined as unknown,
    results: undefined as unknown[] | undefined,
  };
  const call = connection.startCall(
    'default',
    method,
    args,
    (error, ...results) => {
      kept.error = error;
      kept.results = results;
    },
    { onItem: (value) => kept.values.push(value) },
  );
  return Object.assign(kept, {
    cancel: () => {
      connection.cancelCall(call);
    },
    ended: () => waitFor(() => kept.results !== undefined, 'the end of a stream'),
  });
}

/** What a peer with streams gets on the wire for calls. */
async function answers(service: Service, count: number, ...calls: string[]): Promise<readonly string[]> {
  const wire = service.open();
  wire.write("{handshake:[0,'jstp','',{stream:1,cancel:1}]}", ...calls);
  return (await wire.frames(count + 1)).slice(1);
}

describe('an Observable of one value', () => {
  test.each([
    ['one', '{callback:[1],ok:[1]}'],
    ['intercepted', '{callback:[1],ok:[5]}'],
    ['args', '{callback:[1],ok:[1,2]}'],
    ['none', '{callback:[1],ok:[]}'],
  ])('that ends at once is a plain result (%s)', async (method, expected) => {
    const frames = await answers(await startService(setup), 1, `{call:[1,'default'],${method}:[5]}`);
    expect(frames).toEqual([expected]);
  });

  test('that goes on is sent at once', async () => {
    const service = await startService(setup);
    const kept = stream(await service.connect(), 'source');
    await waitFor(() => source.observed, 'the subscription');
    source.next('now');
    await waitFor(() => kept.values.length === 1, 'the value');
    expect(kept.results).toBeUndefined();
    source.complete();
    await kept.ended();
    expect(kept).toMatchObject({ values: ['now'], error: null });
  });
});

describe('an Observable of several values', () => {
  test('is a stream, its values numbered, its end an empty result', async () => {
    const [first, second, end] = await answers(
      await startService(setup),
      3,
      "{call:[1,'default'],'many args':[]}",
    );
    expect([first, second, end]).toEqual([
      '{stream:[1,1],data:[[1,2]]}',
      '{stream:[1,2],data:[3]}',
      '{callback:[1],ok:[]}',
    ]);
  });

  test('that fails ends with the error of its RemoteError', async () => {
    const frames = await answers(await startService(setup), 2, "{call:[1,'default'],'then error':[]}");
    expect(frames).toEqual(['{stream:[1,1],data:[1]}', "{callback:[1],error:[1001,'broken','why']}"]);
  });

  test('is its last value for a peer without streams', async () => {
    const connection = await (await startService(setup)).connect('jstp', { extensions: [] });
    expect(await connection.callMethod('default', 'many args', [])).toBe(3);
  });

  test('is unsubscribed when the caller cancels', async () => {
    const service = await startService(setup);
    const kept = stream(await service.connect(), 'source');
    await waitFor(() => source.observed, 'the subscription');
    kept.cancel();
    await waitFor(() => log.length > 0, 'the end of the subscription');
    expect(source.observed).toBe(false);
  });

  test('is unsubscribed and answered when the time of the call is over', async () => {
    const frames = await answers(await startService(setup), 1, "{call:[1,'default',{timeout:10}],source:[]}");
    expect(frames[0]).toMatch(/^\{callback:\[1\],error:\[-7/);
    expect(log).toEqual(['unsubscribed']);
  });

  test.each([
    ['has said bye', ALL_EXTENSIONS],
    ['is gone and has no resume', ['stream', 'cancel'] as const],
  ])('is unsubscribed when the caller %s', async (_title, extensions) => {
    const service = await startService(setup);
    const connection = await service.connect('jstp', { extensions });
    stream(connection, 'source');
    await waitFor(() => source.observed, 'the subscription');
    connection.close();
    await waitFor(() => log.length > 0, 'the end of the subscription');
  });

  test('that makes more than may be held fails with a code of its own, and is unsubscribed', async () => {
    const kept = new KeptLog();
    const service = await startService({
      ...setup,
      options: { limits: { maxStreamBufferItems: 10 } },
      logger: kept,
    });
    const wire = service.open();
    wire.write("{handshake:[0,'jstp','',{stream:1,cancel:1}]}", "{call:[1,'default'],'endless at once':[]}");
    await waitFor(() => log.length > 0, 'the end of the subscription');
    wire.write('{ping:[2]}');
    const frames = await wire.frames(3);
    expect(frames.find((frame) => frame.includes('callback'))).toMatch(/^\{callback:\[1\],error:\[-6/);
  });

  test('with a value that cannot be sent fails, is unsubscribed, and harms no other call', async () => {
    const service = await startService(setup);
    const connection = await service.connect();
    const kept = stream(connection, 'unsendable');
    await kept.ended();
    expect(kept.values).toEqual([1]);
    expect(kept.error).toMatchObject({ code: 16 });
    expect(log).toEqual(['unsubscribed']);
    expect(await connection.callMethod('default', 'value', [5])).toBe(5);
  });
});

test('a result that cannot be sent is answered with 16 and logged', async () => {
  const kept = new KeptLog();
  const service = await startService({ ...setup, logger: kept });
  const frames = await answers(service, 1, "{call:[1,'default'],'unsendable value':[]}");
  expect(frames).toEqual(['{callback:[1],error:[16]}']);
  expect(kept.errors).toHaveLength(1);
});

describe('an async generator', () => {
  test.each([['generator'], ['intercepted generator']])('is a stream (%s)', async (method) => {
    const kept = stream(await (await startService(setup)).connect(), method, [3]);
    await kept.ended();
    expect(kept).toMatchObject({ values: [1, 2, 3], error: null });
  });

  test('makes no value that the caller has no credit for', async () => {
    const service = await startService(setup);
    const wire = service.open();
    wire.write("{handshake:[0,'jstp','',{stream:1,cancel:1}]}", "{call:[1,'default'],generator:[1000]}");
    await waitFor(() => log.length >= 64, 'the first values');
    await wire.pong(2);
    await turns();
    const made = log.length;
    expect(made).toBeLessThan(100);
    wire.write(`{stream:[1],credit:[${made + 5}]}`);
    await waitFor(() => log.length > made, 'the next values');
    await wire.pong(3);
    await turns();
    expect(log).toHaveLength(made + 5);
  });

  test('is left when the caller cancels', async () => {
    const service = await startService(setup);
    const wire = service.open();
    wire.write("{handshake:[0,'jstp','',{stream:1,cancel:1}]}", "{call:[1,'default'],generator:[1000]}");
    await waitFor(() => log.length >= 64, 'the first values');
    wire.write('{cancel:[1]}');
    await waitFor(() => log.includes('generator is left'), 'the end of the generator');
  });

  test('that waits is woken by the signal', async () => {
    const kept = stream(await (await startService(setup)).connect(), 'waiting generator');
    await waitFor(() => kept.values.length > 0, 'a value');
    kept.cancel();
    await waitFor(() => log.includes('woken'), 'the signal');
  });

  test('is answered when the time of the call is over', async () => {
    const service = await startService(setup);
    const frames = await answers(service, 2, "{call:[1,'default',{timeout:10}],'waiting generator':[]}");
    expect(frames[1]).toMatch(/^\{callback:\[1\],error:\[-7/);
  });

  test.each([
    ['meant', { code: 7, message: 'seven' }, 0],
    ['other', { code: 16, message: 'Internal server error' }, 1],
  ])('that throws fails as a handler does (%s)', async (kind, error, logged) => {
    const keptLog = new KeptLog();
    const service = await startService({ ...setup, logger: keptLog });
    const connection = await service.connect();
    const kept = stream(connection, 'failing generator', [kind]);
    await kept.ended();
    expect(kept.values).toEqual([1]);
    expect(kept.error).toMatchObject(error);
    expect(keptLog.errors).toHaveLength(logged);
  });

  test('is its last value for a peer without streams', async () => {
    const connection = await (await startService(setup)).connect('jstp', { extensions: [] });
    expect(await connection.callMethod('default', 'generator', [3])).toBe(3);
  });
});

describe('a handler that was added by hand', () => {
  test.each<[string, () => unknown, string]>([
    ['a plain value', () => 5, '{callback:[1],ok:[5]}'],
    ['an Observable', () => of(5), '{callback:[1],ok:[5]}'],
    [
      'a promise of its own kind',
      () => ({ then: (resolve: (value: number) => void) => resolve(5) }),
      '{callback:[1],ok:[5]}',
    ],
    [
      'an error',
      () => {
        throw new Error('internal');
      },
      "{callback:[1],error:[16,'Internal server error']}",
    ],
    ['a rejection', () => Promise.reject(new RpcException('no')), "{callback:[1],error:[1,'no']}"],
  ])('answers with %s', async (_title, run, expected) => {
    const service = await startService(setup);
    service.server.addHandler('by hand', run as never);
    expect(await answers(service, 1, "{call:[1,'default'],'by hand':[]}")).toEqual([expected]);
  });

  test('and removed from the map again is not found', async () => {
    const service = await startService(setup);
    service.server.getHandlers().delete('value');
    const frames = await answers(service, 1, "{call:[1,'default'],value:[]}");
    expect(frames[0]).toMatch(/^\{callback:\[1\],error:\[14/);
  });
});
