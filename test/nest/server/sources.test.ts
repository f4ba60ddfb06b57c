import type { Socket } from 'node:net';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import {
  Controller,
  UseInterceptors,
  ValidationPipe,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom, map, of, Subject, take, toArray, type Observable } from 'rxjs';
import {
  Arg,
  Application,
  JstpArgs,
  JstpClient,
  JstpContext,
  JstpInterface,
  JstpRecord,
  JstpSource,
  JstpStream,
  RemoteError,
  type Connection,
  type JstpClientOptions,
  type JstpServerOptions,
} from '../../../lib/index.js';
import { waitFor, within } from '../../support/wait-for.js';
import { LOOPBACK } from '../../support/ports.js';
import { atEnd, startService } from './fixture.js';

const notes: unknown[] = [];
let left = 0;

/** Walks through an argument, as ValidationPipe does, which would never end in what refers to a connection. */
class WalkingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    this.walk(value);
    return value;
  }

  private walk(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const key in value) this.walk((value as Record<string, unknown>)[key]);
  }
}

class Doubling implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
    return next.handle().pipe(map((value) => value * 2));
  }
}

@JstpInterface('sums')
@Controller()
class Sums {
  @MessagePattern('total')
  async total(@Payload(new WalkingPipe()) values: AsyncIterable<number>): Promise<number> {
    let total = 0;
    for await (const value of values) total += value;
    return total;
  }

  @MessagePattern('observed')
  observed(@Payload() values: Observable<number>): Observable<number[]> {
    return values.pipe(toArray());
  }

  @MessagePattern('running')
  running(@Payload() values: Observable<number>): Observable<number> {
    let total = 0;
    return values.pipe(map((value) => (total += value)));
  }

  @MessagePattern('echo')
  echo(@Payload() values: JstpSource<number>): JstpSource<number> {
    return values;
  }

  @UseInterceptors(Doubling)
  @MessagePattern('doubled')
  async *doubled(@Payload() values: AsyncIterable<number>): AsyncGenerator<number> {
    for await (const value of values) yield value + 1;
  }

  @MessagePattern('first')
  first(@Payload() values: Observable<number>): Observable<number> {
    return values.pipe(take(1));
  }

  @MessagePattern('named')
  async named(@Arg(0) name: string, @Arg(1) values: JstpSource<number>): Promise<string> {
    const all = await firstValueFrom(values.pipe(toArray()));
    return `${name}: ${all.join(',')}`;
  }

  @MessagePattern('validated')
  validated(
    @Payload(new ValidationPipe({ transform: true, whitelist: true })) values: JstpSource<number>,
  ): Observable<number[]> {
    return values.pipe(toArray());
  }

  @MessagePattern('validatedToo')
  validatedToo(
    @Payload(new ValidationPipe({ transform: true, whitelist: true })) values: Observable<number>,
  ): Observable<number[]> {
    return values.pipe(toArray());
  }

  @MessagePattern('ignored')
  ignored(@Payload() values: unknown): string {
    return values instanceof JstpSource ? 'a source' : 'none';
  }

  @MessagePattern('pieces')
  async pieces(@Payload() values: JstpSource<Buffer>): Promise<string> {
    const pieces: Buffer[] = [];
    await pipeline(values, async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) pieces.push(chunk);
    });
    return Buffer.concat(pieces).toString();
  }

  @MessagePattern('failing')
  async failing(@Payload() values: AsyncIterable<number>, @Ctx() context: JstpContext): Promise<void> {
    try {
      for await (const value of values) notes.push(value);
    } catch (error) {
      notes.push((error as RemoteError).code, context.getSignal().aborted);
      throw error;
    }
  }

  @MessagePattern('readable')
  readable(): Readable {
    const readable = new Readable({ objectMode: true, read: () => undefined });
    readable.push('one');
    readable.on('close', () => (left += 1));
    return readable;
  }

  @MessagePattern('show')
  async show(@Ctx() context: JstpContext): Promise<unknown[]> {
    const shown: unknown[] = [];
    for await (const value of context.getClient().stream('screen', 'show', of(1, 2, 3))) shown.push(value);
    return shown;
  }

  @MessagePattern('count')
  async *count(@Payload() to: number): AsyncGenerator<number> {
    try {
      for (let n = 1; n <= to; n++) {
        notes.push(n);
        yield await Promise.resolve(n);
      }
    } finally {
      left += 1;
    }
  }
}

