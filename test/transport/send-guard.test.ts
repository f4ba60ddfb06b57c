import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { SendGuard } from '../../lib/transport/send-guard.js';

const guards: SendGuard[] = [];
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  // The timer is one for all guards.
  for (const guard of guards.splice(0)) guard.stop();
  jest.useRealTimers();
});

const STALL_MS = 30_000;

interface Watched {
  readonly errors: Error[];
  /** The peer reads so many bytes, once in an interval, until a time is over. */
  read(bytes: number, everyMs: number, forMs: number): Promise<void>;
}

/** A peer for which much waits in a socket, whose system says nothing of what it holds. */
function watched(minWriteRate: number): Watched {
  const handle = { bytesWritten: 1_000_000, writeQueueSize: 900_000 };
  const socket = { writableLength: 1_000_000, writableNeedDrain: false, _handle: handle };
  const errors: Error[] = [];
  const owner = { destroy: (error: Error) => errors.push(error), noteWaiting: () => undefined };
  const limits = { ...DEFAULT_LIMITS, sendStallTimeoutMs: STALL_MS, minWriteRate };
  const guard = new SendGuard(socket as unknown as Socket, limits, owner);
  guards.push(guard);
  guard.wrote();
  return {
    errors,
    read: async (bytes, everyMs, forMs) => {
      for (let time = 0; time < forMs; time += everyMs) {
        handle.writeQueueSize -= bytes;
        await jest.advanceTimersByTimeAsync(everyMs);
      }
    },
  };
}

describe('a guard of what is sent', () => {
  test('keeps a peer that reads limits.minWriteRate on the average of the stall time', async () => {
    const peer = watched(100);
    await peer.read(100, 1000, 10 * STALL_MS);
    await peer.read(3000, STALL_MS, 10 * STALL_MS);
    expect(peer.errors).toEqual([]);
  });

  test('counts writes that wait beyond 64, as far as there is room for them, until nothing waits', () => {
    const socket = { writableLength: 0, writableNeedDrain: false };
    const owner = { destroy: () => undefined, noteWaiting: () => undefined };
    const guard = new SendGuard(socket as unknown as Socket, DEFAULT_LIMITS, owner);
    guards.push(guard);
    const write = (count: number, waiting: number): number => {
      socket.writableLength = waiting;
      for (let n = 0; n < count; n += 1) guard.wrote();
      return guard.overhead;
    };
    expect(write(64, 1_000_000)).toBe(0);
    expect(write(10, 1_000_000)).toBe(10 * 256);
    expect(write(1, 16 * 70)).toBe(6 * 256);
    expect(write(1, 0)).toBe(0);
    expect(write(64, 1_000_000)).toBe(0);
  });

  test('gives a peer up that reads less', async () => {
    const peer = watched(100);
    await peer.read(98, 1000, 2 * STALL_MS);
    expect(peer.errors).toMatchObject([
      {
        code: 'ERR_JSTP_STALLED_PEER',
        message: 'The peer reads fewer bytes a second than limits.minWriteRate',
      },
    ]);
  });

  test('gives a peer up that reads nothing, when the stall time is over', async () => {
    const peer = watched(100);
    await peer.read(0, 1000, STALL_MS - 1000);
    expect(peer.errors).toEqual([]);
    await peer.read(0, 1000, 2000);
    expect(peer.errors).toMatchObject([{ message: 'The peer has stopped reading' }]);
  });

  test('is content with a byte where limits.minWriteRate is 0', async () => {
    const peer = watched(0);
    await peer.read(1, 20_000, 10 * STALL_MS);
    expect(peer.errors).toEqual([]);
    await peer.read(0, 1000, 2 * STALL_MS);
    expect(peer.errors).toHaveLength(1);
  });
});
