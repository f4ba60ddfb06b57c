import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, CHASER, guardProcess, HANDSHAKE } from './arena.js';

const closing = new Closing();
let arena: Arena;

guardProcess();
beforeEach(async () => {
  arena = await Arena.start(closing, { limits: { maxMessageBytes: 2000, maxDepth: 20 } });
});
afterEach(() => closing.run());

const RUN = (label: string): string => `{call:[1,'mark'],run:['${label}']}`;

describe('the connection is destroyed at', () => {
  const BYTES: readonly [title: string, bytes: Buffer][] = [
    ['a bare NUL', Buffer.from('\0')],
    ['a flood of NULs', Buffer.alloc(100_000)],
    ['invalid UTF-8: a lone continuation byte', message([0x80])],
    ['invalid UTF-8: a cut character', message([0xe2, 0x82])],
    ['invalid UTF-8: an overlong NUL', message([0xc0, 0x80])],
    ['invalid UTF-8: an overlong slash', message([0xc0, 0xaf])],
    ['invalid UTF-8: a surrogate', message([0xed, 0xa0, 0x80])],
    ['invalid UTF-8: beyond U+10FFFF', message([0xf4, 0x90, 0x80, 0x80])],
    ['invalid UTF-8: 0xFF', message([0xff])],
    ['a message of one byte over the limit', Buffer.from(`${RUN('x'.repeat(2001 - RUN('').length))}\0`)],
    ['a message over the limit', Buffer.from(`{call:[1,'mark'],run:['${'x'.repeat(2000)}']}\0`)],
    ['a message over the limit that never ends', Buffer.from(`{call:[1,'mark'],run:['${'x'.repeat(5000)}`)],
    ['text over the limit between messages', Buffer.from(`{}\0${' '.repeat(2001)}`)],
    ['arrays nested too deep', Buffer.from(`{call:[1,'mark'],run:[${nested('[', ']', 30)}]}\0`)],
    ['arrays nested one level too deep', Buffer.from(`{call:[1,'mark'],run:[${nested('[', ']', 19)}]}\0`)],
    ['objects nested too deep', Buffer.from(`{call:[1,'mark'],run:[${nested('{a:', '}', 30)}]}\0`)],
  ];

  test.each(BYTES)('%s; what came before it is served, what comes after is not', async (_title, bytes) => {
    const peer = await arena.guest();
    peer.socket.write(Buffer.concat([Buffer.from(RUN('before') + '\0'), bytes, Buffer.from(CHASER + '\0')]));
    await arena.expectEnded(peer);
    expect(arena.executed[0]).toBe('before');
  });

  test('garbage before the handshake, with a handshake behind it', async () => {
    const peer = await arena.stranger();
    peer.socket.write(
      Buffer.concat([Buffer.from([0xff, 0xfe, 0]), Buffer.from(`${HANDSHAKE}\0${CHASER}\0`)]),
    );
    await arena.expectEnded(peer);
    expect(peer.messages).toEqual([]);
  });
});

describe('a message arrives whole', () => {
  const TEXT = `{call:[1,'echo'],back:['grüße 漢字 😀 \\u00fc']}`;

  test('however its bytes are cut, inside a character too', async () => {
    const peer = await arena.guest();
    const bytes = Buffer.from(TEXT + '\0');
    peer.socket.setNoDelay(true);
    for (const byte of bytes) {
      peer.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(parse((await peer.received(2))[1] ?? '')).toEqual({ callback: [1], ok: ['grüße 漢字 😀 ü'] });
  });

  test('at the limit exactly', async () => {
    const peer = await arena.guest();
    const frame = "{call:[1,'mark'],run:['']}".length;
    const label = 'x'.repeat(2000 - frame);
    peer.send(RUN(label));
    await peer.received(2);
    expect(arena.executed).toEqual([label]);
  });

  test('with arguments nested as deep as the limit allows', async () => {
    const peer = await arena.guest();
    peer.send(`{call:[1,'echo'],back:[${nested('[', ']', 18)}]}`);
    expect((await peer.received(2))[1]).toBe(`{callback:[1],ok:[${nested('[', ']', 18)}]}`);
  });

  test('many at once, the rest of one with the next bytes', async () => {
    const peer = await arena.guest();
    const whole = ['{ping:[1]}', '{ping:[2]}', '{ping:[3]}'].map((text) => text + '\0').join('');
    peer.socket.write(whole.slice(0, 25));
    await peer.received(3);
    peer.socket.write(whole.slice(25));
    expect((await peer.received(4)).slice(1)).toEqual(['{pong:[1]}', '{pong:[2]}', '{pong:[3]}']);
  });
});

test('a half message is dropped with its link', async () => {
  const peer = await arena.guest();
  peer.socket.end("{call:[90,'mark'],run:['chaser']}");
  await waitFor(() => arena.server.getClientsArray().length === 0, 'the client to go');
  await arena.expectServing();
  expect(arena.executed).not.toContain('chaser');
});

test('a reset in the middle of an answer ends nothing but the link', async () => {
  const peer = await arena.guest();
  for (let id = 1; id <= 50; id++) peer.send(`{call:[${String(id)},'echo'],back:['${'x'.repeat(1500)}']}`);
  peer.socket.resetAndDestroy();
  await waitFor(() => arena.server.getClientsArray().length === 0, 'the client to go');
  await arena.expectServing();
});

function message(bytes: readonly number[]): Buffer {
  return Buffer.concat([
    Buffer.from("{call:[90,'mark'],run:['chaser"),
    Buffer.from(bytes),
    Buffer.from("']}\0"),
  ]);
}

function nested(open: string, close: string, depth: number): string {
  return open.repeat(depth) + '0' + close.repeat(depth);
}
