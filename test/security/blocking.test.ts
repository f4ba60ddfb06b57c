import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, CHASER, guardProcess, SERVED_WITHIN_MS } from './arena.js';

const closing = new Closing();
let arena: Arena;

guardProcess();
beforeEach(async () => {
  arena = await Arena.start(closing);
});
afterEach(() => closing.run());

describe('a number from the peer is never counted up to', () => {
  const NUMBERS = ['1e12', '9007199254740991', '-1e12', '-9007199254740991', '0', '-0'];

  test.each(NUMBERS)('a callback for call %s costs nothing', async (id) => {
    const peer = await arena.guest();
    peer.send(`{callback:[${id}],ok:[]}`, `{pong:[${id}]}`, `{callback:[${id}],error:[1]}`);
    await arena.expectServing();
    peer.send('{ping:[1]}');
    expect((await peer.received(2))[1]).toBe('{pong:[1]}');
  });

  test.each(['1e12', '9007199254740991'])('a resume with the count %s is refused', async (count) => {
    const peer = await arena.guest();
    const id = sessionIdOf(peer.messages[0]);
    peer.destroy();
    const other = await arena.stranger();
    other.send(`{handshake:[0,'app'],session:['${id}',${count}]}`, CHASER);
    await arena.expectEnded(other);
    expect(other.messages).toEqual(['{handshake:[0],error:[11]}']);
  });

  test('a call with a huge number is served once', async () => {
    const peer = await arena.guest();
    peer.send("{call:[9007199254740991,'mark'],run:['huge']}", "{call:[-5,'mark'],run:['negative']}");
    expect((await peer.received(3)).slice(1)).toEqual([
      '{callback:[9007199254740991],ok:[]}',
      '{callback:[-5],ok:[]}',
    ]);
    await arena.expectServing();
  });
});

describe('what is long is not read in quadratic time', () => {
  const RANGES: readonly [title: string, range: string][] = [
    ['300 KB of alternatives', '||'.repeat(150_000)],
    ['300 KB of comparators', '>=1.0.0 '.repeat(37_500)],
    ['300 KB of blanks', `1.0.0${' '.repeat(300_000)}2`],
    ['300 KB of digits', '1'.repeat(300_000)],
    ['300 KB of hyphens', `1.0.0${'-'.repeat(300_000)}`],
    ['300 KB of pre-release parts', `1.0.0-${'a.'.repeat(150_000)}`],
    ['300 KB of x-ranges', 'x.'.repeat(150_000)],
  ];

  test.each(RANGES)('a version of %s matches nothing', async (_title, range) => {
    arena = await Arena.start(closing, { limits: { maxHandshakeBytes: Infinity } });
    const peer = await arena.stranger();
    peer.send(`{handshake:[0,'app','${range}']}`, CHASER);
    await waitFor(() => peer.ended, 'the refusal', SERVED_WITHIN_MS);
    await arena.expectEnded(peer);
    expect(peer.messages).toEqual(['{handshake:[0],error:[10]}']);
  });

  test('a message of nearly 8 MiB in chunks of 1 KiB is served, and others meanwhile', async () => {
    const peer = await arena.guest();
    const body = Buffer.from(`{call:[1,'echo'],back:['${'x'.repeat(8 * 1024 * 1024 - 100)}']}\0`);
    for (let at = 0; at < body.length; at += 1024) {
      peer.socket.write(body.subarray(at, at + 1024));
      if (at % (1024 * 1024) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await arena.expectServing();
    await waitFor(() => peer.messages.length === 2, 'the long answer', SERVED_WITHIN_MS);
    expect(peer.messages[1]).toHaveLength(8 * 1024 * 1024 - 100 + "{callback:[1],ok:['']}".length);
  });

  test('a message of 64 KiB byte by byte is served', async () => {
    const peer = await arena.guest();
    peer.socket.setNoDelay(true);
    const body = Buffer.from(`{call:[1,'echo'],back:['${'ü'.repeat(32 * 1024)}']}\0`);
    for (let at = 0; at < body.length; at += 1) {
      peer.socket.write(body.subarray(at, at + 1));
      if (at % 4096 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor(() => peer.messages.length === 2, 'the answer', SERVED_WITHIN_MS);
    expect(parse(peer.messages[1] ?? '')).toEqual({ callback: [1], ok: ['ü'.repeat(32 * 1024)] });
    await arena.expectServing();
  });

  const TEXTS: readonly [title: string, text: string][] = [
    ['unclosed comments', '/*'.repeat(500_000)],
    ['comments', '/**/'.repeat(250_000)],
    ['opening brackets', '['.repeat(1_000_000)],
    ['opening braces', '{a:'.repeat(300_000)],
    ['commas', `{a:[${','.repeat(1_000_000)}]`],
    ['one long key', 'a'.repeat(1_000_000)],
    ['escapes of an unclosed string', `'${'\\u0041'.repeat(160_000)}`],
    ['a long number', `{a:${'9'.repeat(1_000_000)}`],
    ['line ends', '\n'.repeat(1_000_000)],
  ];

  test.each(TEXTS)(
    'a megabyte of %s that is no message costs the sender its connection',
    async (_title, text) => {
      const peer = await arena.guest();
      peer.send(text, CHASER);
      await waitFor(() => peer.ended, 'the end', SERVED_WITHIN_MS);
      await arena.expectEnded(peer);
    },
  );

  test('twenty thousand messages in one write are served, and others after', async () => {
    const peer = await arena.guest();
    const texts = Array.from(
      { length: 20_000 },
      (_, index) => `{call:[${String(index + 1)},'echo'],back:[]}`,
    );
    peer.send(...texts);
    await arena.expectServing();
    await waitFor(() => peer.messages.length === 20_001, 'all answers', SERVED_WITHIN_MS);
    expect(peer.messages[20_000]).toMatch(/^\{callback:\[20000\],/);
  });

  test('ten thousand keys that fall on each other are no more than ten thousand keys', async () => {
    const peer = await arena.guest();
    const keys = Array.from({ length: 10_000 }, (_, index) => `k${String(index)}:0`).join();
    peer.send(`{call:[1,'echo'],back:[{${keys}}]}`, `{ping:[2],${keys}}`);
    await peer.received(3);
    expect(peer.messages).toContain('{pong:[2]}');
    await arena.expectServing();
  });
});

test('a peer that opens fifty links and says nothing keeps nobody out', async () => {
  await Promise.all(Array.from({ length: 50 }, () => arena.stranger()));
  await arena.expectServing();
});

function sessionIdOf(answer = ''): string {
  return /ok:'([^']*)'/.exec(answer)?.[1] ?? '';
}
