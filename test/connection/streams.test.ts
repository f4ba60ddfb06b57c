import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  DEFAULT_LIMITS,
  RemoteError,
  type CallOptions,
  type ClientOptions,
  type Connection,
  type IncomingCall,
  type Limits,
  type OutgoingStream,
} from '../../lib/core.js';
import { StreamSender } from '../../lib/connection/calls/stream-sender.js';
import { Closing } from '../support/closing.js';
import { dial, startCore } from '../support/core.js';
import { timersOf } from '../support/quiet.js';
import { ServerOnTheWire } from '../support/resume-wire.js';
import { Taker } from '../support/taker.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
let calls: IncomingCall<Connection>[];

beforeEach(() => {
  calls = [];
});
afterEach(() => closing.run());

interface Caller {
  readonly connection: Connection;
  readonly items: unknown[];
  readonly outcome: unknown[];
}

async function pair(limits: Partial<Limits> = {}, options: ClientOptions = {}): Promise<Connection> {
  const { port } = await startCore(closing, { applications: [new Taker(calls)], limits });
  return dial(closing, port, options);
}

/** Makes a call that takes values, and waits until it is there. */
async function caller(
  connection: Connection,
  options: CallOptions = {},
): Promise<Caller & { cancel: () => void }> {
  const items: unknown[] = [];
  const outcome: unknown[] = [];
  const call = connection.startCall('feed', 'all', [1], (...given) => outcome.push(...given), {
    onItem: (value) => items.push(value),
    ...options,
  });
  const count = calls.length;
  await waitFor(() => calls.length > count, 'the call');
  return { connection, items, outcome, cancel: () => connection.cancelCall(call) };
}

function stream(): OutgoingStream {
  const call = calls.at(-1);
  if (!call) throw new Error('No call');
  return call.openStream();
}

