import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { AttachedMessage, type ArrivedMessage } from '../../lib/protocol/attached-message.js';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { OversizeError } from '../../lib/protocol/oversize-error.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { KeptUpgrade } from '../../lib/transport/websocket/kept-upgrade.js';
import { loadNativeMasking, maskBytes } from '../../lib/transport/websocket/masking.js';
import { WebSocketTransport } from '../../lib/transport/websocket/websocket-transport.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';

const KIB = 1024;
const SEEDS = [1, 2, 3, 4];
const MESSAGES = 60;

const closing = new Closing();
afterEach(() => closing.run());

interface Ends {
  readonly server: WebSocketTransport;
  readonly serverSocket: Socket;
  readonly client: WebSocket;
  readonly clientSocket: Socket;
}

/** A transport of a server, and the WebSocket and the socket of its client. */
async function connected(limits = DEFAULT_LIMITS): Promise<Ends> {
  const http = createServer();
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const webSockets = new WebSocketServer({ server: http, maxPayload: limits.maxMessageBytes });
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  closing.add(() => {
    client.terminate();
    webSockets.close();
    http.close();
  });
  const [[accepted, request], [response]] = (await Promise.all([
    once(webSockets, 'connection'),
    once(client, 'upgrade'),
    once(client, 'open'),
  ])) as [[WebSocket, ConstructorParameters<typeof KeptUpgrade>[0]], [{ socket: Socket }], unknown];
  const server = new WebSocketTransport(accepted, request.socket, limits, new KeptUpgrade(request));
  closing.add(() => server.destroy());
  return { server, serverSocket: request.socket, client, clientSocket: response.socket };
}

interface Received {
  readonly messages: string[];
  readonly attached: AttachedMessage<Uint8Array | string>[];
  most: number;
  error?: Error | undefined;
  isClosed: boolean;
}

/** Notes what a transport receives, as something short that tells whether it is right. */
function receive(transport: WebSocketTransport, onMessage = (): void => undefined): Received {
  const received: Received = { messages: [], attached: [], most: 0, isClosed: false };
  transport.receiver = {
    receiveMessage(message: ArrivedMessage) {
      if (message instanceof AttachedMessage) received.attached.push(message);
      received.messages.push(shortOf(message));
      onMessage();
    },
    transportHolds: (bytes: number) => (received.most = Math.max(received.most, bytes)),
    transportClosed: (error?: Error) => Object.assign(received, { isClosed: true, error }),
  };
  return received;
}

function shortOf(message: ArrivedMessage): string {
  if (typeof message === 'string') return message;
  if (message instanceof Uint8Array) return Buffer.from(message).toString();
  const first = message.bytes[0];
  const isWhole = message.bytes.every((byte) => byte === first);
  return `${Buffer.from(message.text).toString()} ${message.bytes.length} times ${isWhole ? first : 'anything'}`;
}

function attached(text: string, bytes: Buffer): Buffer[] {
  const header = Buffer.alloc(9, 1);
  header.writeUInt32BE(Buffer.byteLength(text), 1);
  header.writeUInt32BE(bytes.length, 5);
  return [Buffer.concat([header, Buffer.from(text)]), bytes];
}

const TEXT = 1;
const BINARY = 2;
const PING = 9;
const FINAL = 0x80;

/** A frame of a client. */
function frame(kind: number, payload: Buffer, random: SeededRandom): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = kind;
  head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeUInt32BE(length, 6);
  const mask = Buffer.from(Array.from({ length: 4 }, () => random.between(0, 255)));
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ mask[index % 4])]);
}

/** A message in frames, with what is expected to arrive of it. */
function randomMessage(number: number, random: SeededRandom): { frames: Buffer[]; expected?: string } {
  const isLarge = random.happens(0.4);
  const size = isLarge ? random.between(32 * KIB, 400 * KIB) : random.between(1, 5000);
  const kind = random.pick(['attached', 'one frame', 'text', 'frames', 'ping']);
  if (kind === 'ping') return { frames: [frame(FINAL | PING, Buffer.from('p'), random)] };
  if (kind === 'text') {
    const text = `message ${number} `.repeat(Math.ceil(size / 12));
    return { frames: [frame(FINAL | TEXT, Buffer.from(text), random)], expected: text };
  }
  const byte = number % 256;
  const expected = `{${number}} ${size} times ${byte}`;
  const [head, bytes] = attached(`{${number}}`, Buffer.alloc(size, byte));
  if (kind === 'one frame')
    return { frames: [frame(FINAL | BINARY, Buffer.concat([head, bytes]), random)], expected };
  const cut = kind === 'frames' ? random.between(0, size) : 0;
  const parts = [head, bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0);
  const frames = parts.map((part, index) =>
    frame((index === 0 ? BINARY : 0) | (index === parts.length - 1 ? FINAL : 0), part, random),
  );
  return { frames, expected };
}

