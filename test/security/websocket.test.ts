import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createConnection, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Transport } from '../../lib/connection/transport.js';
import { DEFAULT_LIMITS, ws } from '../../lib/core.js';
import { webSocketDialer } from '../../lib/transport/websocket/websocket-dialer.js';
import { Closing } from '../support/closing.js';
import { stopCore } from '../support/core.js';
import { countHandles } from '../support/open-handles.js';
import { takesTime } from '../support/quiet.js';
import { waitFor } from '../support/wait-for.js';
import { guardProcess } from './arena.js';
import { ask, closeOf, SecureArena, SUBPROTOCOL } from './secure-arena.js';

type Back = (value: unknown) => void;

const HANDSHAKE = "{handshake:[0,'app']}";
const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

const closing = new Closing();
let arena: SecureArena;
guardProcess();
beforeEach(async () => {
  arena = await SecureArena.start(closing, ws);
});
afterEach(() => closing.run());

async function expectServing(): Promise<void> {
  const webSocket = await arena.webSocket();
  expect(await ask(webSocket, HANDSHAKE)).toMatch(/^\{handshake:\[0\],ok:/);
  expect(await ask(webSocket, "{call:[1,'echo'],back:['ü']}")).toBe("{callback:[1],ok:['ü']}");
  webSocket.close();
  await closeOf(webSocket);
}

describe('a WebSocket server lets in', () => {
  test.each([
    ['no subprotocol', undefined, 403],
    ['another subprotocol', 'chat', 403],
    ['its name as a part of another', 'metarhia-jstp2', 403],
  ])('nobody with %s: 403, and the socket is ended', async (_title, protocol, status) => {
    const before = countHandles();
    expect(await arena.refusal(protocol)).toBe(status);
    await arena.expectNothingLeft(before);
    await expectServing();
  });

  test('who offers its subprotocol among others', async () => {
    const attacker = await arena.socket();
    attacker.socket.write([...UPGRADE, `Sec-WebSocket-Protocol: chat , ${SUBPROTOCOL}`, '', ''].join('\r\n'));
    await waitFor(() => attacker.text.includes('101 Switching Protocols'), 'the upgrade');
    expect(attacker.text.toLowerCase()).toContain(`sec-websocket-protocol: ${SUBPROTOCOL}`);
    expect(attacker.text.toLowerCase()).not.toContain('permessage-deflate');
  });

  test.each([
    ['a plain GET', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a POST with a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody'],
    ['garbage', '\u0001\u0002 nothing of HTTP\r\n\r\n'],
    ['a handshake of JSTP over TCP', `${HANDSHAKE}\0`],
    [
      'a version of WebSocket from before the standard',
      [...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n').replace('13', '5'),
    ],
    [
      'a key that is none',
      [...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n').replace('dGhl', ''),
    ],
  ])('nobody with %s: 400, and the socket is ended', async (_title, text) => {
    const before = countHandles();
    const attacker = await arena.socket();
    attacker.socket.write(text);
    expect(await attacker.end()).toMatch(/^HTTP\/1.1 4(00|26) /);
    attacker.socket.destroy();
    await arena.expectNothingLeft(before);
    await expectServing();
  });

  test('a peer that resets its refused upgrade ends nothing else', async () => {
    for (let n = 0; n < 20; n++) {
      const socket = createConnection(arena.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write([...UPGRADE, '', ''].join('\r\n'));
      socket.resetAndDestroy();
    }
    await expectServing();
  });
});

describe('origins', () => {
  const GOOD = 'https://example.com';

  test.each<[string, object, string | undefined, boolean]>([
    ['any, where nothing is said', {}, 'https://evil.com', true],
    ['one of the list', { allowedOrigins: [GOOD] }, GOOD, true],
    ['none but those of the list', { allowedOrigins: [GOOD] }, 'https://evil.com', false],
    ['nobody without an origin, where there is a list', { allowedOrigins: [GOOD] }, undefined, false],
    ['what the strategy says', { originCheckStrategy: (origin?: string) => origin === GOOD }, GOOD, true],
    ['nobody whom the strategy refuses', { originCheckStrategy: () => false }, GOOD, false],
    [
      'nobody whose origin makes the strategy throw',
      { originCheckStrategy: (o: string) => new URL(o) },
      'x',
      false,
    ],
    [
      'who is in the list only if the strategy agrees',
      { allowedOrigins: [GOOD], originCheckStrategy: () => false },
      GOOD,
      false,
    ],
  ])('are let in: %s', async (_title, options, origin, isIn) => {
    const guarded = await SecureArena.start(closing, ws, options);
    if (isIn) await guarded.webSocket({ origin });
    else expect(await guarded.refusal(SUBPROTOCOL, { origin })).toBe(403);
  });

  const pending = async (): Promise<boolean> => new Promise(() => undefined);

  test.each<[string, (origin?: string) => unknown, boolean]>([
    ['true', () => true, true],
    ['a Promise of true', async () => Promise.resolve(true), true],
    ['a Promise of true of later', async () => takesTime(5, true), true],
    ['a thenable of a Promise of true', () => ({ then: (done: Back) => done(Promise.resolve(true)) }), true],
    ['false', () => false, false],
    ['undefined', () => undefined, false],
    ['null', () => null, false],
    ['1', () => 1, false],
    ["'true'", () => 'true', false],
    ['{}', () => ({}), false],
    ['a Promise of false', async () => Promise.resolve(false), false],
    ['a Promise of undefined', async () => Promise.resolve(undefined), false],
    ['a Promise of null', async () => Promise.resolve(null), false],
    ['a Promise of 1', async () => Promise.resolve(1), false],
    ['a rejection', async () => Promise.reject(new Error('no')), false],
    ['a rejection with nothing', async () => Promise.reject(undefined), false],
  ])('only true is a yes of the strategy: %s', async (_title, originCheckStrategy, isIn) => {
    const shared = createServer();
    shared.listen(0, '127.0.0.1');
    closing.add(() => shared.close());
    for (const server of [undefined, shared]) {
      const guarded = await SecureArena.start(closing, ws, {
        originCheckStrategy,
        ...(server && { server }),
      });
      if (isIn) expect(await ask(await guarded.webSocket(), HANDSHAKE)).toContain('ok:');
      else expect(await guarded.refusal(SUBPROTOCOL, { origin: GOOD })).toBe(403);
    }
  });

  test('a strategy that never answers has the time of the handshake, on a shared server too', async () => {
    const shared = createServer();
    shared.listen(0, '127.0.0.1');
    closing.add(() => shared.close());
    for (const server of [undefined, shared]) {
      const options = { originCheckStrategy: pending, ...(server && { server }) };
      const hasty = await SecureArena.start(closing, ws, options, { limits: { handshakeTimeoutMs: 50 } });
      const before = countHandles();
      const attacker = await hasty.socket();
      attacker.socket.write([...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n'));
      expect(await attacker.end()).toBe('');
      attacker.socket.destroy();
      await hasty.expectNothingLeft(before);
    }
  });

  test('a peer that goes away while the strategy decides is forgotten, and its reset harms nobody', async () => {
    const decide: ((isAllowed: boolean) => void)[] = [];
    const originCheckStrategy = async (): Promise<boolean> => new Promise((resolve) => decide.push(resolve));
    const guarded = await SecureArena.start(closing, ws, { originCheckStrategy });
    const before = countHandles();
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const attacker = await guarded.socket();
      attacker.socket.write([...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n'));
      await waitFor(() => decide.length > 0, 'the question');
      attacker.socket[leave]();
      decide.shift()?.(leave !== 'end');
      attacker.socket.destroy();
    }
    await guarded.expectNothingLeft(before);
    expect(guarded.server.getClientsArray()).toEqual([]);
  });

  test('a server that closes while the strategy decides ends, on a shared server too', async () => {
    const shared = createServer();
    shared.listen(0, '127.0.0.1');
    closing.add(() => shared.close());
    for (const server of [undefined, shared]) {
      let decide: ((isAllowed: boolean) => void) | undefined;
      const originCheckStrategy = async (): Promise<boolean> => new Promise((resolve) => (decide = resolve));
      const guarded = await SecureArena.start(closing, ws, {
        originCheckStrategy,
        ...(server && { server }),
      });
      const attacker = await guarded.socket();
      attacker.socket.write([...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n'));
      await waitFor(() => decide !== undefined, 'the question');
      await stopCore(guarded.server);
      decide?.(true);
      expect(await attacker.end()).toBe('');
    }
  });

  test('webSocketOptions may come as an argument of their own, as with the reference', async () => {
    const server = ws.createServer({ applications: [] }, { originCheckStrategy: () => false });
    closing.add(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await expect(ws.connect('app', null, {}, `ws://127.0.0.1:${String(port)}`)).rejects.toThrow('403');
  });
});

describe('frames', () => {
  test('of bytes are taken as UTF-8, and answered by text', async () => {
    const webSocket = await arena.webSocket();
    const frames: boolean[] = [];
    webSocket.on('message', (_data, isBinary) => frames.push(isBinary));
    await ask(webSocket, Buffer.from(HANDSHAKE));
    expect(await ask(webSocket, Buffer.from("{call:[1,'echo'],back:['grüße']}"))).toBe(
      "{callback:[1],ok:['grüße']}",
    );
    expect(frames).toEqual([false, false]);
  });

  test('of one message in many fragments, split inside of a character, make one message', async () => {
    const webSocket = await arena.webSocket();
    await ask(webSocket, HANDSHAKE);
    const bytes = Buffer.from("{call:[1,'echo'],back:['ü漢😀']}");
    const answer = new Promise((resolve) =>
      webSocket.once('message', (data: Buffer) => resolve(data.toString())),
    );
    for (const [index, byte] of bytes.entries()) {
      webSocket.send(Buffer.from([byte]), { fin: index === bytes.length - 1, binary: false });
    }
    expect(await answer).toMatch(/^\{callback:\[1\],ok:\[.ü漢😀.\]\}$/);
  });

  test.each([
    ['before the login', []],
    ['after it', [HANDSHAKE]],
  ])('of one message may be 1024, and one more ends its line (%s)', async (_when, texts) => {
    for (const count of [1024, 1025]) {
      const webSocket = await arena.webSocket();
      for (const text of texts) await ask(webSocket, text);
      const closed = closeOf(webSocket);
      const pong = new Promise((resolve) => webSocket.once('pong', resolve));
      for (let n = 0; n < count; n++) webSocket.send(' ', { fin: false });
      webSocket.ping();
      if (count === 1024) await pong;
      else expect(await closed).toBe(1008);
      webSocket.terminate();
    }
    // The peer is told first.
    await waitFor(() => arena.errors.length > 0, 'the error');
    expect(arena.errors).toContainEqual(
      expect.objectContaining({ code: 'ERR_JSTP_PROTOCOL', message: 'Too many message fragments' }),
    );
  });

  test('of large answers are none over 1 MiB', async () => {
    const attacker = await arena.socket();
    attacker.socket.write([...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n'));
    await waitFor(() => attacker.text.includes('\r\n\r\n'), 'the upgrade');
    attacker.text = '';
    attacker.socket.write(masked(HANDSHAKE));
    attacker.socket.write(masked(`{call:[1,'echo'],back:['${'x'.repeat(3_000_000)}']}`));
    await waitFor(() => attacker.text.length > 3_000_000 && attacker.text.endsWith("']}"), 'the answer');
    const lengths = frameLengths(Buffer.from(attacker.text, 'latin1'));
    expect(lengths.length).toBeGreaterThan(4);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1024 * 1024);
  });

  test.each<[string, (webSocket: Awaited<ReturnType<SecureArena['webSocket']>>) => void]>([
    ['a NUL inside of a message', (webSocket) => webSocket.send('{ping:[1]}\0')],
    ['two messages with a NUL between', (webSocket) => webSocket.send('{ping:[1]}\0{ping:[2]}')],
    ['an empty message', (webSocket) => webSocket.send('')],
    ['the text null', (webSocket) => webSocket.send('null')],
    [
      'invalid UTF-8 as text',
      (webSocket) => webSocket.send(Buffer.from([0x7b, 0xc3, 0x28]), { binary: false }),
    ],
    ['invalid UTF-8 as bytes', (webSocket) => webSocket.send(Buffer.from([0xff, 0xfe]))],
    ['half of a character at the end', (webSocket) => webSocket.send(Buffer.from([0x7b, 0x7d, 0xc3]))],
    ['garbage', (webSocket) => webSocket.send('}{')],
  ])('with %s end their line, with or without a handshake, and others are served', async (_title, attack) => {
    for (const isIn of [false, true]) {
      const before = countHandles();
      const webSocket = await arena.webSocket();
      if (isIn) await ask(webSocket, HANDSHAKE);
      const closed = closeOf(webSocket);
      attack(webSocket);
      await closed;
      await arena.expectNothingLeft(before);
      expect(arena.server.getClientsArray()).toEqual([]);
    }
    await expectServing();
  });

  test('over maxMessageBytes are refused by 1009, whole, in fragments, and by their mere announcement', async () => {
    const small = await SecureArena.start(closing, ws, {}, { limits: { maxMessageBytes: 1000 } });
    const attacks: ((webSocket: Awaited<ReturnType<SecureArena['webSocket']>>) => void)[] = [
      (webSocket) => webSocket.send('x'.repeat(1001)),
      (webSocket) => {
        for (let n = 0; n < 11; n++) webSocket.send('x'.repeat(100), { fin: false });
      },
    ];
    for (const attack of attacks) {
      const before = countHandles();
      const webSocket = await small.webSocket();
      const code = closeOf(webSocket);
      attack(webSocket);
      expect(await code).toBe(1009);
      await small.expectNothingLeft(before);
    }
    const attacker = await small.socket();
    attacker.socket.write([...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n'));
    await waitFor(() => attacker.text.includes('101'), 'the upgrade');
    // The head of a frame of 2^40 bytes, and not one of them.
    attacker.socket.write(Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    await attacker.end();
    attacker.socket.destroy();
  });

  test('that are not masked, or say what is reserved, end their line, and are told as errors of the protocol', async () => {
    for (const frame of [
      [0x81, 2, 0x7b, 0x7d],
      [0xf1, 0x80, 0, 0, 0, 0],
      [0x83, 0x80, 0, 0, 0, 0],
    ]) {
      const attacker = await arena.socket();
      attacker.socket.write([...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n'));
      await waitFor(() => attacker.text.includes('101'), 'the upgrade');
      attacker.socket.write(Buffer.from(frame));
      await attacker.end();
      attacker.socket.destroy();
    }
    await waitFor(() => arena.errors.length === 3, 'the errors');
    // They are the peer's, and not the application's: a log need not have them.
    for (const error of arena.errors)
      expect(error).toMatchObject({
        code: 'ERR_JSTP_PROTOCOL',
        message: expect.stringMatching(/^Invalid WebSocket frame: /),
      });
    await expectServing();
  });
});

describe('a slow peer', () => {
  test('has its handshake time from the moment when it was accepted, upgrade included', async () => {
    const hasty = await SecureArena.start(closing, ws, {}, { limits: { handshakeTimeoutMs: 100 } });
    const before = countHandles();
    const silent = await hasty.socket();
    const slow = await hasty.socket();
    slow.socket.write('GET / HTTP/1.1\r\nHost: ');
    const upgraded = await hasty.webSocket();
    await Promise.all([silent.end(), slow.end(), closeOf(upgraded)]);
    expect(hasty.timeouts).toHaveLength(1);
    silent.socket.destroy();
    slow.socket.destroy();
    await hasty.expectNothingLeft(before);
  });

  test('that never answers the closing handshake is cut off', async () => {
    const attacker = await arena.socket();
    attacker.socket.write([...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n'));
    await waitFor(() => attacker.text.includes('101'), 'the upgrade');
    attacker.socket.write(masked("{handshake:[0,'nobody']}"));
    await waitFor(() => attacker.text.includes('error:[10]'), 'the refusal');
    await attacker.end();
  });

  test('that closes, and goes on sending, is cut off', async () => {
    const attacker = await arena.socket();
    attacker.socket.write([...UPGRADE, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n'));
    await waitFor(() => attacker.text.includes('101'), 'the upgrade');
    attacker.socket.write(masked(HANDSHAKE));
    await waitFor(() => attacker.text.includes('ok:'), 'the handshake');
    attacker.socket.write(Buffer.concat([CLOSE_FRAME, masked("{call:[1,'echo'],back:[1]}")]));
    await attacker.end();
    await waitFor(() => {
      attacker.socket.write(masked('{}'));
      return attacker.socket.destroyed;
    }, 'the end of its connection');
    expect(attacker.text).not.toContain('callback');
  });
});

test('A server that closes a WebSocket, and not its socket, is cut off', async () => {
  const http = createServer();
  http.on('upgrade', ({ headers }, socket) => {
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    const answer = [
      'HTTP/1.1 101 Switching Protocols',
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
      `Sec-WebSocket-Accept: ${accept}`,
    ];
    socket.on('error', () => undefined).resume();
    socket.write([...answer, '', ''].join('\r\n'));
    socket.write(Buffer.from([0x88, 2, 3, 232]));
    closing.add(() => socket.destroy());
  });
  http.listen(0, '127.0.0.1');
  closing.add(() => http.close());
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const transport = await new Promise<Transport>((resolve, reject) => {
    webSocketDialer.dial([`ws://127.0.0.1:${port}`], DEFAULT_LIMITS, (error, dialed) => {
      if (dialed) resolve(dialed);
      else reject(error ?? new Error('No transport'));
    });
  });
  await new Promise<void>((resolve) => {
    transport.receiver = { receiveMessage: () => undefined, transportClosed: () => resolve() };
  });
});

/** What closes a WebSocket, with 1000; its mask is zeros. */
const CLOSE_FRAME = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 232]);

/** A text frame of a client; its mask is zeros. */
function masked(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(14);
  head[0] = 0x81;
  head[1] = 0xff;
  head.writeBigUInt64BE(BigInt(bytes.length), 2);
  return Buffer.concat([head, bytes]);
}

/** The lengths of the frames that a server has sent. */
function frameLengths(bytes: Buffer): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const short = bytes[at + 1] & 0x7f;
    const [length, head] =
      short === 127
        ? [Number(bytes.readBigUInt64BE(at + 2)), 10]
        : short === 126
          ? [bytes.readUInt16BE(at + 2), 4]
          : [short, 2];
    lengths.push(length);
    at += head + length;
  }
  return lengths;
}

describe('a WebSocket that reads nothing', () => {
  test('is not served beyond limits.sendHighWaterMark, and is again when it has read all', async () => {
    let served = 0;
    arena.server.on('log', (_connection, event) => {
      if (event === 'call') served++;
    });
    const webSocket = await arena.webSocket();
    expect(await ask(webSocket, HANDSHAKE)).toMatch(/^\{handshake:\[0\],ok:/);
    const answers: unknown[] = [];
    webSocket.on('message', (data) => answers.push(data));
    webSocket.pause();
    const text = 'x'.repeat(1024 * 1024);
    for (let id = 1; id <= 48; id++) webSocket.send(`{call:[${String(id)},'echo'],back:['${text}']}`);
    await waitFor(() => served > 0, 'the first call');
    await waitFor(async () => {
      const before = served;
      await expectServing();
      return served === before + 1;
    }, 'the pause');
    expect(served).toBeLessThan(36);
    webSocket.resume();
    await waitFor(() => answers.length === 48, 'all answers');
    webSocket.close();
    await closeOf(webSocket);
  });
});
