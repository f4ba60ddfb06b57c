import type { Socket } from 'node:net';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Observable, of, Subject } from 'rxjs';
import {
  JstpStream,
  RemoteError,
  type ClientOptions,
  type Connection,
  type IncomingCall,
  type Limits,
  type Server,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, startCore } from '../support/core.js';
import { Taker } from '../support/taker.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
let calls: IncomingCall<Connection>[];

beforeEach(() => {
  calls = [];
});
afterEach(() => closing.run());

interface Pair {
  readonly connection: Connection;
  readonly server: Server;
}

async function pair(limits: Partial<Limits> = {}, options: ClientOptions = {}): Promise<Pair> {
  const { port, server } = await startCore(closing, { applications: [new Taker(calls)], limits });
  return { connection: await dial(closing, port, options), server };
}

/** Makes a call, and waits until it is there. */
async function called(
  connection: Connection,
  ...args: unknown[]
): Promise<{ answer: Promise<unknown>; call: IncomingCall<Connection>; given: unknown[] }> {
  const count = calls.length;
  const answer = connection.callMethod('files', 'upload', args);
  await waitFor(() => calls.length > count, 'the call');
  return { answer, call: calls[count], given: calls[count].args };
}

async function all(stream: unknown): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of stream as JstpStream) values.push(value);
  return values;
}

/** A source that notes how far it has come, and whether it was ended. */
class Counter {
  made = 0;
  isOver = false;

  async *values(to: number): AsyncGenerator<number> {
    try {
      for (let n = 1; n <= to; n++) {
        this.made = n;
        yield await Promise.resolve(n);
      }
    } finally {
      this.isOver = true;
    }
  }
}

const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);

describe('an argument that is a stream', () => {
  test('arrives as one, beside the others in their places', async () => {
    const { connection } = await pair();
    const { answer, call, given } = await called(connection, 'a', new Counter().values(200), { b: null });
    expect([given[0], given[2]]).toEqual(['a', { b: null }]);
    expect(given[1]).toBeInstanceOf(JstpStream);
    expect(await within(all(given[1]), 'the values')).toEqual(numbers(200));
    call.succeed(['done']);
    expect(await within(answer, 'the answer')).toBe('done');
  });

  test.each([
    ['an Observable', () => of(1, 2, 3)],
    ['a Readable', () => Readable.from([1, 2, 3])],
    [
      'a ReadableStream',
      () =>
        new ReadableStream({
          start: (to) => {
            for (const value of [1, 2, 3]) to.enqueue(value);
            to.close();
          },
        }),
    ],
    ['a ReadableStream that is not iterable', () => onlyReader(Readable.toWeb(Readable.from([1, 2, 3])))],
    [
      'an Observable that is iterable',
      () => Object.assign(of(), { [Symbol.asyncIterator]: () => Readable.from([1, 2, 3]).iterator() }),
    ],
    [
      'an object that is iterable',
      () => ({ [Symbol.asyncIterator]: () => Readable.from([1, 2, 3]).iterator() }),
    ],
    ['a stream of a peer', async () => (await called((await pair()).connection, of(1, 2, 3))).given[0]],
  ])('may be %s', async (_name, make) => {
    const source: unknown = await Promise.resolve(make());
    const { given } = await called((await pair()).connection, source);
    expect(await within(all(given[0]), 'the values')).toEqual([1, 2, 3]);
  });

  test('is asked for no more than is read', async () => {
    const { connection } = await pair();
    const counter = new Counter();
    const { given } = await called(connection, counter.values(1000));
    const stream = given[0] as JstpStream<number>;
    for (let n = 0; n < 3; n++) await within(connection.ping(), 'a pong');
    expect(counter.made).toBe(0);
    for (let n = 1; n <= 100; n++) expect((await within(stream.next(), 'a value')).value).toBe(n);
    for (let n = 0; n < 3; n++) await within(connection.ping(), 'a pong');
    expect(counter.made).toBeGreaterThan(100);
    expect(counter.made).toBeLessThanOrEqual(100 + 64 + 1);
  });

  test('of large values is asked for few of them ahead', async () => {
    const { connection } = await pair();
    let made = 0;
    async function* large(): AsyncGenerator<string> {
      for (;;) {
        made += 1;
        yield await Promise.resolve('x'.repeat(500_000));
      }
    }
    const { given } = await called(connection, large());
    const stream = given[0] as JstpStream<string>;
    for (let n = 0; n < 20; n++) await within(stream.next(), 'a value');
    for (let n = 0; n < 3; n++) await within(connection.ping(), 'a pong');
    expect(made).toBeLessThanOrEqual(20 + 3);
    await stream.return();
  });

  test('streams both ways in one call', async () => {
    const { connection } = await pair();
    const questions = new Subject<number>();
    const answers = connection.stream<number>('files', 'double', [questions]);
    await waitFor(() => calls.length > 0, 'the call');
    const [call] = calls;
    void (async () => {
      const out = call.openStream();
      for await (const value of call.args[0] as JstpStream<number>) out.write(value * 2);
      out.end();
    })();
    await waitFor(() => questions.observed, 'the subscription');
    for (let n = 1; n <= 3; n++) {
      questions.next(n);
      expect((await within(answers.next(), 'an answer')).value).toBe(n * 2);
    }
    questions.complete();
    expect((await within(answers.next(), 'the end')).done).toBe(true);
  });

  test('goes from the server to the client as well', async () => {
    const application = new Taker(calls);
    const { server } = await pair({}, { application });
    const [connection] = server.getClientsArray();
    const { given, call, answer } = await called(connection, new Counter().values(100));
    expect(await within(all(given[0]), 'the values')).toEqual(numbers(100));
    call.succeed([1]);
    expect(await within(answer, 'the answer')).toBe(1);
  });

  test('may be one of several, each with its own speed', async () => {
    const { connection } = await pair();
    const { given } = await called(connection, new Counter().values(50), new Counter().values(90));
    expect(await within(all(given[1]), 'the second')).toEqual(numbers(90));
    expect(await within(all(given[0]), 'the first')).toEqual(numbers(50));
  });
});

