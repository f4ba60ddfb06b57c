import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { of, range, type Observable } from 'rxjs';
import { Arg } from '../../../lib/index.js';
import { takesTime } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { callError, KeptLog, startService, type Service } from './fixture.js';

type Packet = Record<string, unknown>;
type Conversion = (packet: Packet) => unknown;

const handled: unknown[] = [];

@Controller()
class SerializedController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }

  @MessagePattern('sum')
  sum(@Arg(0) first: number, @Arg(1) second: number): number {
    return first + second;
  }

  @MessagePattern('values')
  values(): Observable<number> {
    return of(1, 2, 3);
  }

  @MessagePattern('endless')
  endless(): Observable<number> {
    return range(0, 10_000);
  }

  @MessagePattern('generator')
  async *generator(): AsyncGenerator<number> {
    yield* [1, 2, 3];
    await takesTime(1);
  }

  @MessagePattern('failing generator')
  async *failing(): AsyncGenerator<number> {
    yield 1;
    await takesTime(1);
    throw new RpcException({ code: 7, message: 'seven' });
  }

  @EventPattern<string>('happened')
  happened(@Payload() data: unknown): void {
    handled.push(data);
  }
}

const controllers = [SerializedController];

const serializing = (serialize: Conversion, log = new KeptLog()): Promise<Service> =>
  startService({ controllers, logger: log, options: { serializer: { serialize } } });

const deserializing = (deserialize: Conversion, log = new KeptLog()): Promise<Service> =>
  startService({
    controllers,
    logger: log,
    options: { deserializer: { deserialize: deserialize as never } },
  });

async function streamOf(service: Service, method: string): Promise<{ values: unknown[]; error: unknown }> {
  const connection = await service.connect();
  const values: unknown[] = [];
  const error = await new Promise<unknown>((resolve) => {
    connection.startCall('default', method, [], resolve, { onItem: (value) => values.push(value) });
  });
  return { values, error };
}

afterEach(() => {
  handled.length = 0;
});

describe('a serializer', () => {
  test.each<[string, Conversion, unknown]>([
    ['Nest’s envelope', (packet) => ({ ...packet, response: 'enveloped' }), 'enveloped'],
    ['an envelope without a response', () => ({ isDisposed: true }), undefined],
    ['a text', () => 'bare', 'bare'],
    ['null', () => null, null],
    ['an object of its own', () => ({ of: 'its own' }), { of: 'its own' }],
    ['a promise', async (packet) => Promise.resolve({ response: [packet['response']] }), ['x']],
  ])('may return %s', async (_title, serialize, expected) => {
    const connection = await (await serializing(serialize)).connect();
    expect(await connection.callMethod('default', 'echo', ['x'])).toEqual(expected);
  });

  test('is given an id for each call, and what is the last', async () => {
    const packets: Packet[] = [];
    const service = await serializing((packet) => {
      packets.push(packet);
      return packet;
    });
    const connection = await service.connect();
    await connection.callMethod('default', 'echo', ['x']);
    await streamOf(service, 'values');
    expect(packets).toEqual([
      { id: '1', response: 'x', isDisposed: true },
      ...[1, 2, 3].map((response) => ({ id: '2', response, isDisposed: false })),
    ]);
  });

  test('may make an error of a result, and a result of an error', async () => {
    const toError = await (await serializing(() => ({ err: { code: 5, message: 'five' } }))).connect();
    expect(await callError(toError.callMethod('default', 'echo', ['x']))).toMatchObject({
      code: 5,
      message: 'five',
    });
    const toResult = await (await serializing(() => ({ response: 'no error' }))).connect();
    expect(await toResult.callMethod('default', 'unknown', [])).toBe('no error');
  });

  test('leaves the code of a missing handler alone', async () => {
    const connection = await (await serializing((packet) => packet)).connect();
    expect((await callError(connection.callMethod('none', 'x', []))).code).toBe(12);
    expect((await callError(connection.callMethod('default', 'x', []))).code).toBe(14);
  });

  test.each<[string, Conversion]>([
    [
      'throws',
      () => {
        throw new Error('of the serializer');
      },
    ],
    ['rejects', () => Promise.reject(new Error('of the serializer'))],
  ])('that %s fails the call with 16, and is logged', async (_title, serialize) => {
    const log = new KeptLog();
    const connection = await (await serializing(serialize, log)).connect();
    expect((await callError(connection.callMethod('default', 'echo', ['x']))).code).toBe(16);
    expect(log.errors).toEqual([new Error('of the serializer')]);
  });

  test('that throws at a value of a stream ends the stream', async () => {
    const service = await serializing((packet) => {
      if (packet['response'] === 2) throw new Error('of the serializer');
      return packet;
    });
    expect(await streamOf(service, 'values')).toMatchObject({ values: [1], error: { code: 16 } });
  });

  test.each<[string, Conversion]>([
    ['at once', (packet) => packet],
    ['later', async (packet) => takesTime(1, packet)],
  ])('converts the values of an async generator in their order (%s)', async (_title, serialize) => {
    const service = await serializing(serialize);
    expect(await streamOf(service, 'generator')).toEqual({ values: [1, 2, 3], error: null });
    expect(await streamOf(service, 'failing generator')).toMatchObject({ values: [1], error: { code: 7 } });
  });

  test('of a stream that overflows ends with the code of that', async () => {
    const service = await startService({
      controllers,
      options: {
        serializer: { serialize: (packet) => packet as unknown },
        limits: { maxStreamBufferItems: 10 },
      },
    });
    const wire = service.open();
    wire.write("{handshake:[0,'jstp','',{stream:1}]}", "{call:[1,'default'],endless:[]}");
    const isAnswered = (frame: string): boolean => frame.startsWith('{callback:[1],error:[-6');
    const frames = await wire.frames(66);
    expect(frames.some(isAnswered)).toBe(true);
  });
});

