import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, type Connection, type IncomingCall, type Limits } from '../../lib/core.js';
import { lifecycleOf } from '../../lib/connection/lifecycle.js';
import { Closing } from '../support/closing.js';
import type { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

const KIB = 1024;
const MIB = 1024 * KIB;
/** Written by itself, and at once. */
const PIECE = 'x'.repeat(100 * KIB);
/** More than the text around a piece. */
const AROUND = 100;

/** A peer that reads nothing any more, and the server's side of it. */
interface Stalled {
  readonly peer: RawPeer;
  readonly connection: Connection;
}

function waitingOf({ connection }: Stalled): number {
  return lifecycleOf(connection).wire.transport?.waiting ?? 0;
}

function totalOf(arena: Arena): number {
  return arena.server.getUsage().sendBufferBytes.used;
}

async function send({ connection }: Stalled): Promise<void> {
  connection.emitRemoteEvent('news', 'told', [PIECE]);
  await nextTurn();
}

/** A peer for which at least so many bytes wait. */
async function stall(arena: Arena, bytes: number, handshake?: string): Promise<Stalled> {
  const peer = await arena.guest(handshake);
  const connection = arena.server.getClientsArray().at(-1);
  if (!connection) throw new Error('The server has no client');
  const stalled = { peer, connection };
  peer.socket.pause();
  for (let count = 0; waitingOf(stalled) < bytes; count += 1) {
    if (count > 1000) throw new Error('Too little waits');
    await send(stalled);
  }
  return stalled;
}

function start(limits: Partial<Limits>): Promise<Arena> {
  return Arena.start(closing, { limits: { sendStallTimeoutMs: 0, maxSendBufferBytes: Infinity, ...limits } });
}

describe('limits.maxSendBufferBytesTotal', () => {
  test('lets so much wait for all clients together, and gives up the one with the most beyond that', async () => {
    const arena = await start({ maxSendBufferBytesTotal: 4 * MIB });
    const most = await stall(arena, 2 * MIB);
    const less = await stall(arena, 100 * KIB);
    while (totalOf(arena) + PIECE.length + AROUND < 4 * MIB) await send(less);
    expect(totalOf(arena)).toBe(waitingOf(most) + waitingOf(less));
    await arena.expectServing();
    expect(arena.errors).toEqual([]);
    await send(less);
    await waitFor(() => arena.errors.length > 0, 'the cut');
    expect(arena.errors).toMatchObject([{ code: 'ERR_JSTP_SLOW_PEER' }]);
    await waitFor(() => arena.server.getClientsArray().length === 1, 'the end of its connection');
    expect(arena.server.getClientsArray()).toEqual([less.connection]);
    expect(totalOf(arena)).toBe(waitingOf(less));
    less.peer.destroy();
    await waitFor(() => arena.server.getClientsArray().length === 0, 'the end of the other one');
    expect(totalOf(arena)).toBe(0);
  });

  test('counts what waits on a transport whose session another one has taken, until that is closed', async () => {
    const arena = await start({ maxSendBufferBytesTotal: 8 * MIB });
    const first = await stall(arena, MIB, "{handshake:[0,'app','',{resume:1}]}");
    const waited = waitingOf(first);
    const { transport } = lifecycleOf(first.connection).wire;
    expect(totalOf(arena)).toBe(waited);
    const taker = await arena.stranger();
    taker.socket.pause();
    taker.send(`{handshake:[0,'app','',{resume:1}],session:['${first.connection.session?.id ?? ''}',0]}`);
    await waitFor(() => lifecycleOf(first.connection).wire.transport !== transport, 'the takeover');
    await waitFor(() => waitingOf(first) >= MIB, 'what is sent again');
    expect(transport?.waiting).toBeGreaterThanOrEqual(waited);
    expect(totalOf(arena)).toBe(waitingOf(first) + (transport?.waiting ?? 0));
    first.peer.destroy();
    await waitFor(() => totalOf(arena) === waitingOf(first), 'the end of the first transport');
  });

  test('counts what small messages that wait take, which is more than their bytes', async () => {
    const arena = await start({ sendHighWaterMark: Infinity });
    const stalled = await stall(arena, 2 * PIECE.length);
    const before = totalOf(arena);
    const count = 1000;
    for (let n = 0; n < count; n += 1) {
      stalled.connection.emitRemoteEvent('news', 'told', []);
      await nextTurn();
    }
    expect(totalOf(arena) - before).toBeGreaterThan((count - 64) * 256);
    expect(totalOf(arena)).toBe(waitingOf(stalled));
    stalled.peer.socket.resume();
    await waitFor(() => totalOf(arena) === 0, 'all to be read');
    expect(waitingOf(stalled)).toBe(0);
  });

  test('pauses serving of those with more than 64 KiB from half of it on, and serves the others', async () => {
    const arena = await start({ maxSendBufferBytesTotal: 4 * MIB });
    await stall(arena, 2 * MIB);
    const waiting = await stall(arena, 64 * KIB);
    waiting.peer.send("{call:[1,'mark'],run:['later']}");
    await arena.hasRead();
    await arena.expectServing();
    expect(arena.executed).not.toContain('later');
    waiting.peer.socket.resume();
    await waitFor(() => arena.executed.includes('later'), 'the call');
    expect(waiting.connection.handshakeDone).toBe(true);
  });

  test('pauses nobody below that', async () => {
    const arena = await start({ maxSendBufferBytesTotal: 8 * MIB });
    await stall(arena, 2 * MIB);
    const waiting = await stall(arena, 64 * KIB);
    waiting.peer.send("{call:[1,'mark'],run:['at once']}");
    await waitFor(() => arena.executed.includes('at once'), 'the call');
    waiting.peer.destroy();
  });
});

describe('limits.maxSendBufferBytesTotal for streams whose sources do not wait', () => {
  const CREDIT = 64;
  const HELD = 100;

  /** A server with streams that are written at once: each holds so many KiB as a client gives no more credit. */
  function startFeed(): Promise<Arena> {
    class Feed extends Application<Connection> {
      constructor() {
        super('app', {});
      }

      async handleCall(call: IncomingCall<Connection>): Promise<void> {
        const stream = call.openStream();
        const value = 'x'.repeat(Number(call.args[0]));
        for (let n = 0; n < CREDIT + HELD; n++) stream.write(value);
        stream.end();
        return Promise.resolve();
      }
    }
    return Arena.start(closing, {
      applications: [new Feed()],
      limits: { maxSendBufferBytesTotal: 350 * KIB },
    });
  }

  async function ask(peer: RawPeer, id: number, bytes: number): Promise<void> {
    peer.send(`{call:[${String(id)},'feed'],run:[${String(bytes)}]}`);
    await waitFor(
      () => peer.messages.filter((text) => text.startsWith(`{stream:[${String(id)},`)).length === CREDIT,
      'the values for which there is credit',
    );
  }

  test('lets them hold so much, counts it until it is sent or dropped, and fails those of the client with the most', async () => {
    const arena = await startFeed();
    const greedy = await arena.guest("{handshake:[0,'app','',{cancel:1,stream:1}]}");
    const other = await arena.guest("{handshake:[0,'app','',{cancel:1,stream:1}]}");
    for (const id of [1, 2]) await ask(greedy, id, KIB);
    await ask(other, 1, KIB);
    expect(totalOf(arena)).toBeGreaterThan(3 * HELD * KIB);
    expect([...greedy.messages, ...other.messages].join()).not.toContain('callback');
    await ask(other, 2, KIB / 2);
    const failed = /^\{callback:\[[12]\],error:\[-6/;
    await waitFor(() => greedy.messages.filter((text) => failed.test(text)).length === 2, 'the failures');
    expect(totalOf(arena)).toBeGreaterThan(HELD * KIB);
    for (const id of [1, 2]) other.send(`{stream:[${String(id)}],credit:[1000]}`);
    await waitFor(() => other.messages.at(-1) === '{callback:[2],ok:[]}', 'the end of the other streams');
    expect(totalOf(arena)).toBe(0);
    await ask(greedy, 3, KIB);
    await ask(greedy, 4, KIB);
    expect(totalOf(arena)).toBeGreaterThan(2 * HELD * KIB);
    greedy.send('{cancel:[3]}');
    await waitFor(() => totalOf(arena) < 2 * HELD * KIB, 'the cancel');
    greedy.destroy();
    await waitFor(() => totalOf(arena) === 0, 'the end of all');
  });

  test('counts 40 bytes for each value besides its text', async () => {
    const arena = await startFeed();
    const peer = await arena.guest("{handshake:[0,'app','',{cancel:1,stream:1}]}");
    await ask(peer, 1, 0);
    const lengths = Array.from(
      { length: HELD },
      (_, n) => `{stream:[1,${String(CREDIT + n + 1)}],data:['']}`.length,
    );
    expect(totalOf(arena)).toBe(lengths.reduce((sum, length) => sum + length + 40, 0));
  });
});