describe('a streaming call', () => {
  test('brings its values while it runs, then its end', async () => {
    const { items, outcome } = await caller(await pair());
    const out = stream();
    expect(out.write('a')).toBe(true);
    await waitFor(() => items.length === 1, 'the first value');
    expect(outcome).toEqual([]);
    out.write({ b: 2 });
    out.end();
    await waitFor(() => outcome.length > 0, 'the end');
    expect(items).toEqual(['a', { b: 2 }]);
    expect(outcome).toEqual([null]);
    expect(out.write('late')).toBe(false);
    expect(await out.ready()).toBe(false);
  });

  test('may end with an error after its values', async () => {
    const { items, outcome } = await caller(await pair());
    const out = stream();
    out.write(1);
    out.fail(new RemoteError(1001, 'half way'));
    out.fail(new RemoteError(1002));
    await waitFor(() => outcome.length > 0, 'the end');
    expect(items).toEqual([1]);
    expect(outcome[0]).toMatchObject({ code: 1001, message: 'half way' });
  });

  test('a value is sent as it was when it was written', async () => {
    const { items } = await caller(await pair());
    const value = { count: 1 };
    const out = stream();
    out.write(value);
    value.count = 2;
    await waitFor(() => items.length === 1, 'the value');
    expect(items).toEqual([{ count: 1 }]);
  });

  test('holds its source back by credit, which the caller gives as it takes', async () => {
    const { items, outcome } = await caller(await pair());
    const out = stream();
    let ahead = 0;
    for (let n = 1; n <= 1000; n++) {
      if (!out.write(n)) expect(await out.ready()).toBe(true);
      ahead = Math.max(ahead, n - items.length);
    }
    out.end();
    await waitFor(() => outcome.length > 0, 'the end');
    expect(items).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    expect(ahead).toBeLessThanOrEqual(129);
  });

  test('takes nothing more after its end, though values wait for credit still', async () => {
    const { items, outcome } = await caller(await pair({ maxStreamBufferItems: 200 }));
    const out = stream();
    for (let n = 1; n <= 100; n++) out.write(n);
    out.end();
    expect([calls[0]?.isOpen, out.write('late'), await out.ready()]).toEqual([true, false, false]);
    out.fail('late');
    await waitFor(() => outcome.length > 0, 'the end');
    expect([items.length, items.at(-1), outcome]).toEqual([100, 100, [null]]);
  });

  test('leaves the rest of the program its turns, however large the credit is, and goes on after each', async () => {
    const connection = await pair({ maxStreamBufferItems: 1 }, { limits: { streamCredit: 1000 } });
    const { items, outcome } = await caller(connection);
    const out = stream();
    for (let n = 1; n <= 300; n++) if (!out.write(n)) expect(await out.ready()).toBe(true);
    out.end();
    await waitFor(() => outcome.length > 0, 'the end');
    expect([items.length, outcome]).toEqual([300, [null]]);
  });

  test('two streams do not mix', async () => {
    const connection = await pair();
    const first = await caller(connection);
    const firstOut = stream();
    const second = await caller(connection);
    const secondOut = stream();
    for (let n = 0; n < 10; n++) {
      firstOut.write(`a${String(n)}`);
      secondOut.write(`b${String(n)}`);
    }
    secondOut.end();
    await waitFor(() => second.outcome.length > 0, 'the end of the second');
    expect(first.items.every((item) => String(item).startsWith('a'))).toBe(true);
    expect(second.items).toHaveLength(10);
    expect(first.outcome).toEqual([]);
  });

  test('whose caller takes no values gives it the last one', async () => {
    const { outcome } = await caller(await pair(), { onItem: undefined });
    const out = stream();
    for (let n = 0; n < 200; n++) if (!out.write(n)) await out.ready();
    out.end();
    await waitFor(() => outcome.length > 0, 'the end');
    expect(outcome).toEqual([null, 199]);
  });

  test('to a peer that knows no streams is its last value, or its error', async () => {
    const connection = await pair({}, { extensions: [] });
    const first = await caller(connection);
    const out = stream();
    expect(out.write('a')).toBe(true);
    expect(await out.ready()).toBe(true);
    out.write('b');
    out.end();
    await waitFor(() => first.outcome.length > 0, 'the result');
    expect([first.items, first.outcome]).toEqual([[], [null, 'b']]);
    const second = await caller(connection);
    stream().fail('no');
    await waitFor(() => second.outcome.length > 0, 'the error');
    expect(second.outcome[0]).toMatchObject({ message: 'no' });
  });

  test('over limits.maxStreamBufferBytes fails with -6 on both sides', async () => {
    const { outcome } = await caller(await pair({ maxStreamBufferBytes: 1000 }));
    const out = stream();
    const write = (): void => {
      for (let n = 0; n < 200; n++) out.write('x'.repeat(100));
    };
    expect(write).toThrow(RemoteError);
    await waitFor(() => outcome.length > 0, 'the error');
    expect(outcome[0]).toMatchObject({ code: -6 });
  });

  test('may hold as much again once what it held is sent', async () => {
    const sent: string[] = [];
    const call = {
      id: 1,
      isOpen: true,
      succeed: () => undefined,
      handlerDone: () => undefined,
      formatItem: (n: number, value: unknown) => `{stream:[1,${String(n)}],data:[${JSON.stringify(value)}]}`,
      fail: () => undefined,
      endWith: () => undefined,
      checkSize: () => undefined,
      sent: () => undefined,
    };
    const limits = { ...DEFAULT_LIMITS, maxStreamBufferBytes: 1000 };
    const keeper = {
      sendItem: (text: string) => sent.push(text) > 0,
      argumentBegun: () => undefined,
      argumentOver: () => undefined,
      heldUp: () => undefined,
      countHeld: () => undefined,
      makeRoom: () => undefined,
    };
    const out = new StreamSender(call, limits, keeper);
    out.grant(0);
    for (let round = 1; round <= 5; round++) {
      for (let n = 0; n < 7; n++) out.write('x'.repeat(100));
      out.grant(7 * round);
      expect(sent).toHaveLength(7 * round);
    }
    expect(() => {
      for (let n = 0; n < 12; n++) out.write('x'.repeat(100));
    }).toThrow(expect.objectContaining({ code: -6 }));
  });

  test('ends with its link where resume is not agreed: the one who waits for credit is told', async () => {
    const connection = await pair({}, { extensions: ['stream'] });
    await caller(connection);
    const out = stream();
    const held = calls[0];
    // The caller reads nothing more, so credit runs out.
    (connection.getTransport() as Socket).pause();
    while (out.write('x')) await new Promise((resolve) => setImmediate(resolve));
    const ready = out.ready();
    (connection.getTransport() as Socket).destroy();
    expect(await ready).toBe(false);
    expect(held.isOpen).toBe(false);
    expect(held.signal.aborted).toBe(true);
  });
});

