import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();
const MOST = 40;

guardProcess();
afterEach(() => closing.run());

function started(maxCallsInFlightTotal: number): Promise<Arena> {
  return Arena.start(closing, { limits: { maxCallsInFlightTotal } });
}

function slow(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `{call:[${String(index + 1)},'slow'],wait:[]}`);
}

/** A client that calls a slow method, and goes at once. */
async function comeAndGo(arena: Arena, count = 1): Promise<void> {
  const peer = await arena.guest();
  peer.send(...slow(count));
  await peer.pong(count + 1);
  peer.destroy();
}

async function allGone(arena: Arena): Promise<void> {
  await waitFor(() => arena.server.getClientsArray().length === 0, 'the end of the clients');
}

/** Calls that nobody answers yet. */
function end(arena: Arena, count: number): void {
  for (const answer of arena.waiting.splice(0, count)) answer();
}

describe('limits.maxCallsInFlightTotal', () => {
  test('is as many handlers as run of clients that come, call and go', async () => {
    const arena = await started(MOST);
    for (let round = 0; round < MOST; round++) await comeAndGo(arena);
    await allGone(arena);
    for (let round = 0; round < MOST; round++) {
      const peer = await arena.guest();
      peer.send(...slow(3));
      await arena.hasRead();
      peer.destroy();
    }
    await allGone(arena);
    expect(arena.waiting).toHaveLength(MOST);
    expect(arena.server.getUsage().callsInFlight).toEqual({ used: MOST, limit: MOST });
    const good = await arena.guest();
    good.send("{call:[1,'mark'],run:['good']}");
    end(arena, MOST / 2 - 1);
    await arena.hasRead();
    expect(arena.executed).not.toContain('good');
    end(arena, 1);
    expect((await good.received(2))[1]).toBe('{callback:[1],ok:[]}');
    end(arena, MOST);
    expect(arena.server.getUsage().callsInFlight.used).toBe(0);
  });

  test('holds up nobody at one less', async () => {
    const arena = await started(MOST);
    for (let round = 0; round < MOST - 1; round++) await comeAndGo(arena);
    await allGone(arena);
    await arena.expectServing();
    expect(arena.waiting).toHaveLength(MOST - 1);
  });

  test('pauses reading of a client with many calls under way, and serves those with few', async () => {
    const arena = await started(MOST);
    const busy = await arena.guest();
    const other = await arena.guest();
    other.send(...slow(1));
    await other.pong(2);
    busy.send(...slow(MOST - 1), `{call:[${String(MOST)},'mark'],run:['busy']}`);
    await waitFor(() => arena.waiting.length === MOST, 'the calls');
    await arena.hasRead();
    expect(arena.executed).not.toContain('busy');
    await arena.expectServing();
    other.send("{call:[3,'mark'],run:['first']}", "{call:[4,'mark'],run:['second']}");
    await waitFor(() => arena.executed.includes('second'), 'the other client');
    end(arena, MOST / 2);
    await waitFor(() => arena.executed.includes('busy'), 'its next call');
  });

  test('serves no more of what a client has sent when it goes', async () => {
    const arena = await started(MOST);
    const peer = await arena.guest();
    peer.send(...slow(3 * MOST));
    await waitFor(() => arena.waiting.length === MOST, 'the calls');
    await arena.hasRead();
    peer.destroy();
    await allGone(arena);
    expect(arena.waiting).toHaveLength(MOST);
  });

  test('may be any number where it is Infinity', async () => {
    const arena = await started(Infinity);
    await comeAndGo(arena, 3 * MOST);
    await allGone(arena);
    expect(arena.waiting).toHaveLength(3 * MOST);
    await arena.expectServing();
    expect(arena.server.getUsage().callsInFlight).toEqual({ used: 3 * MOST, limit: Infinity });
  });
});
