import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Application, DEFAULT_LIMITS, type Connection, type IncomingCall } from '../../lib/core.js';
import { SERVER_CONTROL } from '../../lib/server/control.js';
import { Closing } from '../support/closing.js';
import { fakeClock } from '../support/fake-clock.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';
import { CALL_BYTES } from '../../lib/connection/calls/weight.js';

const closing = new Closing();
const OFFER = "{handshake:[0,'app','',{stream:1,cancel:1,bye:1}]}";
const MOST_MS = 60_000;
const TIMED_OUT =
  "{callback:[1],error:[-7,'Call timed out: its server runs no call for longer','ERR_MAX_CALL_DURATION']}";
const SLOW = "{call:[1,'slow'],wait:[]}";

guardProcess();
afterEach(async () => {
  jest.useRealTimers();
  await closing.run();
});

/** Keeps the calls that it gets. */
class Keeping extends Application<Connection> {
  readonly calls: IncomingCall<Connection>[] = [];

  handleCall(call: IncomingCall<Connection>): void {
    this.calls.push(call);
  }
}

async function started(
  maxCallDurationMs: number | undefined,
  applications?: Application<Connection>[],
): Promise<Arena> {
  const limits = maxCallDurationMs === undefined ? {} : { maxCallDurationMs };
  return Arena.start(closing, { limits, ...(applications && { applications }) });
}

describe('limits.maxCallDurationMs', () => {
  test('lets a call run for less than that', async () => {
    const arena = await started(MOST_MS);
    const peer = await arena.guest(OFFER);
    fakeClock();
    peer.send(SLOW);
    await peer.pong(2);
    jest.advanceTimersByTime(MOST_MS - 1);
    arena.waiting[0]?.();
    expect((await peer.received(2))[1]).toBe('{callback:[1],ok:[]}');
    jest.advanceTimersByTime(MOST_MS);
    await peer.pong(3);
    expect(peer.messages).toHaveLength(2);
    expect(arena.errors).toEqual([]);
  });

  test('fails a call at it, says which one, and counts its handler until that has ended', async () => {
    const arena = await started(MOST_MS);
    const peer = await arena.guest(OFFER);
    fakeClock();
    peer.send(SLOW);
    await peer.pong(2);
    jest.advanceTimersByTime(MOST_MS);
    expect((await peer.received(2))[1]).toBe(TIMED_OUT);
    expect(arena.errors).toEqual([
      expect.objectContaining({
        limit: 'maxCallDurationMs',
        message: `slow.wait has not answered a call within limits.maxCallDurationMs, ${String(MOST_MS)}`,
      }),
    ]);
    expect(peer.ended).toBe(false);
    expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(SLOW.length + CALL_BYTES);
    arena.waiting[0]?.();
    expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(0);
    await peer.pong(3);
    expect(peer.messages).toHaveLength(2);
  });

  test('aborts the signal of the handler', async () => {
    const app = new Keeping('app', {});
    const arena = await started(MOST_MS, [app]);
    const peer = await arena.guest(OFFER);
    fakeClock();
    peer.send(SLOW);
    await peer.pong(2);
    const { signal } = app.calls[0];
    expect(signal.aborted).toBe(false);
    jest.advanceTimersByTime(MOST_MS);
    expect(signal.reason).toMatchObject({ code: -7 });
  });

  test('holds for calls only that are neither answered, cancelled nor streaming', async () => {
    const app = new Keeping('app', {});
    const arena = await started(MOST_MS, [app]);
    const peer = await arena.guest(OFFER);
    fakeClock();
    peer.send(SLOW, "{call:[2,'slow'],wait:[]}", "{call:[3,'slow'],wait:[]}", '{cancel:[2]}');
    await peer.pong(4);
    app.calls[0].succeed([]);
    const stream = app.calls[2].openStream();
    jest.advanceTimersByTime(MOST_MS);
    expect(stream.write('x')).toBe(true);
    stream.end();
    expect((await peer.received(4)).slice(1)).toEqual([
      '{callback:[1],ok:[]}',
      "{stream:[3,1],data:['x']}",
      '{callback:[3],ok:[]}',
    ]);
    expect(arena.errors).toEqual([]);
  });

  test('holds for a stream that its caller does not know', async () => {
    const app = new Keeping('app', {});
    const arena = await started(MOST_MS, [app]);
    const peer = await arena.guest();
    fakeClock();
    peer.send(SLOW);
    await peer.pong(2);
    app.calls[0].openStream().write('x');
    jest.advanceTimersByTime(MOST_MS);
    expect((await peer.received(2))[1]).toBe(TIMED_OUT);
  });

  test('is none by default', async () => {
    expect(DEFAULT_LIMITS.maxCallDurationMs).toBe(0);
    const arena = await started(undefined);
    const peer = await arena.guest(OFFER);
    fakeClock();
    peer.send(SLOW);
    await peer.pong(2);
    jest.advanceTimersByTime(24 * 3_600_000);
    jest.useRealTimers();
    await waitFor(() => arena.waiting.length === 1, 'the call');
    arena.waiting[0]?.();
    expect(arena.errors).toEqual([]);
    expect(peer.ended).toBe(false);
  });
});
