import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  Application,
  net,
  type Connection,
  type Reconnector,
  type ReconnectFunction,
} from '../../lib/core.js';
import { Backoff } from '../../lib/connection/reconnect/backoff.js';
import { Closing } from '../support/closing.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { API, dial, startCore, stopCore } from '../support/core.js';
import { fakeClock } from '../support/fake-clock.js';
import { cut, failureOf } from '../support/jstp.js';
import { Door, turns } from '../support/quiet.js';
import { ClientOnTheWire } from '../support/resume-wire.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** A reconnector that tries at once, and notes how it was called. */
function eager(notes: unknown[], ...options: unknown[]): Reconnector {
  return (connection, reconnectFn) => {
    notes.push(connection.state.name);
    setTimeout(() => reconnectFn(...options, (error: unknown) => notes.push(error ?? null)), 1);
  };
}

describe('a reconnector', () => {
  test('is asked when the line is lost, and brings the same connection back', async () => {
    const { port } = await startCore(closing);
    const notes: unknown[] = [];
    const connection = await dial(closing, port, { reconnector: eager(notes) });
    connection.on('reconnectAttempt', (...args) => notes.push(['attempt', ...args]));
    connection.on('reconnect', (error) => notes.push(['reconnect', error]));
    cut(connection);
    const answer = connection.callMethod('echo', 'back', ['made offline']);
    expect(await within(answer, 'the answer')).toBe('made offline');
    expect(notes).toEqual(['offline', ['attempt', 'net', port, '127.0.0.1'], ['reconnect', null], null]);
  });

  test('may name the transport and other options', async () => {
    const { server, port } = await startCore(closing);
    const { server: heir, port: heirPort } = await startCore(closing);
    const notes: unknown[] = [];
    const attempts: unknown[] = [];
    const connection = await dial(closing, port, {
      reconnector: eager(notes, 'net', { port: heirPort, host: '127.0.0.1' }),
    });
    connection.on('reconnectAttempt', (...args) => attempts.push(args));
    await stopCore(server);
    await waitFor(() => notes.length >= 2, 'the attempt');
    expect(attempts[0]).toEqual(['net', { port: heirPort, host: '127.0.0.1' }]);
    // The other server does not know the session: the next attempt logs in there.
    expect(notes[1]).toMatchObject({ code: -3 });
    await waitFor(() => heir.getClientsArray().length === 1, 'the login');
    connection.close();
  });

  test('is asked again after each failure, until it succeeds', async () => {
    const { server, port } = await startCore(closing);
    const notes: unknown[] = [];
    const connection = await dial(closing, port, { reconnector: eager(notes) });
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    cut(connection);
    await within(closed, 'the end of listening');
    await waitFor(
      () => notes.filter((note) => typeof note === 'object' && note !== null).length >= 2,
      'two failures',
    );
    server.listen(port, '127.0.0.1');
    await waitFor(() => connection.handshakeDone, 'the resume');
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
  });

  test('is not asked after close, and a late reconnectFn does nothing', async () => {
    const { server, port } = await startCore(closing);
    const held: ReconnectFunction[] = [];
    const connection = await dial(closing, port, {
      reconnector: (_connection, reconnectFn) => held.push(reconnectFn),
    });
    const door = new Door(server, () => port);
    cut(connection);
    await waitFor(() => held.length === 1, 'the reconnector');
    connection.close();
    held[0]?.(port, '127.0.0.1');
    expect(await door.came()).toBe(0);
    expect(connection.state.name).toBe('closed');
    await waitFor(() => server.getClientsArray().length === 0, 'the end of the client');
    const closed = await dial(closing, port, {
      reconnector: (_connection, reconnectFn) => held.push(reconnectFn),
    });
    const ended = new Promise((resolve) => closed.on('close', resolve));
    closed.close();
    await within(ended, 'the end');
    await turns();
    expect(held).toHaveLength(1);
  });

  test('a dial under way ends with close, and leaves no handle', async () => {
    const { server, port } = await startCore(closing);
    const before = countHandles();
    const dialling: true[] = [];
    const connection = await dial(closing, port, {
      reconnector: (_connection, reconnectFn) => {
        reconnectFn();
        dialling.push(true);
      },
    });
    cut(connection);
    while (dialling.length === 0) await new Promise((resolve) => setImmediate(resolve));
    connection.close();
    await stopCore(server);
    await expectNoNewHandles(before);
  });
});

