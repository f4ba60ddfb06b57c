import v8 from 'node:v8';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { RefusedConnection, ShedLoad } from '../../lib/core.js';
import { MemoryGuard } from '../../lib/server/door/memory-guard.js';
import { Closing } from '../support/closing.js';
import { WITH_BYE } from '../support/resume-wire.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess, HANDSHAKE } from './arena.js';

const closing = new Closing();

guardProcess();
afterEach(async () => {
  await closing.run();
  jest.restoreAllMocks();
});

const LIMIT = 1000;
const RESUMABLE = "{handshake:[0,'app','',{bye:1,resume:1}]}";

/** Lets the process seem to take so many bytes. */
function pretend(bytes: number): void {
  const told = { ...v8.getHeapStatistics(), used_heap_size: bytes - 100, external_memory: 100 };
  jest.spyOn(v8, 'getHeapStatistics').mockReturnValue(told);
}

describe('a guard of the memory', () => {
  const told: ShedLoad[] = [];
  let used = 0;
  const guardOf = (limit: number): MemoryGuard => {
    const owner = {
      shedStrangers: () => 3,
      shedAnonymous: () => 2,
      memoryExceeded: (shed: ShedLoad) => {
        told.push(shed);
      },
    };
    const guard = new MemoryGuard(limit, owner, () => used);
    guard.start();
    return guard;
  };

  beforeEach(() => {
    jest.useFakeTimers();
    told.length = 0;
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('sheds nothing at limits.maxMemoryBytes', () => {
    used = LIMIT;
    const guard = guardOf(LIMIT);
    jest.advanceTimersByTime(5000);
    expect([guard.isOver, told]).toEqual([false, []]);
  });

  test('one byte over it sheds strangers at once, and anonymous clients when it is over it again', () => {
    used = LIMIT + 1;
    const guard = guardOf(LIMIT);
    jest.advanceTimersByTime(1000);
    const shed = { used: LIMIT + 1, limit: LIMIT, strangers: 3 };
    expect([guard.isOver, told]).toEqual([true, [{ ...shed, sessions: 0 }]]);
    jest.advanceTimersByTime(1000);
    expect(told.slice(1)).toEqual([{ ...shed, sessions: 2 }]);
    used = LIMIT;
    jest.advanceTimersByTime(1000);
    expect(guard.isOver).toBe(false);
    used = LIMIT + 1;
    jest.advanceTimersByTime(1000);
    expect(told.slice(2)).toEqual([{ ...shed, sessions: 0 }]);
  });

  test('looks no more when it is stopped, and never without a limit', () => {
    used = LIMIT + 1;
    const guard = guardOf(LIMIT);
    jest.advanceTimersByTime(1000);
    guard.stop();
    expect(guard.isOver).toBe(false);
    guardOf(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('limits.maxMemoryBytes', () => {
  test('holds: over it newcomers are refused, strangers end, then idle anonymous clients; users and the busy stay', async () => {
    pretend(LIMIT);
    const arena = await Arena.start(closing, {
      limits: { maxMemoryBytes: LIMIT },
      extensions: WITH_BYE,
      authPolicy: async (_connection, _application, strategy) => strategy === 'anonymous' || 'ann',
    });
    const { server } = arena;
    const [refused, shed]: [RefusedConnection[], ShedLoad[]] = [[], []];
    server.on('connectionRefused', (refusal) => refused.push(refusal));
    server.on('memoryExceeded', (load) => shed.push(load));
    const user = await arena.guest("{handshake:[0,'app'],login:['ann','secret']}");
    const busy = await arena.guest();
    busy.send("{call:[1,'slow'],wait:[]}");
    const idle = await arena.guest(RESUMABLE);
    const away = await arena.guest(RESUMABLE);
    away.destroy();
    await waitFor(() => server.getClientsArray().length === 3, 'the cut');
    const stranger = await arena.stranger();
    await waitFor(() => server.getUsage().pendingHandshakes.used === 1, 'a stranger');
    expect([shed, stranger.ended, server.getUsage().sessions.used]).toEqual([[], false, 4]);
    expect(server.getUsage().memoryBytes).toEqual({ used: LIMIT, limit: LIMIT });

    pretend(LIMIT + 1);
    await stranger.end();
    await waitFor(() => shed.length === 1, 'the event');
    expect(shed).toEqual([{ used: LIMIT + 1, limit: LIMIT, strangers: 1, sessions: 0 }]);
    const newcomer = await arena.stranger();
    await newcomer.end();
    expect(refused).toEqual([{ by: 'maxMemoryBytes', address: '127.0.0.1', count: 1 }]);

    await idle.end();
    expect(idle.messages.slice(1)).toEqual(["{bye:['close']}"]);
    expect(shed[1]).toMatchObject({ strangers: 0, sessions: 2 });
    expect(server.getUsage().sessions.used).toBe(2);
    expect([user.ended, busy.ended]).toEqual([false, false]);

    pretend(LIMIT);
    await waitFor(() => arena.waiting.length === 1, 'the busy one’s call');
    arena.waiting.shift()?.();
    expect((await busy.received(2))[1]).toBe('{callback:[1],ok:[]}');
    expect(arena.errors).toEqual([]);
  });

  test('ended sessions are gone, also those that were stored', async () => {
    pretend(LIMIT);
    const arena = await Arena.start(closing, { limits: { maxMemoryBytes: LIMIT } });
    const away = await arena.guest(RESUMABLE);
    const id = /ok:'([^']+)'/.exec(away.messages[0])?.[1] ?? '';
    away.destroy();
    pretend(LIMIT + 1);
    await waitFor(() => arena.server.getUsage().sessions.used === 0, 'the end of the session');
    pretend(LIMIT);
    await waitFor(async () => {
      const peer = await arena.stranger();
      peer.send(HANDSHAKE.replace("'app']", `'app','',{bye:1,resume:1}],session:['${id}',0]`));
      await waitFor(() => peer.messages.length > 0 || peer.ended, 'an answer');
      return peer.messages[0]?.includes('ERR_SESSION_LOST') ?? false;
    }, 'a refused resume');
  });
});