function onlyReader(stream: ReadableStream): object {
  return new (class {
    getReader(): unknown {
      return stream.getReader();
    }
  })();
}

describe('a source ends', () => {
  test('when its reader leaves, and the call goes on', async () => {
    const { connection } = await pair();
    const counter = new Counter();
    const { given, call, answer } = await called(connection, counter.values(1000));
    for await (const value of given[0] as JstpStream<number>) if (value === 5) break;
    await waitFor(() => counter.isOver, 'the end of the source');
    expect(call.isOpen).toBe(true);
    call.succeed(['enough']);
    expect(await within(answer, 'the answer')).toBe('enough');
  });

  test('with the call, and who still reads it is told', async () => {
    const { connection } = await pair();
    const counter = new Counter();
    const { given, call, answer } = await called(connection, counter.values(1000));
    const stream = given[0] as JstpStream<number>;
    await within(stream.next(), 'a value');
    call.succeed([]);
    await within(answer, 'the answer');
    await waitFor(() => counter.isOver, 'the end of the source');
    await expect(stream.next()).rejects.toMatchObject({ code: -8 });
  });

  test('that has come to its end is read to that, however early the call is over', async () => {
    const { connection } = await pair();
    const { given, call, answer } = await called(connection, of(1, 2, 3));
    const stream = given[0] as JstpStream<number>;
    expect((await within(stream.next(), 'a value')).value).toBe(1);
    for (let n = 0; n < 3; n++) await within(connection.ping(), 'a pong');
    call.succeed([]);
    await within(answer, 'the answer');
    expect(await all(stream)).toEqual([2, 3]);
  });

  test('that nobody has read is never begun; a stream of Node is destroyed', async () => {
    const { connection } = await pair();
    const counter = new Counter();
    const readable = Readable.from([1, 2, 3]);
    let isCancelled = false;
    const web = new ReadableStream({ cancel: () => void (isCancelled = true) });
    const { call, answer } = await called(connection, counter.values(3), readable, web);
    call.succeed([]);
    await within(answer, 'the answer');
    expect([counter.made, readable.destroyed, readable.readableDidRead]).toEqual([0, true, false]);
    expect(isCancelled).toBe(true);
  });

  test('when the caller cancels: the reader gets -8', async () => {
    const { connection } = await pair();
    const counter = new Counter();
    const controller = new AbortController();
    const source = counter.values(1000);
    const answer = connection.callMethod('files', 'upload', [source], { signal: controller.signal });
    await waitFor(() => calls.length > 0, 'the call');
    const [call] = calls;
    const stream = call.args[0] as JstpStream<number>;
    await within(stream.next(), 'a value');
    controller.abort();
    await expect(within(answer, 'the error')).rejects.toMatchObject({ code: -8 });
    await waitFor(() => call.signal.aborted && counter.isOver, 'the end of both sides');
    await expect(within(all(stream), 'the error')).rejects.toMatchObject({ code: -8 });
  });

  test('while it waits for its next value: a stream of Node is destroyed at once', async () => {
    const { connection } = await pair();
    const readable = new Readable({ objectMode: true, read: () => undefined });
    readable.push(1);
    const { given, call } = await called(connection, readable);
    await within((given[0] as JstpStream).next(), 'a value');
    call.succeed([]);
    await waitFor(() => readable.destroyed, 'the end of the stream');
  });

  test('with an error, which the caller gets itself, and the reader without its text', async () => {
    const { connection } = await pair();
    const failure = Object.assign(new Error('/home/ann/secret.txt'), { code: 'ENOENT' });
    async function* failing(): AsyncGenerator<number> {
      yield await Promise.resolve(1);
      throw failure;
    }
    const { given, call, answer } = await called(connection, failing());
    const stream = given[0] as JstpStream<number>;
    expect((await within(stream.next(), 'a value')).value).toBe(1);
    const error: unknown = await within(stream.next(), 'the error').then(
      undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 16 });
    expect(String(error)).not.toContain('secret');
    await expect(within(answer, 'the outcome')).rejects.toBe(failure);
    await waitFor(() => call.signal.aborted, 'the cancel');
  });

  test('with the error of a stream of Node that fails before anybody reads it, at once', async () => {
    const { connection } = await pair();
    const file = createReadStream('/no/such/file');
    const { call, answer } = await called(connection, file);
    await expect(within(answer, 'the outcome')).rejects.toMatchObject({ code: 'ENOENT' });
    await waitFor(() => call.signal.aborted, 'the cancel');
    // It has failed by now.
    const again = connection.callMethod('files', 'upload', [file]);
    await expect(within(again, 'the outcome')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('with a RemoteError, which both get', async () => {
    const { connection } = await pair();
    const source = new Observable((subscriber) => {
      subscriber.error(new RemoteError(1001, 'half way', ['line 7']));
    });
    const { given, answer } = await called(connection, source);
    await expect(within(all(given[0]), 'the error')).rejects.toMatchObject({
      code: 1001,
      message: 'half way',
      info: ['line 7'],
    });
    await expect(within(answer, 'the outcome')).rejects.toMatchObject({ code: 1001 });
  });

  test.each([
    ['that cannot be written', () => of(1, 10n)],
    ['that is too large', () => of(1, 'x'.repeat(9_000_000))],
  ])('with an error at a value %s', async (_name, make) => {
    const { connection } = await pair();
    const { given, answer } = await called(connection, make());
    const values: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const value of given[0] as JstpStream) values.push(value);
    };
    await expect(within(read(), 'the error')).rejects.toMatchObject({ code: 16 });
    expect(values).toEqual([1]);
    await expect(within(answer, 'the outcome')).rejects.toThrow();
  });

  test('with -6 where an Observable brings more than limits.maxStreamBufferItems ahead', async () => {
    const { connection } = await pair({}, { limits: { maxStreamBufferItems: 20 } });
    const { given, answer } = await called(connection, of(...numbers(100)));
    await expect(within(all(given[0]), 'the error')).rejects.toMatchObject({ code: -6 });
    await expect(within(answer, 'the outcome')).rejects.toMatchObject({ code: -6 });
  });

  test('though its end throws, and the caller gets the answer', async () => {
    const { connection } = await pair();
    const errors: unknown[] = [];
    connection.on('error', (error) => errors.push(error));
    const failure = new Error('in the teardown');
    const source = new Observable<number>((subscriber) => {
      subscriber.next(1);
      return () => {
        throw failure;
      };
    });
    const { given, call, answer } = await called(connection, source);
    await within((given[0] as JstpStream).next(), 'a value');
    call.succeed(['done']);
    expect(await within(answer, 'the answer')).toBe('done');
    await waitFor(() => errors.length === 1, 'the report');
    expect((errors[0] as { errors?: unknown[] }).errors).toEqual([failure]);
  });

  test('with its connection', async () => {
    const { connection } = await pair();
    const counter = new Counter();
    const { given, answer } = await called(connection, counter.values(1000));
    const stream = given[0] as JstpStream<number>;
    await within(stream.next(), 'a value');
    connection.close();
    await expect(within(answer, 'the outcome')).rejects.toBe(-1);
    await waitFor(() => counter.isOver, 'the end of the source');
  });
});