function backoffAfter(failures: number): Backoff {
  const backoff = new Backoff();
  for (let count = 0; count < failures; count++) backoff.failed();
  return backoff;
}

describe('the default reconnector', () => {
  test('waits 1 s to 32 s, twice as long after each failure, plus up to 1 s', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 60].map((failures) => backoffAfter(failures).nextDelayMs());
    const expected = [1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000];
    for (const [index, delayMs] of delays.entries()) {
      expect(delayMs).toBeGreaterThanOrEqual(expected[index]);
      expect(delayMs).toBeLessThanOrEqual(expected[index] + 1000);
    }
  });

  test('does not wait where the server has just said that the session is lost', () => {
    const backoff = backoffAfter(3);
    backoff.sessionLost();
    expect(backoff.nextDelayMs()).toBe(0);
    backoff.failed();
    expect(backoff.nextDelayMs()).toBeGreaterThanOrEqual(2000);
  });

  test('brings a connection back within its first two seconds', async () => {
    const { port } = await startCore(closing);
    const connection = await net.connect('app', null, port, '127.0.0.1');
    closing.add(() => connection.close());
    cut(connection);
    await waitFor(() => !connection.handshakeDone, 'the loss');
    await waitFor(() => connection.handshakeDone, 'the resume');
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
  });

  test('stops at close, and its timer with it', async () => {
    const { port } = await startCore(closing);
    const before = countHandles();
    const connection = await net.connect('app', null, port, '127.0.0.1');
    cut(connection);
    await waitFor(() => connection.state.name === 'offline', 'the loss');
    connection.close();
    await expectNoNewHandles(before);
  });
});