async function start(
  options: JstpClientOptions = {},
  serverOptions: JstpServerOptions = {},
): Promise<JstpClient> {
  notes.length = 0;
  left = 0;
  const { port } = await startService({ controllers: [Sums], options: serverOptions });
  const client = new JstpClient({ host: LOOPBACK, port, ...options });
  atEnd(() => client.close());
  return client;
}

async function all(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const list: unknown[] = [];
  for await (const value of values) list.push(value);
  return list;
}

describe('a handler whose argument is a stream', () => {
  test('reads it as an async iterable, as an Observable, and as a stream of Node', async () => {
    const client = await start();
    expect(await within(client.call('sums', 'total', of(1, 2, 3)), 'the sum')).toBe(6);
    expect(await within(firstValueFrom(client.send('sums.total', Readable.from([4, 5]))), 'the sum')).toBe(9);
    expect(await within(client.call('sums', 'observed', Readable.from([1, 2])), 'the values')).toEqual([
      1, 2,
    ]);
    const text = Readable.from([Buffer.from('ab'), Buffer.from('cd')]);
    expect(await within(client.call('sums', 'pieces', text), 'the text')).toBe('abcd');
    for (const method of ['validated', 'validatedToo'])
      expect(await within(client.call('sums', method, of(1, 2)), method)).toEqual([1, 2]);
    const named = firstValueFrom(client.send('sums.named', JstpArgs.of('ann', of(1, 2))));
    expect(await within(named, 'the name')).toBe('ann: 1,2');
  });

  test('answers it with a stream, through interceptors, too', async () => {
    const client = await start();
    for (const [method, expected] of [
      ['running', [1, 3, 6]],
      ['echo', [1, 2, 3]],
      ['doubled', [4, 6, 8]],
      ['first', [1]],
    ] as const) {
      const values = client.send(`sums.${method}`, of(1, 2, 3)).pipe(toArray());
      expect([method, await within(firstValueFrom(values), method)]).toEqual([method, expected]);
      expect(await within(all(client.stream('sums', method, of(1, 2, 3))), method)).toEqual(expected);
    }
  });

  test('gets it past serializers and deserializers, which see null in its place', async () => {
    const seen: unknown[] = [];
    const copyOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
    const copy = (packet: { data?: unknown }): object => {
      const { data } = packet;
      seen.push(data);
      const copied = data instanceof JstpArgs ? JstpArgs.of(...data.values.map(copyOf)) : copyOf(data);
      return { ...packet, data: copied };
    };
    const client = await start(
      { serializer: { serialize: copy } },
      { deserializer: { deserialize: copy as never } },
    );
    const named = client.send('sums.named', JstpArgs.of('ann', of(1, 2)));
    expect(await within(firstValueFrom(named), 'the name')).toBe('ann: 1,2');
    expect(await within(client.call('sums', 'total', of(1, 2)), 'the sum')).toBe(3);
    expect(seen).toEqual([JstpArgs.of('ann', null), ['ann', null], JstpArgs.of(null), null]);
  });

  test('that does not read it, or enough of it, ends it', async () => {
    const client = await start();
    const untouched = Readable.from([1]);
    expect(await within(client.call('sums', 'ignored', untouched), 'the answer')).toBe('a source');
    expect([untouched.destroyed, untouched.readableDidRead]).toEqual([true, false]);
    const subject = new Subject<number>();
    const first = client.call('sums', 'first', subject);
    await waitFor(() => subject.observed, 'the subscription');
    subject.next(7);
    expect(await within(first, 'the first')).toBe(7);
    await waitFor(() => !subject.observed, 'the end of the source');
  });

  test('gets the error of its caller, and is cancelled', async () => {
    const client = await start();
    const subject = new Subject<number>();
    const failed = client.call('sums', 'failing', subject);
    await waitFor(() => subject.observed, 'the subscription');
    subject.next(1);
    subject.error(new RemoteError(1001, 'half way'));
    await expect(within(failed, 'the error')).rejects.toMatchObject({ code: 1001, message: 'half way' });
    await waitFor(() => notes.length >= 3, 'the error at the handler');
    expect(notes.slice(0, 2)).toEqual([1, 1001]);
  });

  test('of a client that is not connected yet may fail before it is sent', async () => {
    const client = await start();
    const failed = client.call('sums', 'total', createReadStream('/no/such/file'));
    await expect(within(failed, 'the error')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('that is cancelled gets -8', async () => {
    const client = await start();
    const subject = new Subject<number>();
    const subscription = client.send('sums.failing', subject).subscribe({ error: () => undefined });
    await waitFor(() => subject.observed, 'the subscription');
    subscription.unsubscribe();
    await waitFor(() => notes.length === 2, 'the error at the handler');
    expect([notes, subject.observed]).toEqual([[-8, true], false]);
  });
});

describe('JstpClient.stream', () => {
  test('is read one by one, and holds the handler back', async () => {
    const client = await start();
    const stream = client.stream<number>('sums', 'count', 300);
    expect((await within(stream.next(), 'a value')).value).toBe(1);
    const connection = client.unwrap<Connection>();
    for (let n = 0; n < 3; n++) await within(connection.ping(), 'a pong');
    expect(notes.length).toBeLessThanOrEqual(65 + 64);
    expect(await within(all(stream), 'the rest')).toEqual(Array.from({ length: 299 }, (_, n) => n + 2));
  });

  test('ends the handler when it is left, and a stream of Node at once', async () => {
    const client = await start();
    for await (const value of client.stream('sums', 'count', 300)) if (value === 3) break;
    await waitFor(() => left === 1, 'the end of the generator');
    for await (const value of client.stream('sums', 'readable')) if (value === 'one') break;
    await waitFor(() => left === 2, 'the end of the stream of Node');
  });

  test('is typed by the handlers, as a proxy is', async () => {
    const client = await start();
    const sums = client.streams<Sums>('sums', { metadata: { trace: 'x' } });
    const running: JstpStream<number> = sums.running(of(1, 2));
    expect(await within(all(running), 'the sums')).toEqual([1, 3]);
    const total: number = await client.proxy<Sums>('sums').total(Readable.from([1, 2]));
    expect(total).toBe(3);
    // @ts-expect-error -- a number is no stream of numbers
    const wrong = client.proxy<Sums>('sums').total(5);
    await expect(within(wrong, 'the error')).rejects.toBeDefined();
  });

  test('passes interceptors, limits and records, and goes on over cuts', async () => {
    const client = await start({
      timeout: 20_000,
      interceptors: [(call, next) => next(call).pipe(map((value) => (value as number) * 10))],
    });
    const record = new JstpRecord(JstpArgs.of(500), { metadata: { trace: 'x' } });
    const values: unknown[] = [];
    for await (const value of client.stream('sums', 'count', record)) {
      values.push(value);
      if (values.length % 200 === 0) (client.unwrap<Connection>().getTransport() as Socket).destroy();
    }
    expect(values).toEqual(Array.from({ length: 500 }, (_, n) => (n + 1) * 10));
  });

  test('is not tried again with a stream that was read', async () => {
    const client = await start({ retry: { codes: [1001], minDelayMs: 1 } });
    const subject = new Subject<number>();
    const record = new JstpRecord(subject, { idempotent: true });
    const failed = firstValueFrom(client.send('sums.failing', record));
    await waitFor(() => subject.observed, 'the subscription');
    subject.error(new RemoteError(1001));
    await expect(within(failed, 'the error')).rejects.toMatchObject({ code: 1001 });
    await within(client.call('sums', 'ignored', 1), 'another call');
    expect(notes.filter((note) => note === 1001)).toEqual([1001]);
  });
});

test('a handler streams to what its client exposes, and back', async () => {
  const application = new Application<Connection>('side', {});
  Object.assign(application, {
    handleCall: async (call: {
      args: unknown[];
      openStream(): { write(value: unknown): void; end(): void };
    }) => {
      const out = call.openStream();
      for await (const value of call.args[0] as JstpStream<number>) out.write(value * 3);
      out.end();
    },
  });
  const client = await start({ application });
  expect(await within(client.call('sums', 'show'), 'what was shown')).toEqual([3, 6, 9]);
});