describe('frames of a WebSocket, of any size, in pieces of any size', () => {
  test.each(SEEDS)('arrive whole and in order (seed %d)', async (seed) => {
    const random = new SeededRandom(seed);
    const { server, serverSocket, clientSocket } = await connected();
    let paused = 0;
    const received = receive(server, () => {
      if (!random.happens(0.1)) return;
      paused += 1;
      server.pause();
      setImmediate(() => server.resume());
    });
    let isDirect = false;
    serverSocket.on('data', ({ length }: Buffer) => (isDirect ||= length > 64 * KIB));
    const expected: string[] = [];
    const sent: Buffer[] = [];
    for (let number = 0; number < MESSAGES; number++) {
      const message = randomMessage(number, random);
      sent.push(...message.frames);
      if (message.expected !== undefined) expected.push(message.expected);
    }
    // A large one at first, so that all else is read as what follows one.
    sent.unshift(frame(FINAL | TEXT, Buffer.alloc(700 * KIB, 'a'), random));
    expected.unshift('a'.repeat(700 * KIB));
    const all = Buffer.concat(sent);
    for (let at = 0; at < all.length;) {
      const length = random.happens(0.3) ? random.between(1, 40) : random.between(1, 300 * KIB);
      clientSocket.write(all.subarray(at, at + length));
      at += length;
      if (random.happens(0.5)) await new Promise(setImmediate);
    }
    await waitFor(() => received.messages.length >= expected.length, 'the messages');
    expect(received.messages.map(digest)).toEqual(expected.map(digest));
    expect(isDirect).toBe(true);
    expect(paused).toBeGreaterThan(0);
    // Also those that came together are apart: a program may transfer them to a worker.
    const large = received.attached.filter(({ bytes }) => bytes.length * 2 > bytes.buffer.byteLength);
    expect(new Set(large.map(({ bytes }) => bytes.buffer)).size).toBe(large.length);
  });

  test('may be transferred by who gets them, at once', async () => {
    const random = new SeededRandom(1);
    const { server, clientSocket } = await connected();
    let transferred = 0;
    const received = receive(server, () => {
      const buffer = received.attached[received.attached.length - 1].bytes.buffer as ArrayBuffer;
      transferred += structuredClone(buffer, { transfer: [buffer] }).byteLength;
    });
    const sizes = [700 * KIB, 300 * KIB, 900 * KIB];
    for (const size of sizes) {
      const [head, bytes] = attached(`{${size}}`, Buffer.alloc(size, 7));
      clientSocket.write(frame(BINARY, head, random));
      clientSocket.write(frame(FINAL, bytes, random));
      await waitFor(() => received.messages.length > sizes.indexOf(size), 'a message');
    }
    expect(received.messages).toEqual(sizes.map((size) => `{${size}} ${size} times 7`));
    expect(transferred).toBe(sizes.reduce((sum, size) => sum + size));
    expect(server.isReading).toBe(true);
  });

  test('get no memory for a length alone', async () => {
    const random = new SeededRandom(1);
    const { server, clientSocket } = await connected();
    const received = receive(server);
    clientSocket.write(frame(FINAL | TEXT, Buffer.alloc(700 * KIB, 'a'), random));
    await waitFor(() => received.messages.length === 1, 'a large message');
    received.most = 0;
    const announced = frame(FINAL | TEXT, Buffer.alloc(8 * 1024 * KIB, 'a'), random);
    clientSocket.write(announced.subarray(0, 3 * KIB));
    await waitFor(() => received.most > 0, 'its beginning');
    // What it takes of memory is told, and not how much of that is filled.
    expect(received.most).toBeGreaterThan(3 * KIB);
    expect(received.most).toBeLessThanOrEqual(32 * 3 * KIB);
    clientSocket.write(announced.subarray(3 * KIB));
    await waitFor(() => received.messages.length === 2, 'all of it');
    expect(received.messages[1].length).toBe(8 * 1024 * KIB);
  });

  test('are refused over the limit, also after a large one', async () => {
    const random = new SeededRandom(1);
    const { server, client, clientSocket } = await connected({
      ...DEFAULT_LIMITS,
      maxMessageBytes: 1024 * KIB,
    });
    const received = receive(server);
    const code = once(client, 'close');
    clientSocket.write(frame(FINAL | TEXT, Buffer.alloc(700 * KIB, 'a'), random));
    await waitFor(() => received.messages.length === 1, 'a large message');
    clientSocket.write(frame(FINAL | TEXT, Buffer.alloc(1025 * KIB, 'a'), random));
    expect((await code)[0]).toBe(1009);
    await waitFor(() => received.isClosed, 'the end');
    expect(received.error).toBeInstanceOf(OversizeError);
    expect(received.messages).toHaveLength(1);
  });
});