describe('a deserializer', () => {
  test('is given pattern, data, id and metadata of a call, and no id of an event', async () => {
    const packets: Packet[] = [];
    const service = await deserializing((packet) => {
      packets.push(packet);
      return packet;
    });
    const wire = service.open();
    const call = "{call:[1,'default',{traceparent:'x'}],echo:[5]}";
    wire.write("{handshake:[0,'jstp']}", call, "{event:[2,'default'],happened:[6]}");
    await wire.frames(2);
    await waitFor(() => handled.length > 0, 'the event');
    expect(packets).toEqual([
      { pattern: 'echo', data: 5, id: '1', metadata: { traceparent: 'x' } },
      { pattern: 'happened', data: 6, metadata: undefined },
    ]);
  });

  test('is given the array of arguments of a handler with @Arg', async () => {
    const double: Conversion = ({ data }) => ({ data: (data as number[]).map((value) => value * 2) });
    const connection = await (await deserializing(double)).connect();
    expect(await connection.callMethod('default', 'sum', [1, 2])).toBe(6);
    expect((await callError(connection.callMethod('default', 'sum', [1]))).code).toBe(17);
  });

  test('that returns nothing makes no data', async () => {
    const connection = await (await deserializing(() => null)).connect();
    expect(await connection.callMethod('default', 'echo', [5])).toBeUndefined();
  });

  test('that throws fails the call with 16, drops the event, and is logged', async () => {
    const log = new KeptLog();
    const service = await deserializing(() => {
      throw new Error('of the deserializer');
    }, log);
    const connection = await service.connect();
    expect((await callError(connection.callMethod('default', 'echo', [5]))).code).toBe(16);
    connection.emitRemoteEvent('default', 'happened', [6]);
    await connection.ping();
    expect(handled).toEqual([]);
    expect(log.errors).toEqual([new Error('of the deserializer'), new Error('of the deserializer')]);
  });

  test('that is slow for one client does not keep another waiting', async () => {
    const service = await deserializing(({ data }) => takesTime(data === 'slow' ? 200 : 0, { data }));
    const [slow, fast] = [await service.connect(), await service.connect()];
    const answers: string[] = [];
    const calls = [slow, fast].map(async (connection) => {
      answers.push(
        String(await connection.callMethod('default', 'echo', [connection === slow ? 'slow' : 'fast'])),
      );
    });
    await Promise.all(calls);
    expect(answers).toEqual(['fast', 'slow']);
  });
});
