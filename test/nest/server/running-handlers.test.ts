import { describe, expect, test } from '@jest/globals';
import {
  Controller,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type LoggerService,
  type NestInterceptor,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { NEVER, type Observable } from 'rxjs';
import type { Connection, Limits, Server } from '../../../lib/index.js';
import { SERVER_CONTROL } from '../../../lib/server/control.js';
import { waitFor } from '../../support/wait-for.js';
import { KeptLog, startService, type Service } from './fixture.js';

let begun = 0;
let release: () => void = () => undefined;

function held(): Promise<void> {
  begun += 1;
  return new Promise((resolve) => {
    release = resolve;
  });
}

class Passing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

@Controller()
class Slow {
  @MessagePattern('slow.plain')
  plain(): Promise<void> {
    return held();
  }

  @MessagePattern('slow.intercepted')
  @UseInterceptors(Passing)
  intercepted(): Promise<void> {
    return held();
  }

  @MessagePattern('slow.generator')
  async *generator(): AsyncGenerator<number> {
    yield 1;
    await held();
  }

  @MessagePattern('slow.generatorIntercepted')
  @UseInterceptors(Passing)
  async *generatorIntercepted(): AsyncGenerator<number> {
    yield 1;
    await held();
  }

  @MessagePattern('slow.iterable')
  iterable(): AsyncIterable<number> {
    return this.generator();
  }

  @MessagePattern('slow.later')
  async later(): Promise<AsyncIterable<number>> {
    await held();
    return this.generator();
  }

  @MessagePattern('slow.never')
  never(): Observable<never> {
    begun += 1;
    return NEVER;
  }

  @MessagePattern('slow.leaving')
  leaving(): AsyncIterable<number> {
    return { [Symbol.asyncIterator]: () => new LeavesSlowly() };
  }

  @EventPattern('slow.noted')
  noted(@Payload() _data: unknown): Promise<void> {
    return held();
  }
}

/** One value, and an end that takes its time. */
class LeavesSlowly implements AsyncIterator<number> {
  private hasBegun = false;
  private end: (result: IteratorResult<number>) => void = () => undefined;

  next(): Promise<IteratorResult<number>> {
    if (!this.hasBegun) {
      this.hasBegun = true;
      return Promise.resolve({ done: false, value: 1 });
    }
    return new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async return(): Promise<IteratorResult<number>> {
    this.end({ done: true, value: undefined });
    await held();
    return { done: true, value: undefined };
  }
}

async function start(
  limits: Partial<Limits> = {},
  logger: LoggerService = new KeptLog(),
): Promise<{ service: Service; connection: Connection; bytes: () => number }> {
  begun = 0;
  const service = await startService({
    controllers: [Slow],
    options: { limits },
    logger,
    configure: (_app, server) => {
      server.addHandler('slow.byHand', () => {
        begun += 1;
        return Promise.resolve(NEVER);
      });
    },
  });
  // Without 'resume', so that nobody waits for an answer when the connection has ended.
  const connection = await service.connect('jstp', { extensions: ['stream', 'cancel'] });
  const core = service.server.unwrap<Server>();
  return { service, connection, bytes: () => core[SERVER_CONTROL].bytesInFlight };
}

const METHODS = ['plain', 'intercepted', 'generator', 'generatorIntercepted', 'iterable', 'later'] as const;

describe.each(METHODS)('a handler (%s)', (method) => {
  test('counts after a cancel until it has ended', async () => {
    const { connection, bytes } = await start();
    const call = connection.startCall('slow', method, [], () => undefined);
    await waitFor(() => begun === 1, 'the handler');
    connection.cancelCall(call);
    await connection.ping();
    expect(bytes()).toBeGreaterThan(0);
    release();
    await waitFor(() => bytes() === 0, 'its end');
  });

  test('counts after the end of its connection until it has ended', async () => {
    const { connection, bytes, service } = await start();
    connection.startCall('slow', method, [], () => undefined);
    await waitFor(() => begun === 1, 'the handler');
    connection.close();
    await waitFor(() => [...service.server.getClients()].length === 0, 'the end of the connection');
    expect(bytes()).toBeGreaterThan(0);
    release();
    await waitFor(() => bytes() === 0, 'its end');
  });
});

test('an async iterable counts until its return has ended', async () => {
  const { connection, bytes } = await start();
  let items = 0;
  const onItem = (): number => (items += 1);
  const call = connection.startCall('slow', 'leaving', [], () => undefined, { onItem });
  await waitFor(() => items === 1, 'a value');
  connection.cancelCall(call);
  await waitFor(() => begun === 1, 'its return');
  await connection.ping();
  expect(bytes()).toBeGreaterThan(0);
  release();
  await waitFor(() => bytes() === 0, 'its end');
});

test.each(['never', 'byHand'])('an Observable (%s) counts until it is unsubscribed from', async (method) => {
  const { connection, bytes } = await start();
  const call = connection.startCall('slow', method, [], () => undefined);
  await waitFor(() => begun === 1, 'the handler');
  expect(bytes()).toBeGreaterThan(0);
  connection.cancelCall(call);
  await connection.ping();
  expect(bytes()).toBe(0);
});

test('the handler of an event counts after the end of its connection until it has ended', async () => {
  const { connection, bytes, service } = await start();
  connection.emitRemoteEvent('slow', 'noted', []);
  await waitFor(() => begun === 1, 'the handler');
  connection.close();
  await waitFor(() => [...service.server.getClients()].length === 0, 'the end of the connection');
  expect(bytes()).toBeGreaterThan(0);
  release();
  await waitFor(() => bytes() === 0, 'its end');
});

describe('limits.maxCallDurationMs', () => {
  const failed = async (method: string): Promise<{ bytes: () => number; log: KeptLog; error: unknown }> => {
    const log = new KeptLog();
    const { connection, bytes } = await start({ maxCallDurationMs: 50 }, log);
    const error = await new Promise((resolve) => {
      connection.startCall('slow', method, [], resolve);
    });
    return { bytes, log, error };
  };

  test.each(['plain', 'intercepted'])('fails a call, and its handler (%s) counts on', async (method) => {
    const { bytes, log, error } = await failed(method);
    expect(error).toMatchObject({ code: -7 });
    expect(bytes()).toBeGreaterThan(0);
    const texts = log.lines.map(String).filter((text) => text.includes('maxCallDurationMs'));
    expect(texts).toEqual([
      `LimitError: slow.${method} has not answered a call within limits.maxCallDurationMs, 50`,
    ]);
    release();
    await waitFor(() => bytes() === 0, 'its end');
  });

  test('unsubscribes from an Observable without a value', async () => {
    const { bytes, error } = await failed('never');
    expect(error).toMatchObject({ code: -7 });
    await waitFor(() => bytes() === 0, 'its end');
  });
});