/** So that a difference is told in a line. */
function digest(text: string): string {
  return text.length > 100 ? `${text.slice(0, 40)}… ${text.length}` : text;
}

describe('masking', () => {
  const bytes = Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 37) % 256));
  const mask = new Uint8Array([1, 20, 0, 255]);

  test.each(['by itself', 'by bufferutil'])('turns every byte, wherever it is (%s)', async (way) => {
    if (way === 'by bufferutil') await loadNativeMasking();
    for (let from = 0; from < 9; from++) {
      for (let at = 0; at < 9; at++) {
        for (const length of [0, 1, 3, 4, 5, 7, 8, 15, 16, 17, 33, 150]) {
          const source = Buffer.from(bytes).subarray(from, from + length);
          const target = Buffer.alloc(170);
          maskBytes(source, mask, target, at);
          const expected = source.map((byte, index) => byte ^ mask[index % 4]);
          expect(target.subarray(at, at + length).equals(expected)).toBe(true);
          expect(target.subarray(at + length).every((byte) => byte === 0)).toBe(true);
          const inPlace = target.subarray(at, at + length);
          maskBytes(inPlace, mask, inPlace);
          expect(inPlace.equals(source)).toBe(true);
        }
      }
    }
  });
});

describe('large bytes of a client', () => {
  async function pair(): Promise<{ ends: Ends; client: WebSocketTransport; received: Received }> {
    const ends = await connected();
    const client = new WebSocketTransport(ends.client, ends.clientSocket, DEFAULT_LIMITS);
    return { ends, client, received: receive(ends.server) };
  }

  test('arrive as they are, and go each time by another mask', async () => {
    const { ends, client, received } = await pair();
    const chunks: Buffer[] = [];
    ends.serverSocket.prependListener('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
    const sizes = [4096, 40_000, 65_535, 65_536, 1024 * KIB, 3 * 1024 * KIB];
    let written = 0;
    for (const size of sizes) {
      for (let turn = 0; turn < 2; turn++)
        client.sendAttached(new AttachedMessage(`{${size}}`, Buffer.alloc(size, 7)), () => (written += 1));
    }
    client.send('{}');
    await waitFor(() => received.messages.length > 2 * sizes.length, 'the messages');
    const expected = sizes.flatMap((size) => Array<string>(2).fill(`{${size}} ${size} times 7`));
    expect(received.messages).toEqual([...expected, '{}']);
    expect(written).toBe(2 * sizes.length);
    const first = Buffer.concat(chunks);
    // Each begins with a frame of the text, which is as long in both.
    const frameBytes = 2 + 4 + 9 + '{4096}'.length + 4 + 4 + 4096;
    const [one, other] = [first.subarray(0, frameBytes), first.subarray(frameBytes, 2 * frameBytes)];
    expect(one.subarray(0, 2).equals(other.subarray(0, 2))).toBe(true);
    expect(one.subarray(-64).equals(other.subarray(-64))).toBe(false);
  });

  test('are not sent behind the frame that closes the WebSocket', async () => {
    const { ends, client, received } = await pair();
    const closed = once(ends.client, 'close');
    ends.server.end();
    await waitFor(() => ends.client.readyState !== WebSocket.OPEN, 'the close frame');
    const { bytesWritten } = ends.clientSocket;
    client.sendAttached(new AttachedMessage('{}', Buffer.alloc(100 * KIB)));
    expect(ends.clientSocket.bytesWritten).toBe(bytesWritten);
    await closed;
    expect(received.messages).toEqual([]);
  });
});
