import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { Subject, type Observable } from 'rxjs';
import type { JstpServer } from '../../../lib/index.js';
import { JSTP } from '../../../lib/index.js';
import { waitFor } from '../../support/wait-for.js';
import { callError, KeptLog, startService } from './fixture.js';

const span = new AsyncLocalStorage<string>();
const log: string[] = [];
let source = new Subject<number>();

@Controller()
class HookedController {
  @MessagePattern('value')
  value(): string {
    log.push(`handler in ${String(span.getStore())}`);
    return 'x';
  }

  @MessagePattern('source')
  source(): Observable<number> {
    return source;
  }

  @MessagePattern('generator')
  async *generator(): AsyncGenerator<number> {
    yield 1;
    log.push(`generator in ${String(span.getStore())}`);
  }

  @EventPattern<string>('happened')
  happened(): void {
    log.push(`handler in ${String(span.getStore())}`);
  }
}

const setup = { controllers: [HookedController] };

afterEach(() => {
  log.length = 0;
  source = new Subject();
});

function trace(server: JstpServer): void {
  server.setOnProcessingStartHook((transportId, _context, done) => {
    expect(transportId).toBe(JSTP);
    return span.run('the span', done);
  });
  server.setOnProcessingEndHook(() => {
    log.push(`end in ${String(span.getStore())}`);
  });
}

describe('processing hooks', () => {
  test('end an Observable in the context of its start, wherever it ends', async () => {
    const service = await startService({
      ...setup,
      configure: (_app, server) => {
        trace(server);
      },
    });
    const connection = await service.connect();
    const answer = connection.callMethod('default', 'source', []);
    await waitFor(() => source.observed, 'the subscription');
    span.run('another', () => {
      source.next(1);
      source.complete();
    });
    expect(await answer).toBe(1);
    expect(log).toEqual(['end in the span']);
  });

  test('end an Observable that is cancelled, once', async () => {
    const service = await startService({
      ...setup,
      configure: (_app, server) => {
        trace(server);
      },
    });
    const connection = await service.connect();
    const call = connection.startCall('default', 'source', [], () => undefined);
    await waitFor(() => source.observed, 'the subscription');
    connection.cancelCall(call);
    await waitFor(() => log.length > 0, 'the end hook');
    expect(log).toEqual(['end in the span']);
  });

  test('stand around an async generator', async () => {
    const service = await startService({
      ...setup,
      configure: (_app, server) => {
        trace(server);
      },
    });
    expect(await (await service.connect()).callMethod('default', 'generator', [])).toBe(1);
    await waitFor(() => log.length === 2, 'the end hook');
    expect(log).toEqual(['generator in the span', 'end in the span']);
  });

  test('may be an end hook alone', async () => {
    const service = await startService({
      ...setup,
      configure: (_app, server) => {
        server.setOnProcessingEndHook(() => log.push('end'));
      },
    });
    const connection = await service.connect();
    await connection.callMethod('default', 'value', []);
    connection.emitRemoteEvent('default', 'happened', []);
    await connection.ping();
    await waitFor(() => log.length === 4, 'the end hooks');
    expect(log).toEqual(['handler in undefined', 'end', 'handler in undefined', 'end']);
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('of the hook');
      },
    ],
    ['rejects', () => Promise.reject(new Error('of the hook'))],
  ])('a start hook that %s fails the call, not the service, and is logged', async (_title, hook) => {
    const kept = new KeptLog();
    const service = await startService({
      ...setup,
      logger: kept,
      configure: (_app, server) => {
        server.setOnProcessingStartHook(hook as never);
      },
    });
    const connection = await service.connect();
    expect((await callError(connection.callMethod('default', 'value', []))).code).toBe(16);
    connection.emitRemoteEvent('default', 'happened', []);
    await connection.ping();
    expect(kept.errors).toEqual([new Error('of the hook'), new Error('of the hook')]);
    expect(log).toEqual([]);
  });

  test('an end hook that throws leaves the answer alone, and is logged', async () => {
    const kept = new KeptLog();
    const service = await startService({
      ...setup,
      logger: kept,
      configure: (_app, server) => {
        server.setOnProcessingEndHook(() => {
          throw new Error('of the hook');
        });
      },
    });
    expect(await (await service.connect()).callMethod('default', 'value', [])).toBe('x');
    expect(kept.errors).toEqual([new Error('of the hook')]);
  });
});