describe('a call', () => {
  test('that is cancelled fires the signal at the other side and is not answered', async () => {
    const connection = await pair();
    const { outcome, cancel } = await caller(connection);
    const [call] = calls;
    let aborts = 0;
    call.signal.addEventListener('abort', () => aborts++);
    cancel();
    cancel();
    await waitFor(() => aborts === 1, 'the signal');
    expect(call.signal.reason).toMatchObject({ code: -8, stack: expect.stringMatching(/^RemoteError: .*$/) });
    call.succeed(['late']);
    await connection.ping();
    expect(outcome).toEqual([]);
  });

  test('that is cancelled while the line is down is cancelled after the resume', async () => {
    const connection = await pair(
      {},
      { reconnector: (_connection, reconnectFn) => setTimeout(reconnectFn, 30) },
    );
    const { cancel } = await caller(connection);
    (connection.getTransport() as Socket).destroy();
    await waitFor(() => connection.state.name === 'offline', 'the loss');
    cancel();
    await waitFor(() => connection.handshakeDone, 'the resume');
    await waitFor(() => !calls[0]?.isOpen, 'the end of the call');
  });

  test('to a peer without the extension is only forgotten', async () => {
    const connection = await pair({}, { extensions: [] });
    const { cancel, outcome } = await caller(connection);
    cancel();
    calls[0]?.succeed([1]);
    await connection.ping();
    expect(calls[0]?.signal.aborted).toBe(false);
    expect(outcome).toEqual([]);
  });

  test('brings its metadata along, and its timeout fires the signal and ends it', async () => {
    const connection = await pair();
    const { outcome } = await caller(connection, { metadata: { traceparent: 'x', timeout: 20 } });
    const [call] = calls;
    expect(call.metadata).toEqual({ traceparent: 'x', timeout: 20 });
    expect(call.args).toEqual([1]);
    await waitFor(() => call.signal.aborted, 'the signal');
    expect(call.signal.reason).toMatchObject({ code: -7 });
    call.succeed(['in spite of it']);
    await waitFor(() => outcome.length > 0, 'the answer');
    expect(outcome).toEqual([expect.objectContaining({ code: -7, info: ['ERR_CALLER_TIMEOUT'] })]);
  });

  test.each([[-1], [Number.NaN], ['20'], [1e12], [null]])(
    'a timeout of %j in the metadata is ignored',
    async (timeout) => {
      await caller(await pair(), { metadata: { timeout } });
      // Were it taken: '20' for 20 ms, the others for the 1 ms of a timer that cannot be.
      await timersOf(20);
      expect(calls[0]?.signal.aborted).toBe(false);
    },
  );

  test('is answered once', async () => {
    const connection = await pair();
    const { outcome } = await caller(connection);
    const [call] = calls;
    call.succeed([1, 2]);
    call.succeed([3]);
    call.fail('no');
    await connection.ping();
    expect(outcome).toEqual([null, 1, 2]);
    expect(call.isOpen).toBe(false);
  });
});

describe('streams that wait for room in the journal', () => {
  test('take turns, and one that ends while it waits is left out', async () => {
    const wire = await ServerOnTheWire.start(closing, { limits: { journalMaxEntries: 2 } });
    const { peer } = await wire.login();
    const from: string[] = [];
    const take = (): void => {
      for (const text of peer.messages.splice(0)) {
        const ping = /^\{ping:\[(-\d+)\]\}$/.exec(text)?.[1];
        if (ping !== undefined) peer.send(`{pong:[${ping}]}`);
        else if (text.startsWith('{stream:')) from.push(/\d+/.exec(text)?.[0] ?? '');
      }
    };
    for (const id of [1, 2, 3, 4]) peer.send(`{call:[${String(id)},'a'],b:[]}`);
    await wire.served.call(4);
    const streams = wire.served.calls.map((call) => call.openStream());
    for (const stream of streams) for (let value = 0; value < 12; value++) stream.write(value);
    peer.send('{cancel:[3]}');
    await waitFor(() => {
      take();
      return from.length >= 36;
    }, 'all values');
    // Before anybody's second turn, everybody has had one.
    expect(new Set(from.slice(0, 8))).toEqual(new Set(['1', '2', '4']));
    expect(from.filter((id) => id === '3')).toEqual([]);
  });
});
