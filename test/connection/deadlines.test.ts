import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  Application,
  type ClientOptions,
  type Connection,
  type IncomingCall,
  type Server,
} from '../../lib/core.js';
import { nearDeadlines } from '../../lib/util/shared-deadlines.js';
import { Closing } from '../support/closing.js';
import { dial, startCore } from '../support/core.js';
import { fakeClock } from '../support/fake-clock.js';
import { recordOperations, shortOf } from '../support/operations.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';

const TIMEOUT = 500;

const closing = new Closing();
let calls: IncomingCall<Connection>[];
let port: number;
let server: Server;
let client: Connection;

/** An application that takes its calls whole, and answers none by itself. */
class Keeping extends Application<Connection> {
  handleCall(call: IncomingCall<Connection>): void {
    calls.push(call);
    if (call.methodName === 'echo') call.succeed(call.args);
  }
}

beforeEach(async () => {
  calls = [];
  ({ port, server } = await startCore(closing, { applications: [new Keeping('app', {})] }));
  client = await dial(closing, port);
});
afterEach(async () => {
  jest.useRealTimers();
  await closing.run();
});

const timedOut = (whose: string): unknown =>
  expect.objectContaining({
    code: -7,
    info: [whose],
    message: expect.stringMatching(/^Call timed out: /) as unknown,
  });

describe('the timeout of a call', () => {
  test('travels, and fails the call at its end; the handler hears it, and the connection goes on', async () => {
    fakeClock();
    const outcome = client.callMethod('i', 'wait', [], { timeout: TIMEOUT, metadata: { a: 1 } });
    await waitFor(() => calls.length === 1, 'the call');
    const [call] = calls;
    expect(call.metadata).toEqual({ a: 1, timeout: TIMEOUT });
    expect(call.remainingMs).toBe(TIMEOUT);
    jest.advanceTimersByTime(200);
    expect(call.remainingMs).toBe(TIMEOUT - 200);
    expect(call.signal.aborted).toBe(false);
    jest.advanceTimersByTime(400);
    await expect(outcome).rejects.toEqual(timedOut('ERR_CALLER_TIMEOUT'));
    await expect(outcome).rejects.toThrow('(500 ms)');
    expect(call.signal.aborted).toBe(true);
    expect(call.remainingMs).toBe(0);
    call.succeed(['too late']);
    expect(await client.callMethod('i', 'echo', [7])).toBe(7);
  });

  test('is held by the server, too, for a peer that has told it', async () => {
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    fakeClock();
    peer.send("{handshake:[0,'app']}", `{call:[1,'i',{timeout:${String(TIMEOUT)}}],wait:[]}`);
    await waitFor(() => calls.length === 1, 'the call');
    jest.advanceTimersByTime(TIMEOUT + TIMEOUT / 32);
    expect((await peer.received(2))[1]).toBe(
      "{callback:[1],error:[-7,'Call timed out: the caller waits no longer','ERR_CALLER_TIMEOUT']}",
    );
    expect(calls[0].signal.reason).toEqual(timedOut('ERR_CALLER_TIMEOUT'));
    calls[0].succeed(['too late']);
    peer.send("{call:[2,'i'],echo:[7]}");
    expect((await peer.received(3))[2]).toBe('{callback:[2],ok:[7]}');
  });

  test('holds for the whole of a stream', async () => {
    fakeClock();
    const values: unknown[] = [];
    const outcome = client.callMethod('i', 'wait', [], {
      timeout: TIMEOUT,
      onItem: (value) => values.push(value),
    });
    await waitFor(() => calls.length === 1, 'the call');
    const stream = calls[0].openStream();
    stream.write('a');
    await waitFor(() => values.length === 1, 'a value');
    jest.advanceTimersByTime(TIMEOUT + TIMEOUT / 32);
    await expect(outcome).rejects.toEqual(timedOut('ERR_CALLER_TIMEOUT'));
    expect(stream.write('b')).toBe(false);
    expect(values).toEqual(['a']);
  });

  test('waits for nothing any more once the call is answered, cancelled or failed', async () => {
    const timeout = 54_321;
    const size = (): number => nearDeadlines(timeout).size;
    await client.callMethod('i', 'echo', [1], { timeout });
    expect(size()).toBe(0);
    const call = client.startCall('i', 'wait', [], () => undefined, { timeout });
    await waitFor(() => calls.length === 2, 'the call');
    // The caller's wait, and the server's: both are of this process.
    expect(size()).toBe(2);
    client.cancelCall(call);
    await waitFor(() => size() === 0, 'the end of both');
    const options = { timeout, metadata: { text: 'x'.repeat(9000) } };
    await expect(client.callMethod('i', 'echo', [1], options)).rejects.toThrow('maxMetadataBytes');
    expect(size()).toBe(0);
  });

  test('ends a call that waits for a resume; the server hears of it after that', async () => {
    let reconnect: (() => void) | undefined;
    const options: ClientOptions = {
      reconnector: (_connection, reconnectFn) => {
        reconnect = () => reconnectFn(() => undefined);
      },
    };
    const away = await dial(closing, port, options);
    fakeClock();
    const outcome = away.callMethod('i', 'wait', [], { timeout: TIMEOUT });
    await waitFor(() => calls.length === 1, 'the call');
    (away.getTransport() as { destroy(): void }).destroy();
    await waitFor(() => reconnect !== undefined, 'the cut');
    jest.advanceTimersByTime(TIMEOUT + TIMEOUT / 32);
    await expect(outcome).rejects.toEqual(timedOut('ERR_CALLER_TIMEOUT'));
    // From here on by the real clock, as a resume may take some time.
    jest.useRealTimers();
    await waitFor(() => server.getClientsArray().length === 1, 'the server to see the cut');
    reconnect?.();
    expect(await away.callMethod('i', 'echo', [7])).toBe(7);
    expect(calls[0].isOpen).toBe(false);
  });

  test('is seen by those who observe calls, on both sides', async () => {
    const { ended } = recordOperations(closing);
    fakeClock();
    const outcome = client.callMethod('i', 'wait', [], { timeout: TIMEOUT });
    await waitFor(() => calls.length === 1, 'the call');
    jest.advanceTimersByTime(TIMEOUT + TIMEOUT / 32);
    await expect(outcome).rejects.toMatchObject({ code: -7 });
    await waitFor(() => ended.length === 2, 'both ends');
    const operations = ended.map(shortOf);
    expect(operations).toContainEqual({ kind: 'call', name: 'i.wait', code: -7 });
    expect(operations).toContainEqual({ kind: 'serve', name: 'i.wait', code: -7 });
  });

  test.each([-1, 1.5, 2 ** 31, '5', Infinity])('is no %p', async (timeout) => {
    await expect(client.callMethod('i', 'echo', [], { timeout: timeout as number })).rejects.toThrow(
      'timeout must be an integer from 0 to 2147483647',
    );
    expect(calls).toEqual([]);
  });

  test('of 0 is none', async () => {
    expect(await client.callMethod('i', 'echo', [7], { timeout: 0 })).toBe(7);
    expect(calls[0].metadata).toBeUndefined();
    expect(calls[0].remainingMs).toBeUndefined();
  });
});

