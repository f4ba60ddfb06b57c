import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Socket } from 'node:net';
import {
  Application,
  LimitError,
  ws,
  type Connection,
  type Limits,
  type ReachedBudget,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { stopCore } from '../support/core.js';
import type { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();
const KIB = 1024;
const PIECE = 100 * KIB;
/** From so many bytes on a message is counted that has not arrived whole. */
const COUNTED_FROM = 16 * KIB;
const BEGIN = "{call:[1,'mark'],run:['";
const END = "']}\0";

/** What a message that waits counts as besides its bytes. */
const HELD_MESSAGE = 320;

/** The address of whoever connects. */
let address: string;
/** How far the clock is ahead, in milliseconds. */
let lead: number;

guardProcess();
beforeEach(() => {
  address = '192.0.2.1';
  lead = 0;
  const clock = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => clock() + lead);
});
afterEach(async () => {
  await closing.run();
  jest.restoreAllMocks();
});

function start(limits: Partial<Limits>): Promise<Arena> {
  const clientAddress = (): string => address;
  return Arena.start(closing, { limits, clientAddress } as object);
}

function used(arena: Arena): number {
  return arena.server.getUsage().receiveBufferBytes.used;
}

/** Sends a part of a message, of so many bytes, and waits until it has arrived. */
async function hold(arena: Arena, bytes: number, peer?: RawPeer): Promise<RawPeer> {
  const before = used(arena);
  const sender = peer ?? (await arena.guest());
  sender.socket.write(peer ? 'x'.repeat(bytes) : BEGIN.padEnd(bytes, 'x'));
  if (bytes >= COUNTED_FROM) await waitFor(() => used(arena) === before + bytes, 'a part of a message');
  return sender;
}

describe('limits.maxReceiveBufferBytesTotal', () => {
  test('is what messages may have that have not arrived whole; they are served then', async () => {
    const arena = await start({ maxReceiveBufferBytesTotal: 3 * PIECE });
    const peers: RawPeer[] = [];
    for (let count = 0; count < 3; count++) peers.push(await hold(arena, PIECE));
    expect(used(arena)).toBe(3 * PIECE);
    for (const peer of peers) {
      peer.socket.write(END);
      expect((await peer.received(2))[1]).toBe('{callback:[1],ok:[]}');
    }
    expect(used(arena)).toBe(0);
    expect(arena.errors).toEqual([]);
  });

  test('ends, one byte beyond, the connection that has held as much as others for the longest', async () => {
    const arena = await start({ maxReceiveBufferBytesTotal: 3 * PIECE });
    const told: ReachedBudget[] = [];
    arena.server.on('budgetReached', (reached) => told.push(reached));
    const peers: RawPeer[] = [];
    for (let count = 0; count < 3; count++) peers.push(await hold(arena, PIECE));
    peers[2].socket.write('x');
    await peers[0].end();
    for (const peer of peers.slice(1)) {
      peer.socket.write(END);
      await peer.received(2);
    }
    await waitFor(() => arena.errors.length > 0, 'the error');
    expect(arena.errors).toEqual([expect.any(LimitError)]);
    expect(arena.errors).toMatchObject([{ limit: 'maxReceiveBufferBytesTotal' }]);
    const reached = { by: 'maxReceiveBufferBytesTotal', used: 3 * PIECE + 1, limit: 3 * PIECE };
    expect(told).toEqual([reached]);
  });

  test('spares a newcomer whose message is larger than those that others have held for long', async () => {
    const arena = await start({ maxReceiveBufferBytesTotal: 3 * PIECE });
    const old = [await hold(arena, PIECE), await hold(arena, PIECE)];
    lead += 1000;
    const peer = await arena.guest();
    peer.socket.write(BEGIN.padEnd(2 * PIECE, 'x') + END);
    expect((await peer.received(2))[1]).toBe('{callback:[1],ok:[]}');
    expect(old.some(({ ended }) => ended)).toBe(true);
  });

  test('ends connections of the address first that holds the most in all', async () => {
    const arena = await start({ maxReceiveBufferBytesTotal: 5 * PIECE });
    const other = await hold(arena, 1.5 * PIECE);
    address = '192.0.2.2';
    const many = [await hold(arena, PIECE), await hold(arena, PIECE), await hold(arena, PIECE)];
    lead += 1000;
    await arena.guest().then((peer) => peer.socket.write(BEGIN.padEnd(PIECE, 'x')));
    await many[0].end();
    expect(other.ended).toBe(false);
    other.socket.write(END);
    expect((await other.received(2))[1]).toBe('{callback:[1],ok:[]}');
  });

  test('does not count less than 16 KiB of a client', async () => {
    const arena = await start({ maxReceiveBufferBytesTotal: 2 * COUNTED_FROM });
    const small = [];
    for (let count = 0; count < 4; count++) small.push(await hold(arena, COUNTED_FROM - 1));
    await arena.hasRead();
    expect(used(arena)).toBe(0);
    small[0].socket.write('x');
    await waitFor(() => used(arena) === COUNTED_FROM, 'the last byte');
    expect(small.some(({ ended }) => ended)).toBe(false);
  });

  test('counts the messages that wait until the client is served on', async () => {
    const arena = await start({ maxCallsInFlight: 1, maxReceiveBufferBytesTotal: PIECE });
    const call = (id: number, bytes: number): string =>
      `{call:[${String(id)},'mark'],run:['${'x'.repeat(bytes)}']}`;
    const peer = await arena.guest();
    peer.send("{call:[1,'slow'],wait:[]}", call(2, PIECE / 2));
    const waiting = call(2, PIECE / 2).length + HELD_MESSAGE;
    await waitFor(() => used(arena) === waiting, 'the message that waits');
    arena.waiting.shift()?.();
    await peer.received(3);
    expect(used(arena)).toBe(0);
    peer.send("{call:[3,'slow'],wait:[]}", call(4, PIECE));
    await peer.end();
    expect(used(arena)).toBe(0);
  });

  test('counts what small messages that wait take, which is more than their bytes', async () => {
    const count = 100;
    const arena = await start({ maxCallsInFlight: 1, maxReceiveBufferBytesTotal: count * HELD_MESSAGE });
    const peer = await arena.guest();
    peer.send("{call:[1,'slow'],wait:[]}", ...Array<string>(count - 10).fill('{a:[]}'));
    await waitFor(() => used(arena) === (count - 10) * (HELD_MESSAGE + 6), 'the messages that wait');
    peer.send(...Array<string>(10).fill('{a:[]}'));
    await peer.end();
    expect(arena.errors).toMatchObject([{ limit: 'maxReceiveBufferBytesTotal' }]);
  });

  test('counts what has arrived behind the messages that are read ahead', async () => {
    const arena = await start({ maxCallsInFlight: 1, maxReceiveBufferBytesTotal: Infinity });
    const peer = await arena.guest();
    const small = '{a:[]}\0'.repeat(8 * KIB);
    peer.socket.write(`{call:[1,'slow'],wait:[]}\0${small}`);
    const perMessage = HELD_MESSAGE + 6;
    const held = Math.ceil((256 * KIB) / perMessage);
    // One chunk at most; the rest stays with the system.
    await waitFor(() => used(arena) > held * perMessage + COUNTED_FROM, 'what waits');
    expect(used(arena)).toBeLessThan(held * perMessage + small.length);
    arena.waiting.shift()?.();
    await waitFor(() => used(arena) === 0, 'all to be served');
    expect(arena.errors).toEqual([]);
  });

  test('counts no more of a client that has gone', async () => {
    const arena = await start({ maxReceiveBufferBytesTotal: PIECE });
    const peer = await hold(arena, PIECE);
    peer.destroy();
    await waitFor(() => used(arena) === 0, 'its end');
    await hold(arena, PIECE);
    expect(arena.errors).toEqual([]);
  });

  test('may be Infinity', async () => {
    const arena = await start({ maxReceiveBufferBytesTotal: Infinity });
    const peers = [await hold(arena, PIECE), await hold(arena, PIECE)];
    expect(used(arena)).toBe(2 * PIECE);
    expect(peers.some(({ ended }) => ended)).toBe(false);
  });

  test.each(['one frame', 'fragments'])(
    'counts what has arrived of a WebSocket message in %s',
    async (form) => {
      const app = new Application<Connection>('app', {});
      const server = ws.createServer({
        applications: [app],
        limits: { maxReceiveBufferBytesTotal: 2 * PIECE },
      });
      const errors: unknown[] = [];
      server.on('connectionError', (error) => errors.push(error));
      closing.add(() => stopCore(server));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const bytes = (): number => server.getUsage().receiveBufferBytes.used;
      const holders: WebSocket[] = [];
      for (let count = 1; count <= 2; count++) {
        const webSocket = new WebSocket(`ws://127.0.0.1:${String(port)}`, 'metarhia-jstp');
        closing.add(() => webSocket.terminate());
        await new Promise((resolve) => webSocket.once('open', resolve));
        webSocket.send("{handshake:[0,'app']}");
        await new Promise((resolve) => webSocket.once('message', resolve));
        holders.push(webSocket);
        const text = BEGIN.padEnd(PIECE, 'x');
        if (form === 'fragments')
          for (let at = 0; at < PIECE; at += PIECE / 4)
            webSocket.send(text.slice(at, at + PIECE / 4), { fin: false });
        else {
          // A KiB more than comes. A larger one is read to memory of its own, which counts as large as it is.
          const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x94, 0, 0, 0, 0, 0]);
          (webSocket as unknown as { _socket: Socket })._socket.write(
            Buffer.concat([head, Buffer.from(text)]),
          );
        }
        await waitFor(() => bytes() >= count * PIECE, 'the part of the message');
        expect(bytes()).toBe(count * PIECE);
      }
      const closed = new Promise((resolve) => holders[0].once('close', resolve));
      if (form === 'fragments') holders[1].send('x', { fin: false });
      else (holders[1] as unknown as { _socket: Socket })._socket.write('x');
      await closed;
      expect(errors).toMatchObject([{ limit: 'maxReceiveBufferBytesTotal' }]);
      expect(bytes()).toBe(PIECE + 1);
    },
  );
});
