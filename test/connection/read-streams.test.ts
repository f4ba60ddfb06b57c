import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  RemoteError,
  type ClientOptions,
  type Connection,
  type IncomingCall,
  type JstpStream,
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

async function pair(options: ClientOptions = {}): Promise<Connection> {
  const { port } = await startCore(closing, { applications: [new Taker(calls)] });
  return dial(closing, port, options);
}

async function served(): Promise<IncomingCall<Connection>> {
  await waitFor(() => calls.length > 0, 'the call');
  return calls[0];
}

async function opened(
  connection: Connection,
): Promise<{ stream: JstpStream<number>; call: IncomingCall<Connection> }> {
  const stream = connection.stream<number>('feed', 'all', [1]);
  return { stream, call: await served() };
}

async function read(stream: JstpStream<number>, count: number): Promise<(number | undefined)[]> {
  const values: (number | undefined)[] = [];
  for (let n = 0; n < count; n++) values.push((await within(stream.next(), 'a value')).value);
  return values;
}

/** Writes values as fast as the caller reads them. */
async function count(call: IncomingCall<Connection>, to: number, made: number[]): Promise<void> {
  const out = call.openStream();
  for (let n = 1; n <= to && (await out.ready()); n++) {
    made.push(n);
    out.write(n);
  }
  out.end();
}

describe('connection.stream', () => {
  test('brings values, then the end', async () => {
    const { stream, call } = await opened(await pair());
    const all = (async () => {
      const values: number[] = [];
      for await (const value of stream) values.push(value);
      return values;
    })();
    await count(call, 200, []);
    expect(await within(all, 'the end')).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('holds the source back while nobody reads, and lets it go on as values are read', async () => {
    const connection = await pair();
    const { stream, call } = await opened(connection);
    const made: number[] = [];
    const counting = count(call, 500, made);
    await waitFor(() => made.length === 64, 'the first values');
    for (let n = 0; n < 3; n++) await within(connection.ping(), 'a pong');
    expect(made).toHaveLength(64);
    expect(await read(stream, 40)).toEqual(made.slice(0, 40));
    await waitFor(() => made.length > 64, 'more values');
    await within(connection.ping(), 'a pong');
    // Half of the credit is granted anew at a time.
    expect(made.length).toBeLessThanOrEqual(40 + 64);
    expect(await read(stream, 460)).toEqual(Array.from({ length: 460 }, (_, index) => index + 41));
    await within(counting, 'the end of the source');
    expect((await stream.next()).done).toBe(true);
  });

  test('ends with the error behind the values, once', async () => {
    const { stream, call } = await opened(await pair());
    const out = call.openStream();
    out.write(1);
    out.fail(new RemoteError(1001, 'half way'));
    expect(await read(stream, 1)).toEqual([1]);
    await expect(within(stream.next(), 'the error')).rejects.toMatchObject({ code: 1001 });
    expect((await stream.next()).done).toBe(true);
  });

  test('of a method that does not stream has its result; of several, their array; of none, nothing', async () => {
    const connection = await pair();
    const results: unknown[] = [];
    for (const answer of [[5], [1, 2], []]) {
      calls.length = 0;
      const stream = connection.stream('feed', 'all', []);
      (await served()).succeed(answer);
      for await (const value of stream) results.push(value);
    }
    expect(results).toEqual([5, [1, 2]]);
  });

  test('that is left tells the source to stop', async () => {
    const { stream, call } = await opened(await pair());
    call.openStream().write(1);
    for await (const value of stream) if (value === 1) break;
    await waitFor(() => call.signal.aborted, 'the cancel');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('goes on after a cut, where what was read counts', async () => {
    const connection = await pair({ reconnector: (_connection, reconnect) => reconnect() });
    const { stream, call } = await opened(connection);
    const made: number[] = [];
    const counting = count(call, 300, made);
    const values = await read(stream, 50);
    (connection.getTransport() as Socket).destroy();
    values.push(...(await read(stream, 250)));
    await within(counting, 'the end of the source');
    expect(values).toEqual(made);
    expect(made).toHaveLength(300);
  });

  test('fails where the call cannot be sent, and waits for several readers at once', async () => {
    const connection = await pair();
    const { stream, call } = await opened(connection);
    const steps = [stream.next(), stream.next(), stream.next()];
    const out = call.openStream();
    out.write(1);
    out.end();
    expect((await within(Promise.all(steps), 'the steps')).map(({ value }) => value)).toEqual([
      1,
      undefined,
      undefined,
    ]);
    connection.close();
    await expect(connection.stream('feed', 'all', []).next()).rejects.toMatchObject({ code: -9 });
  });
});