describe('streams both ways over cuts', () => {
  test('lose nothing, repeat nothing and keep their order', async () => {
    const { connection } = await pair({}, { reconnector: (_connection, reconnect) => reconnect() });
    const answers = connection.stream<number>('files', 'echo', [new Counter().values(1000)]);
    await waitFor(() => calls.length > 0, 'the call');
    const [call] = calls;
    void (async () => {
      const out = call.openStream();
      for await (const value of call.args[0] as JstpStream<number>) if (!out.write(value)) await out.ready();
      out.end();
    })();
    const values: number[] = [];
    for await (const value of answers) {
      values.push(value);
      if (value % 150 === 0) (connection.getTransport() as Socket | undefined)?.destroy();
    }
    expect(values).toEqual(numbers(1000));
  });

  test('goes on where it was when nothing was on its way', async () => {
    const { connection } = await pair({}, { reconnector: (_connection, reconnect) => reconnect() });
    const subject = new Subject<number>();
    const { given } = await called(connection, subject);
    const stream = given[0] as JstpStream<number>;
    const first = stream.next();
    await waitFor(() => subject.observed, 'the subscription');
    subject.next(1);
    expect((await within(first, 'a value')).value).toBe(1);
    const cut = new Promise((resolve) => connection.once('close', resolve));
    (connection.getTransport() as Socket).destroy();
    await within(cut, 'the cut');
    subject.next(2);
    subject.complete();
    expect(await within(all(stream), 'the rest')).toEqual([2]);
  });
});

