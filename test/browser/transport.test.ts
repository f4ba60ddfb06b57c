import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Attempt } from '../../lib/connection/reconnect/attempt.js';
import type { Transport } from '../../lib/connection/transport.js';
import { AttachedMessage } from '../../lib/protocol/attached-message.js';
import { resolveLimits, type Limits } from '../../lib/protocol/limits.js';
import { browserDialer } from '../../lib/transport/browser/browser-dialer.js';
import { FakeWebSocket } from './fake-websocket.js';

const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
const URL_TEXT = 'ws://chat.example/jstp';

function setWebSocket(value: unknown): void {
  Object.defineProperty(globalThis, 'WebSocket', { value, configurable: true, writable: true });
}

beforeEach(() => {
  FakeWebSocket.all.length = 0;
  jest.useFakeTimers();
  setWebSocket(FakeWebSocket);
});

afterEach(() => {
  jest.useRealTimers();
  Reflect.deleteProperty(globalThis, 'WebSocket');
  if (before) Object.defineProperty(globalThis, 'WebSocket', before);
});

interface Dialled {
  readonly outcomes: unknown[];
  readonly giveUp: () => void;
}

function dial(args: unknown[] = [URL_TEXT], limits: Partial<Limits> = {}): Dialled {
  const outcomes: unknown[] = [];
  const attempt = new Attempt({ limits: resolveLimits(limits), dialArguments: undefined });
  attempt.dial(browserDialer, args, (error, transport) => {
    attempt.stop();
    outcomes.push(error ?? transport);
  });
  return { outcomes, giveUp: () => attempt.stop() };
}

function lastSocket(): FakeWebSocket {
  const socket = FakeWebSocket.all.at(-1);
  if (!socket) throw new Error('Nothing was dialled');
  return socket;
}

