import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DEFAULT_LIMITS, RECEIVE_GRACE_MS } from '../../lib/protocol/limits.js';
import { ReceiveGuard } from '../../lib/transport/receive-guard.js';

const guards: ReceiveGuard[] = [];
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  // The timer is one for all guards.
  for (const guard of guards.splice(0)) guard.stop();
  jest.useRealTimers();
});

const SECOND_MS = 1000;

interface Watched {
  unfinished: number | undefined;
  isReading: boolean;
  readonly socket: { bytesRead: number };
  readonly errors: Error[];
  readonly guard: ReceiveGuard;
  done: number;
}

function watched(limits: { messageTimeoutMs?: number; minReadRate?: number } = {}): Watched {
  const socket = { bytesRead: 1 };
  const errors: Error[] = [];
  const owner = {
    unfinished: 1 as number | undefined,
    isReading: true,
    destroy: (error: Error) => errors.push(error),
    done: 0,
    socket,
    errors,
  };
  const guard = new ReceiveGuard(
    socket as unknown as Socket,
    { ...DEFAULT_LIMITS, ...limits },
    owner,
    () => (owner.done += 1),
  );
  guards.push(guard);
  return Object.assign(owner, { guard });
}

describe('a guard of what is received', () => {
  test('by default lets 8 MiB come over 2G: 20 kbit/s, with 28 seconds of nothing now and then', () => {
    const message = watched();
    const bytesPerSecond = 2500;
    for (let second = 0; message.socket.bytesRead < DEFAULT_LIMITS.maxMessageBytes; second++) {
      if (second % 600 > 28) message.socket.bytesRead += bytesPerSecond;
      jest.advanceTimersByTime(SECOND_MS);
      expect(message.errors).toEqual([]);
      expect(second).toBeLessThan(3600);
    }
  });

  test('by default gives a peer up that sends a byte a second', () => {
    const message = watched();
    for (let second = 0; second < 40 && message.errors.length === 0; second++) {
      message.socket.bytesRead += 1;
      jest.advanceTimersByTime(SECOND_MS);
    }
    expect(message.errors).toEqual([expect.objectContaining({ limit: 'minReadRate' })]);
  });

  test('lets no peer save up more than the grace: what came fast and then stops is given up as soon', () => {
    const message = watched();
    message.socket.bytesRead += 8_000_000;
    jest.advanceTimersByTime(RECEIVE_GRACE_MS / 4);
    expect(message.errors).toEqual([]);
    jest.advanceTimersByTime(RECEIVE_GRACE_MS);
    expect(message.errors).toHaveLength(1);
  });

  test('does not count the time in which this side does not read', () => {
    const message = watched({ messageTimeoutMs: 8000, minReadRate: 1 });
    jest.advanceTimersByTime(2000);
    message.isReading = false;
    message.guard.paused();
    jest.advanceTimersByTime(1_000_000);
    expect(message.errors).toEqual([]);
    message.isReading = true;
    // The part of the time in which it began to read again is not counted either.
    jest.advanceTimersByTime(7999);
    expect(message.errors).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(message.errors).toEqual([expect.objectContaining({ limit: 'messageTimeoutMs' })]);
  });

  test('does not count the time in which this process was stopped', () => {
    const message = watched({ messageTimeoutMs: 60_000, minReadRate: 0 });
    // All timers are late at once.
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 3_600_000);
    // A late timer gives the peer as much longer, once.
    jest.advanceTimersByTime(31_000);
    jest.restoreAllMocks();
    expect(message.errors).toEqual([]);
  });

  test('begins anew with each message, and is done when there is none', () => {
    const message = watched({ messageTimeoutMs: 1000, minReadRate: 0 });
    for (let number = 2; number < 20; number++) {
      jest.advanceTimersByTime(900);
      message.unfinished = number;
    }
    expect([message.errors, message.done]).toEqual([[], 0]);
    message.unfinished = undefined;
    jest.advanceTimersByTime(1000);
    expect([message.errors, message.done, jest.getTimerCount()]).toEqual([[], 1, 0]);
  });

  test('stops with its socket', () => {
    const message = watched({ messageTimeoutMs: 1000 });
    message.guard.stop();
    jest.advanceTimersByTime(100_000);
    expect([message.errors, jest.getTimerCount()]).toEqual([[], 0]);
  });
});
