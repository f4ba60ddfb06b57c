import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Application, ws, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { API, dial, startCore, type Back } from '../support/core.js';
import { fakeClock } from '../support/fake-clock.js';
import { turns } from '../support/quiet.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, CHASER, guardProcess, HANDSHAKE } from './arena.js';
import { ask, closeOf, SecureArena } from './secure-arena.js';

const closing = new Closing();
guardProcess();
afterEach(async () => {
  jest.useRealTimers();
  await closing.run();
});

const MOST = 5;
const RESUMING = "{handshake:[0,'app','',{resume:1}]}";
const BEYOND = [expect.objectContaining({ code: 'ERR_JSTP_PROTOCOL', limit: 'maxPingBurst' })];

const KINDS: readonly [title: string, handshake: string, ping: (n: number) => string][] = [
  ['pings', HANDSHAKE, (n) => `{ping:[${String(n)}]}`],
  ['pings that are not counted as messages', RESUMING, () => '{ping:[0]}'],
  ['heartbeats of old peers', HANDSHAKE, () => '{}'],
];

describe.each(KINDS)('limits.maxPingBurst of %s', (_title, handshake, ping) => {
  const burst = (count: number): string[] => Array.from({ length: count }, (_, n) => ping(n + 1));

  test('is what a peer may send at once', async () => {
    const arena = await Arena.start(closing, { limits: { maxPingBurst: MOST } });
    const peer = await arena.guest(handshake);
    peer.send(...burst(MOST), `{call:[${String(MOST + 1)},'mark'],run:['behind']}`);
    await waitFor(() => peer.messages.some((text) => text.startsWith('{callback:')), 'the answer');
    expect([peer.ended, arena.errors]).toEqual([false, []]);
  });

  test('and one more ends the connection, and runs nothing more', async () => {
    const arena = await Arena.start(closing, { limits: { maxPingBurst: MOST } });
    const peer = await arena.guest(handshake);
    peer.send(...burst(MOST + 1), CHASER);
    await arena.expectEnded(peer);
    expect(arena.errors).toEqual(BEYOND);
    expect(peer.messages.join()).not.toContain('maxPingBurst');
  });

  test('counts none with another message before it, and those that are only ignored are none', async () => {
    const arena = await Arena.start(closing, { limits: { maxPingBurst: MOST } });
    const peer = await arena.guest(handshake);
    for (let n = 1; n <= 100; n++) peer.send(`{call:[${String(2 * n)},'mark'],run:['x']}`, ping(2 * n + 1));
    await waitFor(() => arena.executed.length === 100, 'the calls');
    expect([peer.ended, arena.errors]).toEqual([false, []]);
    for (let n = 101; n <= 100 + MOST; n++) peer.send('{dance:[1]}', '{pong:[7]}', ping(2 * n + 1));
    await arena.expectServing();
    expect(peer.ended).toBe(false);
    peer.send('{dance:[1]}', ping(1000));
    await peer.end();
    expect(arena.errors).toEqual(BEYOND);
  });

  test('comes back with time: a thirtieth each second', async () => {
    fakeClock();
    const arena = await Arena.start(closing, { limits: { maxPingBurst: 30 } });
    const peer = await arena.guest(handshake);
    peer.send(...burst(30));
    await arena.expectServing();
    jest.advanceTimersByTime(3000);
    peer.send(ping(31), ping(32), ping(33));
    await arena.expectServing();
    expect([peer.ended, arena.errors]).toEqual([false, []]);
    peer.send(ping(34));
    await peer.end();
    expect(arena.errors).toEqual(BEYOND);
  });

  test('is none where it is Infinity', async () => {
    const arena = await Arena.start(closing, { limits: { maxPingBurst: Infinity } });
    const peer = await arena.guest(handshake);
    peer.send(...burst(5000));
    await arena.expectServing();
    expect([peer.ended, arena.errors]).toEqual([false, []]);
  });
});

test('limits.maxPingBurst holds before the handshake, too', async () => {
  const arena = await Arena.start(closing, { limits: { maxPingBurst: MOST } });
  const stranger = await arena.stranger();
  stranger.send(...Array.from({ length: MOST }, () => '{}'), HANDSHAKE);
  await stranger.received(1);
  const another = await arena.stranger();
  another.send(...Array.from({ length: MOST + 1 }, () => '{}'), HANDSHAKE);
  await another.end();
  expect(another.messages).toEqual([]);
  expect(arena.errors).toEqual(BEYOND);
});