async function ticks(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

interface Opened {
  readonly transport: Transport;
  readonly socket: FakeWebSocket;
  readonly messages: unknown[];
  /** How many bytes wait, as it has told. */
  readonly told: number[];
  /** The errors that it was closed with; undefined for a close without one. */
  readonly ends: unknown[];
}

function open(limits?: Partial<Limits>): Opened {
  const { outcomes } = dial([URL_TEXT], limits);
  const socket = lastSocket();
  socket.onopen?.();
  const transport = outcomes[0] as Transport;
  const messages: unknown[] = [];
  const told: number[] = [];
  const ends: unknown[] = [];
  transport.receiver = {
    receiveMessage: (data) => messages.push(data),
    transportWaits: (waiting) => told.push(waiting),
    transportClosed: (error) => ends.push(error),
  };
  return { transport, socket, messages, told, ends };
}

const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;

describe('dialling in a browser', () => {
  test.each([
    ['a text', [URL_TEXT]],
    ['a URL object', [new URL(URL_TEXT)]],
    ["a configuration first, as JSTP's users have it", [null, URL_TEXT]],
    ['an empty configuration first', [{}, URL_TEXT]],
  ])('takes the URL as %s', (_how, args) => {
    dial(args);
    expect(lastSocket()).toMatchObject({
      url: URL_TEXT,
      offered: 'metarhia-jstp',
      binaryType: 'arraybuffer',
    });
  });

  test('gives a transport once the WebSocket is open', () => {
    const { outcomes } = dial();
    expect(outcomes).toEqual([]);
    lastSocket().onopen?.();
    expect(outcomes).toEqual([expect.objectContaining({ decoder: null })]);
  });

  test('fails once when the WebSocket does, with the reason where the platform tells it', () => {
    const { outcomes } = dial();
    const socket = lastSocket();
    const { onclose } = socket;
    socket.onerror?.({ message: 'getaddrinfo ENOTFOUND' });
    onclose?.();
    expect(outcomes).toEqual([
      expect.objectContaining({
        code: 'ERR_JSTP_CONNECT',
        message: `No connection to ${URL_TEXT}: getaddrinfo ENOTFOUND`,
      }),
    ]);
    expect(socket.isForgotten).toBe(true);
    expect(socket.closes).toHaveLength(1);
  });

  test('fails when the WebSocket closes before it is open', () => {
    const { outcomes } = dial();
    lastSocket().onclose?.();
    expect(outcomes).toEqual([expect.objectContaining({ code: 'ERR_JSTP_CONNECT' })]);
  });

  test('fails when another subprotocol is agreed on', () => {
    const { outcomes } = dial();
    lastSocket().protocol = '';
    lastSocket().onopen?.();
    expect(outcomes).toEqual([expect.objectContaining({ code: 'ERR_JSTP_CONNECT' })]);
    expect(lastSocket().closes).toHaveLength(1);
  });

  test('fails later, and not by a throw, for a bad URL', async () => {
    const { outcomes } = dial(['bad']);
    expect(outcomes).toEqual([]);
    await ticks();
    expect(outcomes).toEqual([expect.any(SyntaxError)]);
  });

  test('says what is missing where there is no WebSocket', async () => {
    setWebSocket(undefined);
    const { outcomes } = dial();
    await ticks();
    expect(String(outcomes[0])).toContain('no global WebSocket');
  });

  test('gives up after limits.connectTimeoutMs', () => {
    const { outcomes } = dial([URL_TEXT], { connectTimeoutMs: 50 });
    jest.advanceTimersByTime(49);
    expect(outcomes).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(outcomes).toEqual([expect.objectContaining({ code: 'ETIMEDOUT' })]);
    expect(lastSocket().closes).toHaveLength(1);
  });

  test('is silent after it was given up', async () => {
    for (const args of [[URL_TEXT], ['bad']]) {
      const { outcomes, giveUp } = dial(args, { connectTimeoutMs: 50 });
      giveUp();
      giveUp();
      jest.advanceTimersByTime(100);
      await ticks();
      expect(outcomes).toEqual([]);
    }
    expect(lastSocket().closes).toHaveLength(1);
    expect(lastSocket().isForgotten).toBe(true);
  });
});

describe('a transport over the WebSocket of a browser', () => {
  test('hands on texts, and bytes as the text that they are', () => {
    const { socket, messages } = open();
    socket.onmessage?.({ data: '{ping:[1]}' });
    socket.onmessage?.({ data: bytes(0x7b, 0xc3, 0xbc, 0x7d) });
    expect(messages).toEqual(['{ping:[1]}', '{ü}']);
  });

  test.each([
    ['bytes that are no UTF-8', bytes(0x7b, 0xff, 0x7d)],
    ['a NUL', '{}\0{}'],
    ['a message over the limit', 'x'.repeat(101)],
    ['bytes over the limit', new ArrayBuffer(101)],
  ])('ends for %s', async (_what, data) => {
    const { socket, messages, ends } = open({ maxMessageBytes: 100 });
    socket.onmessage?.({ data });
    await ticks();
    expect(messages).toEqual([]);
    expect(ends).toEqual([expect.objectContaining({ code: 'ERR_JSTP_PROTOCOL' })]);
    expect(socket.closes).toHaveLength(1);
  });

  test('ends when something is sent while the send buffer is over its limit', async () => {
    const { transport, ends, socket } = open({ maxSendBufferBytes: 10 });
    transport.send('0123456789');
    transport.send('0');
    await ticks();
    expect(ends).toEqual([]);
    transport.send('dropped');
    transport.send('dropped');
    await ticks();
    expect(ends).toEqual([expect.objectContaining({ code: 'ERR_JSTP_SLOW_PEER' })]);
    expect(socket.sent).toEqual(['0123456789', '0']);
  });

  test('tells of much that waits, and when all of it has left', () => {
    const { transport, socket, told } = open({ sendStallTimeoutMs: 0 });
    transport.send('x'.repeat(64 * 1024 - 1));
    expect([told, jest.getTimerCount()]).toEqual([[], 0]);
    transport.send('x');
    transport.send('x');
    expect(told).toEqual([65_536, 65_537]);
    socket.bufferedAmount = 1;
    jest.advanceTimersByTime(1000);
    expect(told).toHaveLength(2);
    socket.bufferedAmount = 0;
    jest.advanceTimersByTime(20);
    expect(told).toEqual([65_536, 65_537, 0]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('ends when the peer reads nothing for limits.sendStallTimeoutMs, and not while it reads', async () => {
    const { transport, ends, socket } = open({ sendStallTimeoutMs: 100, minWriteRate: 0 });
    transport.send('0123456789');
    socket.bufferedAmount = 9;
    jest.advanceTimersByTime(100);
    // It has read, and is sent more than it has read.
    socket.bufferedAmount = 8;
    transport.send('0123456789');
    jest.advanceTimersByTime(100);
    await ticks();
    expect(ends).toEqual([]);
    jest.advanceTimersByTime(100);
    await ticks();
    expect(ends).toMatchObject([{ code: 'ERR_JSTP_STALLED_PEER', message: 'The peer has stopped reading' }]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('ends when the peer reads fewer bytes a second than limits.minWriteRate', async () => {
    const { transport, ends, socket } = open({ sendStallTimeoutMs: 100, minWriteRate: 50 });
    transport.send('x'.repeat(100));
    socket.bufferedAmount = 95;
    jest.advanceTimersByTime(100);
    await ticks();
    expect(ends).toEqual([]);
    socket.bufferedAmount = 91;
    jest.advanceTimersByTime(100);
    await ticks();
    expect(ends).toMatchObject([
      { code: 'ERR_JSTP_STALLED_PEER', message: expect.stringContaining('limits.minWriteRate') },
    ]);
  });

  test('has a timer only while something waits to be read', () => {
    const { transport, socket } = open({ sendStallTimeoutMs: 100 });
    transport.send('');
    expect([socket.bufferedAmount, jest.getTimerCount()]).toEqual([0, 0]);
    transport.send('0123456789');
    expect([socket.bufferedAmount, jest.getTimerCount()]).toEqual([10, 1]);
    socket.bufferedAmount = 0;
    jest.advanceTimersByTime(100);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('does not end while nothing waits to be read', async () => {
    const { transport, ends, socket } = open({ sendStallTimeoutMs: 100 });
    transport.send('0123456789');
    socket.bufferedAmount = 0;
    jest.advanceTimersByTime(1000);
    await ticks();
    expect(ends).toEqual([]);
  });

  test('closes normally, hears nothing more, and tells when the peer has closed too', () => {
    const { transport, socket, messages, ends } = open();
    transport.end();
    transport.end();
    transport.send('late');
    socket.onmessage?.({ data: 'late' });
    expect([socket.closes, socket.sent, messages, ends]).toEqual([[1000], [], [], []]);
    socket.onclose?.();
    expect(ends).toEqual([undefined]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('does not wait for ever for a peer that does not answer the close', () => {
    const { transport, socket, ends } = open();
    transport.end();
    jest.advanceTimersByTime(2000);
    expect(ends).toEqual([undefined]);
    expect(socket.isForgotten).toBe(true);
  });

  test('tells of a line that breaks, once', async () => {
    const { transport, socket, ends } = open();
    const { onclose } = socket;
    socket.onerror?.({});
    onclose?.();
    transport.destroy(new Error('too late'));
    await ticks();
    expect(ends).toEqual([expect.objectContaining({ code: 'ERR_JSTP_WEBSOCKET' })]);
  });

  test('gives the WebSocket underneath', () => {
    const { transport, socket } = open();
    expect(transport.getRawTransport()).toBe(socket);
    expect(transport.remoteAddress).toBeUndefined();
  });
});

describe('a message with bytes behind its text', () => {
  const text = "{event:[1,'é'],e:[`:3`]}";
  const wire = Uint8Array.from([1, 0, 0, 0, 25, 0, 0, 0, 3, ...Buffer.from(text), 0, 1, 255]);

  test('goes out as one binary message, and comes as one', () => {
    const { transport, socket, messages } = open();
    transport.sendAttached(new AttachedMessage(text, Uint8Array.from([0, 1, 255])));
    expect(socket.sent).toEqual([wire]);
    socket.onmessage?.({ data: wire.slice().buffer });
    expect(messages).toEqual([new AttachedMessage(text, Uint8Array.from([0, 1, 255]))]);
  });

  test.each([
    ['that is cut', wire.slice(0, -1)],
    ['of a header alone', wire.slice(0, 9)],
    ['of a part of the header', wire.slice(0, 4)],
    ['whose text is no UTF-8', wire.map((byte) => (byte === 0xc3 ? 0xff : byte))],
  ])('%s ends the transport', async (_what, data) => {
    const { socket, messages, ends } = open();
    socket.onmessage?.({ data: data.slice().buffer });
    await ticks();
    expect([messages, ends]).toEqual([[], [expect.objectContaining({ name: 'ProtocolError' })]]);
  });
});