test('a call with a stream that was never sent goes out in the next session', async () => {
  const again: (() => void)[] = [];
  const { port, server } = await startCore(closing, {
    applications: [new Taker(calls)],
    clientExpirationTime: 1,
  });
  const connection = await dial(closing, port, {
    reconnector: (_connection, reconnect) => void again.push(reconnect),
  });
  const lost = new Promise((resolve) => connection.once('sessionLost', resolve));
  (connection.getTransport() as Socket).destroy();
  await waitFor(() => again.length > 0, 'the cut');
  const answer = connection.callMethod('files', 'upload', ['a', Readable.from([1, 2, 3])]);
  await waitFor(() => server.getUsage().sessions.used === 0, 'the end of the session');
  again[0]();
  await within(lost, 'the news');
  await waitFor(() => {
    again.splice(1).forEach((reconnect) => reconnect());
    return calls.length > 0;
  }, 'the call');
  expect(await within(all(calls[0].args[1]), 'the values')).toEqual([1, 2, 3]);
  calls[0].succeed([7]);
  expect(await within(answer, 'the answer')).toBe(7);
});

describe('what cannot stream', () => {
  test.each([
    ['knows no sources', ['stream', 'cancel', 'resume']],
    ['agrees on no resume', ['stream', 'source', 'cancel']],
  ] as const)('a call to a peer that %s fails before anything is sent', async (_name, extensions) => {
    const { connection } = await pair({}, { extensions });
    expect(connection.extensions.source).toBe(false);
    const sent: unknown[] = [];
    connection.on('outgoingMessage', (message) => sent.push(message));
    const readable = Readable.from([1]);
    const failed = connection.callMethod('files', 'upload', ['a', readable]);
    await expect(within(failed, 'the error')).rejects.toMatchObject({
      code: 'ERR_JSTP_STREAM_ARGUMENT',
      message: expect.stringContaining('files.upload: the argument 1 is a stream'),
    });
    expect([sent, readable.destroyed]).toEqual([[], false]);
  });

  test('an event has none', async () => {
    const { connection } = await pair();
    expect(connection.sendEvent('files', 'uploaded', [of(1)])).toMatchObject({
      code: 'ERR_JSTP_STREAM_ARGUMENT',
    });
  });

  test('what was read once is not sent again', async () => {
    const { connection } = await pair();
    const readable = Readable.from([1]);
    const { given, call } = await called(connection, readable);
    expect(await within(all(given[0]), 'the values')).toEqual([1]);
    call.succeed([]);
    await expect(connection.callMethod('files', 'upload', [readable])).rejects.toMatchObject({
      code: 'ERR_JSTP_STREAM_ARGUMENT',
      message: expect.stringContaining('was read before'),
    });
  });

  test('one stream is no two arguments, and of two calls with it one fails', async () => {
    const { connection } = await pair();
    const readable = Readable.from([1, 2]);
    await expect(connection.callMethod('files', 'upload', [readable, readable])).rejects.toMatchObject({
      code: 'ERR_JSTP_STREAM_ARGUMENT',
      message: expect.stringContaining('the argument 1 is a stream, and so is another one'),
    });
    const first = await called(connection, readable);
    const second = await called(connection, readable);
    expect(await within(all(first.given[0]), 'the values')).toEqual([1, 2]);
    await expect(within(all(second.given[0]), 'the error')).rejects.toMatchObject({ code: 16 });
    await expect(within(second.answer, 'the error')).rejects.toMatchObject({
      code: 'ERR_JSTP_STREAM_ARGUMENT',
    });
    first.call.succeed([]);
    await within(first.answer, 'the answer');
  });

  test('a call that reads no stream of its arguments ends after limits.maxCallDurationMs; one that does goes on', async () => {
    const { connection } = await pair({ maxCallDurationMs: 50 });
    const reading = await called(connection, new Subject());
    const next = (reading.given[0] as JstpStream).next();
    const { answer } = await called(connection, new Subject());
    await expect(within(answer, 'the error')).rejects.toMatchObject({ code: -7 });
    expect(reading.call.isOpen).toBe(true);
    reading.call.succeed([1]);
    expect(await within(reading.answer, 'the answer')).toBe(1);
    await expect(within(next, 'the end of its stream')).rejects.toMatchObject({ code: -8 });
  });

  test('more streams than limits.maxStreams fail their call with -13', async () => {
    const { connection } = await pair({ maxStreams: 2 });
    const { call, answer, given } = await called(connection, new Subject());
    await expect(
      within(connection.callMethod('files', 'upload', [new Subject(), new Subject()]), 'the error'),
    ).rejects.toMatchObject({ code: -13 });
    expect(given).toHaveLength(1);
    call.succeed([]);
    await within(answer, 'the answer');
    await called(connection, new Subject(), new Subject());
  });
});