describe('the signal of a call', () => {
  test('cancels it: the caller gets the reason as the cause, and the handler’s signal fires', async () => {
    const controller = new AbortController();
    const reason = new Error('the user has left');
    const outcome = client.callMethod('i', 'wait', [], { signal: controller.signal });
    await waitFor(() => calls.length === 1, 'the call');
    controller.abort(reason);
    await expect(outcome).rejects.toMatchObject({ code: -8, cause: reason });
    await waitFor(() => calls[0].signal.aborted, 'the signal');
    expect(calls[0].signal.reason).toMatchObject({ code: -8 });
    expect(await client.callMethod('i', 'echo', [7])).toBe(7);
  });

  test('that has fired before sends nothing', async () => {
    const signal = AbortSignal.abort('too late');
    await expect(client.callMethod('i', 'wait', [], { signal })).rejects.toMatchObject({
      code: -8,
      cause: 'too late',
    });
    expect(await client.callMethod('i', 'echo', [7])).toBe(7);
    expect(calls).toHaveLength(1);
  });

  test('keeps no listener once the call is answered', async () => {
    const { signal } = new AbortController();
    await client.callMethod('i', 'echo', [1], { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('is an AbortSignal', async () => {
    await expect(client.callMethod('i', 'echo', [], { signal: {} as AbortSignal })).rejects.toThrow(
      'signal must be an AbortSignal',
    );
  });
});

describe('the queue of waits that may have any length', () => {
  test('is exact for short ones, and waits up to a 64th longer for others', () => {
    const same = (a: number, b: number): boolean => nearDeadlines(a) === nearDeadlines(b);
    expect(same(63, 64)).toBe(false);
    expect(same(0, 1)).toBe(true);
    expect(same(5000, 5050)).toBe(true);
    expect(same(5000, 5080)).toBe(false);
    jest.useFakeTimers();
    const ends: number[] = [];
    const start = performance.now();
    for (const length of [1, 100, 5000, 123_456, 2 ** 31 - 1])
      nearDeadlines(length).add({ expire: () => ends.push((performance.now() - start) / length) });
    jest.advanceTimersByTime(2 ** 31);
    expect(ends).toHaveLength(5);
    for (const end of ends) {
      expect(end).toBeGreaterThanOrEqual(1);
      expect(end).toBeLessThanOrEqual(1 + 1 / 32);
    }
  });
});
