import { describe, expect, test } from '@jest/globals';
import { Controller, UseInterceptors, type CallHandler, type ExecutionContext } from '@nestjs/common';
import { MessagePattern, RpcException } from '@nestjs/microservices';
import { of, type Observable } from 'rxjs';
import {
  Application,
  JstpArgs,
  JstpInterface,
  RemoteError,
  type JstpServerOptions,
} from '../../../lib/index.js';
import { waitFor } from '../../support/wait-for.js';
import { KeptLog, startService } from './fixture.js';

const MAX_MESSAGE_BYTES = 2000;

function cycle(): object {
  const made: Record<string, unknown> = {};
  made['itself'] = made;
  return made;
}

class Passing {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

@Controller()
class OddController {
  @MessagePattern('bigint')
  bigint(): bigint {
    return 5n;
  }

  @MessagePattern('cycle')
  async cycle(): Promise<object> {
    return Promise.resolve(cycle());
  }

  @MessagePattern('large')
  large(): string {
    return 'x'.repeat(MAX_MESSAGE_BYTES);
  }

  @MessagePattern('among several')
  several(): JstpArgs {
    return JstpArgs.of(1, { deep: [2n] });
  }

  @MessagePattern('observable')
  observable(): Observable<unknown> {
    return of(1, cycle());
  }

  @UseInterceptors(Passing)
  @MessagePattern('generator')
  async *generator(): AsyncGenerator<unknown> {
    yield 1;
    yield await Promise.resolve(2n);
  }

  @MessagePattern('iterable')
  iterable(): AsyncGenerator<unknown> {
    return this.generator();
  }

  @MessagePattern('large error')
  largeError(): never {
    throw new RpcException({ message: 'x'.repeat(MAX_MESSAGE_BYTES) });
  }

  @MessagePattern('remote error')
  remoteError(): never {
    throw new RpcException(new RemoteError(1001, 'no', [5n]));
  }

  @MessagePattern('error')
  error(): never {
    throw new RpcException({ code: 7, message: 'seven', of: 5n });
  }
}

@JstpInterface('odd')
@Controller()
class DecoratedController {
  @MessagePattern('bigint')
  run(): bigint {
    return 5n;
  }
}

describe('what a handler answers and cannot be sent', () => {
  const setup = { controllers: [OddController, DecoratedController] };

  async function failing(
    iface: string,
    method: string,
    options: JstpServerOptions = {},
    extensions: 'nest'[] = [],
  ): Promise<{ error: unknown; errors: unknown[] }> {
    const log = new KeptLog();
    const limits = { maxMessageBytes: MAX_MESSAGE_BYTES };
    const service = await startService({ ...setup, logger: log, options: { limits, ...options } });
    const connection = await service.connect('jstp', { extensions: ['stream', ...extensions] });
    let ended: { error: unknown } | undefined;
    const done = (error: unknown): void => {
      ended = { error };
    };
    connection.startCall(iface, method, [], done, { onItem: () => undefined });
    await waitFor(() => ended !== undefined, 'the answer');
    await connection.ping();
    return { error: ended?.error, errors: log.errors };
  }

  test.each([
    ['bigint', 'OddController.bigint: What default.bigint answers cannot be sent: '],
    ['cycle', 'OddController.cycle: What default.cycle answers cannot be sent: '],
    ['large', 'OddController.large: What default.large answers cannot be sent: '],
    ['among several', 'OddController.several: What default.among several answers cannot be sent: '],
    ['observable', 'OddController.observable: What default.observable answers cannot be sent: '],
    ['generator', 'OddController.generator: What default.generator answers cannot be sent: '],
    ['iterable', 'OddController.iterable: What default.iterable answers cannot be sent: '],
    ['large error', 'OddController.largeError: What default.large error answers cannot be sent: '],
    ['remote error', 'OddController.remoteError: What default.remote error answers cannot be sent: '],
  ])('is 16 to the caller, and one line of the log with class and method (%s)', async (method, line) => {
    const { error, errors } = await failing('default', method);
    expect(error).toMatchObject({ code: 16 });
    expect(errors).toEqual([expect.stringContaining(line)]);
  });

  test('for being too large is ten lines of the log in a minute, however often a client asks for it', async () => {
    const log = new KeptLog();
    const service = await startService({ ...setup, logger: log });
    const wire = service.open();
    const calls = Array.from({ length: 30 }, (_, n) => `{call:[${String(n + 1)},'default'],large:[]}`);
    wire.write("{handshake:[0,'jstp','',{stream:1,max:1}]}", ...calls);
    const frames = await wire.frames(31);
    expect(frames.slice(1)).toEqual(calls.map((_, n) => `{callback:[${String(n + 1)}],error:[16]}`));
    expect(log.errors).toHaveLength(10);
    expect(log.errors).toContainEqual(
      expect.stringContaining('OddController.large: What default.large answers'),
    );
  });

  test('is one line of the log for a decorated handler, and where a serializer is in between', async () => {
    const serializer = { serialize: (packet: unknown) => packet };
    const line = expect.stringContaining('DecoratedController.run: What odd.bigint answers cannot be sent: ');
    expect((await failing('odd', 'bigint')).errors).toEqual([line]);
    expect((await failing('odd', 'bigint', { serializer })).errors).toEqual([line]);
    const { errors } = await failing('default', 'observable', { serializer });
    expect(errors).toEqual([expect.stringContaining('OddController.observable: ')]);
  });

  test('is left out of an error that has more to say, and is one line of the log', async () => {
    const { error, errors } = await failing('default', 'error', {}, ['nest']);
    expect(error).toMatchObject({ code: 7, message: 'seven' });
    expect(errors).toEqual([expect.stringContaining('OddController.error: What default.error answers')]);
  });

  test('is named by interface and method where a core application has answered it', async () => {
    const core = new Application('core', {
      iface: { method: async (_connection: unknown) => Promise.resolve(5n) },
    });
    const log = new KeptLog();
    const service = await startService({ ...setup, logger: log, options: { applications: [core] } });
    const wire = service.open();
    wire.write("{handshake:[0,'core']}", "{call:[1,'iface'],method:[]}");
    expect((await wire.frames(2))[1]).toBe('{callback:[1],error:[16]}');
    expect(log.errors.map(String)).toEqual([
      expect.stringContaining('UnsendableAnswer: What iface.method answers cannot be sent: '),
    ]);
  });
});
