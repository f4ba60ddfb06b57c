import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { LimitError, net, tls, ws, wss, type Limits } from '../../lib/core.js';
import { serverPair } from '../support/certificates.js';
import { Closing } from '../support/closing.js';
import { fakeClock } from '../support/fake-clock.js';
import { turns } from '../support/quiet.js';
import { waitFor } from '../support/wait-for.js';
import { guardProcess, HANDSHAKE } from './arena.js';
import { ask, SecureArena } from './secure-arena.js';

const closing = new Closing();
guardProcess();
beforeEach(() => {
  fakeClock();
});
afterEach(async () => {
  jest.useRealTimers();
  await closing.run();
});

const TEXT_FRAME = 1;
const LAST = 0x80;
const MASKED = 0x80;
const LENGTH_IN_8_BYTES = 127;

/** The beginning of a frame of a client, whose mask leaves the text as it is. */
function frameHead(length: number, first = LAST | TEXT_FRAME): Buffer {
  const head = Buffer.alloc(14);
  head[0] = first;
  head[1] = MASKED | LENGTH_IN_8_BYTES;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** A peer that is logged in and writes bytes as it likes. */
interface Guest {
  /** Writes, and waits until the server has read that. */
  write(bytes: Buffer | string): Promise<void>;
  /** The beginning and the end of a message that has so many bytes. */
  around(length: number): readonly [head: Buffer | string, end: string];
  readonly answers: () => string;
  readonly isEnded: () => boolean;
}

const TRANSPORTS = [
  { name: 'net', entry: net },
  { name: 'tls', entry: tls },
  { name: 'ws', entry: ws },
  { name: 'wss', entry: wss },
] as const;

type Transport = (typeof TRANSPORTS)[number];

async function start({ name, entry }: Transport, limits: Partial<Limits>): Promise<SecureArena> {
  const certificate = name === 'tls' || name === 'wss' ? serverPair : {};
  return SecureArena.start(closing, entry, certificate, { limits });
}

async function enter(arena: SecureArena, name: Transport['name']): Promise<Guest> {
  const accepted: Socket[] = [];
  arena.server.on('connection', (raw) => {
    accepted.push((raw as { _socket?: Socket })._socket ?? (raw as Socket));
  });
  let answers = '';
  let isEnded = false;
  let socket: Socket;
  const isWebSocket = name === 'ws' || name === 'wss';
  if (isWebSocket) {
    const webSocket: WebSocket = await arena.webSocket({}, name);
    webSocket.on('message', (data: Buffer) => (answers += data.toString()));
    webSocket.on('close', () => (isEnded = true));
    ({ _socket: socket } = webSocket as unknown as { _socket: Socket });
    await ask(webSocket, HANDSHAKE);
  } else {
    const attacker = await (name === 'tls' ? arena.secured() : arena.socket());
    ({ socket } = attacker);
    socket.on('data', (chunk: Buffer) => (answers += chunk.toString()));
    socket.on('close', () => (isEnded = true)).on('end', () => (isEnded = true));
    socket.write(`${HANDSHAKE}\0`);
    await waitFor(() => answers.includes('ok:'), 'the login');
  }
  return {
    async write(bytes) {
      const before = accepted[0].bytesRead;
      socket.write(bytes);
      await waitFor(() => isEnded || accepted[0].bytesRead > before, 'the server to read');
      await turns(3);
    },
    around: (length) => (isWebSocket ? [frameHead(length), ''] : ['', '\0']),
    answers: () => answers,
    isEnded: () => isEnded,
  };
}

const CALL = "{call:[1,'echo'],back:['whole']}";

describe.each(TRANSPORTS)('over $name', (transport) => {
  const { name } = transport;

  test('a message may take as long as limits.messageTimeoutMs, and costs its connection then', async () => {
    const arena = await start(transport, { messageTimeoutMs: 1000, minReadRate: 0 });
    const guest = await enter(arena, name);
    const [head, end] = guest.around(CALL.length);
    await guest.write(Buffer.concat([Buffer.from(head), Buffer.from(CALL.slice(0, 5))]));
    jest.advanceTimersByTime(999);
    await turns();
    await guest.write(CALL.slice(5) + end);
    await waitFor(() => guest.answers().includes("{callback:[1],ok:['whole']}"), 'the answer');
    // Between messages, nothing is counted.
    jest.advanceTimersByTime(100_000);
    await guest.write(Buffer.concat([Buffer.from(head), Buffer.from(CALL.slice(0, 5))]));
    jest.advanceTimersByTime(999);
    await turns();
    expect([guest.isEnded(), arena.errors]).toEqual([false, []]);
    jest.advanceTimersByTime(1);
    await waitFor(() => guest.isEnded(), 'the end of the slow one');
    expect(arena.errors).toEqual([
      expect.objectContaining({ code: 'ERR_JSTP_PROTOCOL', limit: 'messageTimeoutMs' }),
    ]);
    expect(arena.errors[0]).toBeInstanceOf(LimitError);
    expect(guest.answers()).not.toContain('messageTimeoutMs');
  });

  test('a message that stops halfway has the grace, and one below limits.minReadRate hardly longer', async () => {
    const arena = await start(transport, { messageTimeoutMs: 0, minReadRate: 100 });
    const guest = await enter(arena, name);
    const slow = await enter(await start(transport, { messageTimeoutMs: 0, minReadRate: 1000 }), name);
    const [head] = guest.around(100_000);
    for (const each of [guest, slow]) await each.write(Buffer.concat([Buffer.from(head), Buffer.from('{')]));
    // A check comes each 7.5 s: at the fourth, the grace is over.
    for (let second = 0; second < 29; second++) {
      jest.advanceTimersByTime(1000);
      await slow.write('x');
    }
    expect([guest.isEnded(), slow.isEnded()]).toEqual([false, false]);
    jest.advanceTimersByTime(1000);
    await waitFor(() => guest.isEnded(), 'the end of the silent one');
    expect(slow.isEnded()).toBe(false);
    jest.advanceTimersByTime(7500);
    await waitFor(() => slow.isEnded(), 'the end of the slow one');
    expect(arena.errors).toEqual([
      expect.objectContaining({ code: 'ERR_JSTP_PROTOCOL', limit: 'minReadRate' }),
    ]);
  });

  test('neither limit is there at 0', async () => {
    const arena = await start(transport, { messageTimeoutMs: 0, minReadRate: 0 });
    const guest = await enter(arena, name);
    const [head, end] = guest.around(CALL.length);
    const timers = jest.getTimerCount();
    await guest.write(Buffer.concat([Buffer.from(head), Buffer.from(CALL.slice(0, 5))]));
    expect(jest.getTimerCount()).toBe(timers);
    jest.advanceTimersByTime(2 ** 31);
    await turns();
    await guest.write(CALL.slice(5) + end);
    await waitFor(() => guest.answers().includes("{callback:[1],ok:['whole']}"), 'the answer');
  });
});

describe('limits.minReadRate', () => {
  // A check of the message comes each quarter of the grace.
  const CHECK_MS = 7500;

  test.each([
    ['is enough, however long that takes', 75, false],
    ['and a hundredth less is not', 74, true],
  ])('%s', async (_title, bytes, isCut) => {
    const arena = await start(TRANSPORTS[0], { messageTimeoutMs: 0, minReadRate: 10 });
    const guest = await enter(arena, 'net');
    await guest.write('{');
    for (let check = 0; check < 400 && !guest.isEnded(); check++) {
      await guest.write('x'.repeat(bytes));
      jest.advanceTimersByTime(CHECK_MS);
    }
    await turns();
    expect(guest.isEnded()).toBe(isCut);
  });

  test('counts from the beginning of each message, and messages that arrive whole start no timer', async () => {
    const arena = await start(TRANSPORTS[0], { messageTimeoutMs: 0, minReadRate: 1000 });
    const guest = await enter(arena, 'net');
    const timers = jest.getTimerCount();
    await guest.write(`${CALL}\0`);
    expect(jest.getTimerCount()).toBe(timers);
    await guest.write('{event:');
    for (let id = 2; id < 20; id++) {
      jest.advanceTimersByTime(CHECK_MS);
      // The end of one message, and the beginning of the next.
      await guest.write(`[${String(id)},'a'],b:[]}\0{event:`);
    }
    expect([guest.isEnded(), arena.errors]).toEqual([false, []]);
  });
});

describe('a WebSocket message in fragments', () => {
  test('is one message: pings between its fragments are none', async () => {
    const arena = await start(TRANSPORTS[2], { messageTimeoutMs: 30_000, minReadRate: 0 });
    const guest = await enter(arena, 'ws');
    const CONTINUATION = 0;
    const PING = 9;
    await guest.write(Buffer.concat([frameHead(1, TEXT_FRAME), Buffer.from('{')]));
    for (let n = 0; n < 3; n++) {
      await guest.write(Buffer.from([LAST | PING, MASKED, 0, 0, 0, 0]));
      await guest.write(Buffer.concat([frameHead(1, CONTINUATION), Buffer.from('x')]));
      jest.advanceTimersByTime(9000);
      await turns();
    }
    expect([guest.isEnded(), arena.errors]).toEqual([false, []]);
    jest.advanceTimersByTime(3000);
    await waitFor(() => guest.isEnded(), 'the end of the slow one');
    expect(arena.errors).toEqual([expect.objectContaining({ limit: 'messageTimeoutMs' })]);
  });
});
