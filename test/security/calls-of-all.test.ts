import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import type { Limits } from '../../lib/core.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();
const MOST = 40;
/** How many handlers one address may abandon where half of the limit is used up. */
const MANY = 16;

/** The address of whoever connects. */
let address: string;
let addressCount = 0;

guardProcess();
beforeEach(() => {
  address = '192.0.2.1';
});
afterEach(() => closing.run());

function started(maxCallsInFlightTotal: number, limits: Partial<Limits> = {}): Promise<Arena> {
  const clientAddress = (): string => address;
  return Arena.start(closing, { limits: { ...limits, maxCallsInFlightTotal }, clientAddress } as object);
}

/** Lets those who connect come from another address. */
function move(): void {
  addressCount += 1;
  address = `198.51.100.${String(addressCount)}`;
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
    for (let round = 0; round < MOST; round++) {
      move();
      await comeAndGo(arena);
    }
    await allGone(arena);
    for (let round = 0; round < MOST; round++) {
      move();
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
    for (let round = 0; round < MOST - 1; round++) {
      move();
      await comeAndGo(arena);
    }
    await allGone(arena);
    await arena.expectServing();
    expect(arena.waiting).toHaveLength(MOST - 1);
  });

  test('is used up to the half by clients of one address that come, call and go, and others are served', async () => {
    const arena = await started(MOST);
    for (let round = 1; round < MOST / 2; round++) await comeAndGo(arena);
    await allGone(arena);
    await arena.expectServing();
    await comeAndGo(arena);
    for (let round = 0; round < MOST; round++) {
      const peer = await arena.guest();
      peer.send(...slow(3));
      await arena.hasRead();
      peer.destroy();
    }
    await allGone(arena);
    expect(arena.waiting).toHaveLength(MOST / 2);
    const held = await arena.guest();
    held.send("{call:[1,'mark'],run:['held']}");
    move();
    await arena.expectServing();
    end(arena, MOST / 4 - 1);
    await arena.hasRead();
    expect(arena.executed).not.toContain('held');
    end(arena, 1);
    expect((await held.received(2))[1]).toBe('{callback:[1],ok:[]}');
  });

  test('is not used up by clients of one address that go all at once', async () => {
    const arena = await started(MOST);
    const busy = await arena.guest();
    busy.send(...slow(MOST));
    await waitFor(() => arena.waiting.length === MOST, 'the calls');
    busy.destroy();
    await allGone(arena);
    const held = await arena.guest();
    held.send("{call:[1,'mark'],run:['held']}");
    move();
    await arena.expectServing();
    expect(arena.executed).not.toContain('held');
  });

  test('lets the clients of an address go on when half of its many handlers have ended', async () => {
    const arena = await started(MOST);
    for (let round = 0; round < MANY; round++) await comeAndGo(arena);
    move();
    for (let round = MANY; round < MOST / 2 + MANY / 2; round++) await comeAndGo(arena);
    await allGone(arena);
    await arena.expectServing();
    address = '192.0.2.1';
    const held = await arena.guest();
    held.send("{call:[1,'mark'],run:['held']}");
    end(arena, MANY / 2 - 1);
    await arena.hasRead();
    expect(arena.executed).not.toContain('held');
    end(arena, 1);
    expect((await held.received(2))[1]).toBe('{callback:[1],ok:[]}');
  });

  test('counts what a peer of an old version has abandoned at the address that it has had last', async () => {
    const arena = await started(MOST);
    const first = await arena.guest();
    const id = /ok:'([^']+)'/.exec(first.messages[0] ?? '')?.[1] ?? '';
    first.send(...slow(MOST / 2));
    await waitFor(() => arena.waiting.length === MOST / 2, 'the calls');
    first.destroy();
    await allGone(arena);
    move();
    const second = await arena.guest(`{handshake:[0,'app'],session:['${id}',0]}`);
    second.destroy();
    await allGone(arena);
    const held = await arena.guest();
    held.send("{call:[1,'mark'],run:['held']}");
    address = '192.0.2.1';
    await arena.expectServing();
    expect(arena.executed).not.toContain('held');
    end(arena, MOST);
    expect((await held.received(2))[1]).toBe('{callback:[1],ok:[]}');
    held.destroy();
    move();
    for (let round = 1; round < MOST / 2; round++) await comeAndGo(arena);
    await allGone(arena);
    await arena.expectServing();
  });

  test('holds up nobody while it was not reached, however much is under way', async () => {
    const most = MOST / 2;
    const arena = await started(MOST, { maxCallsInFlight: most });
    const other = await arena.guest();
    other.send(...slow(most - 1));
    await waitFor(() => arena.waiting.length === most - 1, 'the calls of another client');
    const others = arena.waiting.splice(0);
    const good = await arena.guest();
    good.send(...slow(most), `{call:[${String(most + 1)},'mark'],run:['good']}`);
    await waitFor(() => arena.waiting.length === most, 'its calls');
    expect(arena.server.getUsage().callsInFlight.used).toBe(MOST - 1);
    end(arena, most / 2);
    await waitFor(() => arena.executed.includes('good'), 'its next call');
    for (const answer of others) answer();
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