describe('a reconnect by hand that fails', () => {
  const NOBODY_PORT = 9;
  const memory = createMemoryEntry();
  let server: ReturnType<typeof memory.createServer>;
  let connection: Connection;

  beforeEach(async () => {
    jest.useFakeTimers();
    closing.add(() => jest.useRealTimers());
    server = memory.createServer({ applications: [new Application<Connection>('app', API)] }).listen(1);
    connection = await memory.connect('app', null, 1);
    closing.add(() => {
      connection.close();
      server.close();
    });
  });

  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
  const loseLine = async (): Promise<void> => {
    cutLine(connection);
    await pass(0);
  };
  const failByHand = async (): Promise<void> => {
    await expect(memory.reconnect(connection, NOBODY_PORT)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  };

  test('does not end the attempts of the reconnector, however often', async () => {
    await loseLine();
    for (let count = 0; count < 5; count++) {
      await failByHand();
      await pass(200);
    }
    expect(connection.handshakeDone).toBe(false);
    await pass(2000);
    expect(connection.handshakeDone).toBe(true);
  });

  test('nor where its callback makes the next one at once', async () => {
    await loseLine();
    let failures = 0;
    const again = (error: unknown): void => {
      if (!error) return;
      failures += 1;
      if (failures < 4) void memory.reconnect(connection, NOBODY_PORT, again);
    };
    void memory.reconnect(connection, NOBODY_PORT, again);
    await pass(2000);
    expect([failures, connection.handshakeDone]).toEqual([4, true]);
  });

  test('in the place of an attempt of the reconnector leaves it to that to go on', async () => {
    await loseLine();
    let failed: Promise<void> | undefined;
    connection.once('reconnectAttempt', () => {
      failed = failByHand();
    });
    await pass(2000);
    await failed;
    expect([failed !== undefined, connection.handshakeDone]).toEqual([true, false]);
    await pass(2000);
    expect(connection.handshakeDone).toBe(true);
  });

  test('and has cost the line is followed by the reconnector, one that has not is not', async () => {
    const attempts: unknown[] = [];
    connection.on('reconnectAttempt', (...args) => attempts.push(args));
    await failByHand();
    await pass(5000);
    expect([attempts, connection.handshakeDone]).toEqual([[], true]);
    // Accepts the link, and cuts it in the handshake.
    const cutting = memory.createServer({ applications: [] }).listen(2);
    closing.add(() => void cutting.close());
    cutting.on('connection', (line) => (line as Socket).destroy());
    await expect(memory.reconnect(connection, 2)).rejects.toBeDefined();
    await pass(3000);
    expect([attempts, connection.handshakeDone]).toEqual([[['memory', 1]], true]);
  });

  test('of a connection that was closed leaves it closed', async () => {
    connection.close();
    await pass(0);
    await failByHand();
    await pass(60_000);
    expect([connection.state.name, server.getClientsArray()]).toEqual(['closed', []]);
  });
});

describe('a server that says moved each time', () => {
  test('is dialled at once after the first short line, then as the back-off has it', async () => {
    fakeClock();
    closing.add(() => jest.useRealTimers());
    const extensions = ['bye'] as const;
    const agreed = '{handshake:[0,null,{bye:1}]';
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(`${agreed},ok:'one'}`, {
      extensions,
      reconnector: undefined as never,
    });
    const sendAway = async (turn: number): Promise<void> => {
      const link = await wire.link(turn);
      await link.received(1);
      link.send(`${agreed},ok:0}`);
      link.send("{bye:['moved']}");
      await link.end();
    };
    (await wire.link(0)).send("{bye:['moved']}");
    await sendAway(1);
    const links: number[] = [];
    // The further lines come by the clock alone: 2 s to 3 s, 4 s to 5 s, 8 s to 9 s after the one before.
    for (const [turn, firstMs] of [2000, 4000, 8000].entries()) {
      await waitFor(() => connection.state.name === 'offline', 'the loss');
      jest.advanceTimersByTime(firstMs - 1);
      links.push(await wire.dialled());
      jest.advanceTimersByTime(1002);
      await sendAway(turn + 2);
    }
    expect(links).toEqual([2, 3, 4]);
    connection.close();
  });
});

describe('close', () => {
  test('fails what waits with -1, is told once, and what comes after fails at once', async () => {
    const { port } = await startCore(closing);
    const connection = await dial(closing, port);
    const socket = connection.getTransport() as Socket;
    let closes = 0;
    connection.on('close', () => closes++);
    const waiting = failureOf(connection.callMethod('echo', 'never', []));
    connection.close();
    connection.close();
    expect(await within(waiting, 'the call')).toBe(-1);
    await waitFor(() => closes === 1 && socket.closed, 'the close event');
    await turns();
    expect(closes).toBe(1);
    expect(connection.closedIntentionally).toBe(true);
    expect(connection.getTransport()).toBeUndefined();
    for (const late of [
      connection.callMethod('echo', 'back', [1]),
      connection.inspectInterface('echo'),
      connection.ping(),
    ]) {
      expect(await failureOf(within(Promise.resolve(late), 'a late call'))).toBeDefined();
    }
  });

  test('can be undone by reconnect: the session is alive', async () => {
    const { server, port } = await startCore(closing);
    const connection = await dial(closing, port);
    const id = connection.session?.id;
    connection.close();
    await waitFor(() => server.getClientsArray().length === 0, 'the end at the server');
    expect(await net.reconnect(connection, port, '127.0.0.1')).toBe(connection);
    expect(connection.session?.id).toBe(id);
    expect(connection.closedIntentionally).toBe(false);
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
  });
});

test('a client needs no global crypto: neither to wait for its turn nor to resume', async () => {
  const { port } = await startCore(closing);
  const connection = await net.connect('app', null, port, '127.0.0.1');
  closing.add(() => connection.close());
  const own = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
  closing.add(() => own && Object.defineProperty(globalThis, 'crypto', own));
  cut(connection);
  await waitFor(() => !connection.handshakeDone, 'the loss');
  await waitFor(() => connection.handshakeDone, 'the resume');
  expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
});
