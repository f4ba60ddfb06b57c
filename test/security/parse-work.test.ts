import { afterEach, describe, expect, test } from '@jest/globals';
import { LimitError } from '../../lib/core.js';
import { parse } from '../../lib/mdsf/index.js';
import { Closing } from '../support/closing.js';
import { collectGarbage } from '../support/garbage.js';
import { Arena, CHASER, guardProcess } from './arena.js';

const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

/** The message, its header with two values, and the array of arguments: what a call is made of besides its arguments. */
const AROUND = 5;
const call = (args: string): string => `{call:[1,'echo'],back:[${args}]}`;

describe('limits.maxMessageNodes', () => {
  const MOST = 200;
  const ROOM = MOST - AROUND;

  /** As many values, of a text that makes two. */
  const pairs = (text: string, count: number): string => text.repeat(count >> 1) + '0,'.repeat(count & 1);

  const SHAPES: readonly [title: string, filled: (count: number) => string][] = [
    ['numbers', (count) => `[${'1,'.repeat(count - 1)}]`],
    ['strings', (count) => `[${"'x',".repeat(count - 1)}]`],
    ['strings with commas', (count) => `["${','.repeat(1000)}"${",'x'".repeat(count - 2)}]`],
    ['holes', (count) => `[${','.repeat(count - 1)}]`],
    ['members', (count) => `{${'a:1,'.repeat(count - 1)}}`],
    ['objects', (count) => `[${'{},'.repeat(count - 1)}]`],
    ['arrays in arrays', (count) => `[${pairs('[[]],', count - 1)}]`],
    ['holes on many levels', (count) => `[,,,[,,,[,,,[${','.repeat(count - 13)}]]]]`],
    ['JSON', (count) => `[${pairs('{"a":"é"},', count - 2)}{}]`],
  ];

  test.each(SHAPES)('lets in a message with so many values, of %s, and no more', async (_shape, filled) => {
    const arena = await Arena.start(closing, { limits: { maxMessageNodes: MOST } });
    const honest = await arena.guest();
    honest.send(call(filled(ROOM)));
    expect((await honest.received(2))[1]).toMatch(/^\{callback:\[1\],ok:/);
    const hostile = await arena.guest();
    hostile.send(call(filled(ROOM + 1)), CHASER);
    await arena.expectEnded(hostile);
    expect(hostile.messages).toHaveLength(1);
    expect(arena.errors).toEqual([expect.any(LimitError)]);
    expect(arena.errors[0]).toMatchObject({
      code: 'ERR_JSTP_PROTOCOL',
      limit: 'maxMessageNodes',
      message: `Message of more values than limits.maxMessageNodes, ${String(MOST)}`,
    });
  });

  test('counts the values of a header, and of members that nobody reads', async () => {
    const arena = await Arena.start(closing, { limits: { maxMessageNodes: MOST } });
    for (const text of [
      `{call:[1,'echo',{a:[${'1,'.repeat(MOST)}]}],back:[1]}`,
      `{call:[1,'echo'],back:[1],more:[${'1,'.repeat(MOST)}]}`,
      `{nonsense:[${'1,'.repeat(MOST)}]}`,
    ]) {
      const peer = await arena.guest();
      peer.send(text, CHASER);
      await arena.expectEnded(peer);
    }
    expect(arena.errors).toHaveLength(3);
  });

  test('may be Infinity', async () => {
    const arena = await Arena.start(closing, { limits: { maxMessageNodes: Infinity } });
    const honest = await arena.guest();
    honest.send(`{call:[1,'mark'],run:['many'],more:[${','.repeat(1_000_001)}]}`);
    expect((await honest.received(2))[1]).toBe('{callback:[1],ok:[]}');
  });

  test('is a million by default', async () => {
    const arena = await Arena.start(closing);
    const text = (count: number): string => `{call:[1,'mark'],run:['many'],more:[${','.repeat(count)}]}`;
    const honest = await arena.guest();
    honest.send(text(1_000_000 - AROUND - 2));
    expect((await honest.received(2))[1]).toBe('{callback:[1],ok:[]}');
    const hostile = await arena.guest();
    hostile.send(text(1_000_000 - AROUND - 1), CHASER);
    await arena.expectEnded(hostile);
  });
});

describe('limits.maxDepth', () => {
  test('is named in the error', async () => {
    const arena = await Arena.start(closing, { limits: { maxDepth: 4 } });
    const peer = await arena.guest();
    peer.send(call('[[]]'));
    expect((await peer.received(2))[1]).toBe('{callback:[1],ok:[[[]]]}');
    peer.send(call('[[[]]]'), CHASER);
    await arena.expectEnded(peer);
    expect(arena.errors).toEqual([expect.objectContaining({ limit: 'maxDepth' })]);
  });
});

describe('members whose keys are indexes', () => {
  const OBJECTS = 20_000;
  const MIB = 2 ** 20;

  test.each(['{999:1}', "{'999':1}", '{0:1,999:1}', '{"999":"я"}'])(
    'take no more memory for their gaps: %s',
    async (text) => {
      const list = `[${`${text},`.repeat(OBJECTS)}{}]`;
      await collectGarbage();
      const before = process.memoryUsage().heapUsed;
      const value = parse(list) as object[];
      // An array up to each of the indexes would take 240 MB.
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(60 * MIB);
      expect(value).toHaveLength(OBJECTS + 1);
      expect(JSON.stringify(value.at(-2))).toBe(JSON.stringify(parse(text)));
    },
  );
});