describe.each(['ping', 'pong'] as const)('limits.maxPingBurst of the control frame %s', (kind) => {
  async function guest(): Promise<{ arena: SecureArena; webSocket: WebSocket }> {
    const arena = await SecureArena.start(closing, ws, {}, { limits: { maxPingBurst: MOST } });
    const webSocket = await arena.webSocket();
    await ask(webSocket, HANDSHAKE);
    return { arena, webSocket };
  }

  const send = (webSocket: WebSocket, count: number): void => {
    for (let n = 0; n < count; n++) webSocket[kind]();
  };

  test('is what a peer may send at once, and one more ends the connection', async () => {
    const { arena, webSocket } = await guest();
    send(webSocket, MOST);
    expect(await ask(webSocket, "{call:[1,'echo'],back:[1]}")).toBe('{callback:[1],ok:[1]}');
    // The first one comes behind a call.
    send(webSocket, 1);
    expect(await ask(webSocket, "{call:[2,'echo'],back:[2]}")).toBe('{callback:[2],ok:[2]}');
    expect(arena.errors).toEqual([]);
    send(webSocket, 2);
    await closeOf(webSocket);
    expect(arena.errors).toEqual(BEYOND);
  });
});

test('a WebSocket takes as many pings as that at once, in one piece, and tells of one more', async () => {
  const arena = await SecureArena.start(closing, ws, {}, { limits: { maxPingBurst: 500 } });
  const webSocket = await arena.webSocket();
  await ask(webSocket, HANDSHAKE);
  const { _socket: socket } = webSocket as unknown as { _socket: Socket };
  const pings = (count: number): Buffer => Buffer.from('898000000000'.repeat(count), 'hex');
  socket.write(pings(500));
  expect(await ask(webSocket, "{call:[1,'echo'],back:[1]}")).toBe('{callback:[1],ok:[1]}');
  expect(arena.errors).toEqual([]);
  socket.write(pings(502));
  await closeOf(webSocket);
  expect(arena.errors).toHaveLength(1);
  expect(String(arena.errors[0])).toContain('limits.maxPingBurst');
});

test('the pongs to the pings of one piece are written at once, behind the first', async () => {
  const arena = await SecureArena.start(closing, ws, {}, {});
  const webSocket = await arena.webSocket();
  await ask(webSocket, HANDSHAKE);
  const { _socket: socket } = webSocket as unknown as { _socket: Socket };
  let pongs = 0;
  webSocket.on('pong', () => (pongs += 1));
  const writes = jest.spyOn(Socket.prototype as Required<Socket>, '_writev');
  socket.write(Buffer.from('89810000000078'.repeat(200), 'hex'));
  expect(await ask(webSocket, "{call:[1,'echo'],back:[1]}")).toBe('{callback:[1],ok:[1]}');
  const { length } = writes.mock.calls;
  writes.mockRestore();
  expect(pongs).toBe(200);
  expect(length).toBeLessThan(20);
});

test('peers of this package never go beyond it by asking how far they have read', async () => {
  const items = 1000;
  const api = {
    ...API,
    feed: {
      news: (connection: Connection, callback: Back) => {
        for (let n = 0; n < items; n++) connection.emitRemoteEvent('news', 'item', ['x'.repeat(100)]);
        callback(null);
      },
    },
  };
  const errors: unknown[] = [];
  const limits = { maxPingBurst: 1, journalMaxEntries: 2000 };
  const core = await startCore(closing, { applications: [new Application('app', api)], limits });
  core.server.on('connectionError', (error) => errors.push(error));
  const client = await dial(closing, core.port, { limits });
  let pings = 0;
  client.on('error', (error) => errors.push(error));
  for (const event of ['incomingMessage', 'outgoingMessage'] as const) {
    client.on(event, (message) => {
      if ('ping' in (message as object)) pings += 1;
    });
  }
  await client.callMethod('feed', 'news', []);
  for (let batch = 0; batch < 10; batch++) {
    const calls = Array.from({ length: 100 }, (_, n) => client.callMethod('echo', 'back', [n]));
    expect(await Promise.all(calls)).toHaveLength(100);
  }
  for (let n = 0; n < items; n++) client.emitRemoteEvent('echo', 'said', [n]);
  await client.callMethod('echo', 'back', ['end']);
  await turns();
  // Many more than may come at once.
  expect(pings).toBeGreaterThan(5);
  expect(errors).toEqual([]);
});

test('a WebSocket takes any number of pings at once where limits.maxPingBurst is Infinity', async () => {
  const arena = await SecureArena.start(closing, ws, {}, { limits: { maxPingBurst: Infinity } });
  const webSocket = await arena.webSocket();
  await ask(webSocket, HANDSHAKE);
  const { _socket: socket } = webSocket as unknown as { _socket: Socket };
  socket.write(Buffer.from('898000000000'.repeat(10_000), 'hex'));
  expect(await ask(webSocket, "{call:[1,'echo'],back:[1]}")).toBe('{callback:[1],ok:[1]}');
  expect(arena.errors).toEqual([]);
});
