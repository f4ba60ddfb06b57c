import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { Arena, CHASER, guardProcess, HANDSHAKE } from './arena.js';

const closing = new Closing();
let arena: Arena;

guardProcess();
beforeEach(async () => {
  arena = await Arena.start(closing);
});
afterEach(() => closing.run());

/** No message at all: the connection is destroyed without an answer. */
const FATAL: readonly [title: string, text: string][] = [
  ['call: null', '{call:null}'],
  ['event: null', '{event:null}'],
  ['ping: null', '{ping:null}'],
  ['pong: null', '{pong:null}'],
  ['inspect: null', '{inspect:null}'],
  ['callback: null', '{callback:null}'],
  ['a callback whose ok is a number', '{callback:[1],ok:5}'],
  ['a callback whose ok is an object with a length', '{callback:[1],ok:{length:3}}'],
  ['a callback whose error is empty', '{callback:[1],error:[]}'],
  ['a callback whose error is null', '{callback:[1],error:null}'],
  ['a callback without a status', '{callback:[1]}'],
  ['a call whose id is text', "{call:['x','mark'],run:['early']}"],
  ['a call whose id is a fraction', "{call:[1.5,'mark'],run:['early']}"],
  ['a call whose id is Infinity', "{call:[1e999,'mark'],run:['early']}"],
  ['a call without an id', "{call:[],run:['early']}"],
  ['a second handshake', HANDSHAKE],
  ["a second handshake's answer", "{handshake:[0],ok:'x'}"],
  ['handshake: null', '{handshake:null}'],
  ['null', 'null'],
  ['text after the object', '{} {}'],
];

describe('after an anonymous handshake the server ends the connection at', () => {
  test.each(FATAL)('%s', async (_title, text) => {
    const peer = await arena.guest();
    peer.send(text, CHASER);
    await arena.expectEnded(peer);
    expect(peer.messages).toHaveLength(1);
    expect(arena.executed).not.toContain('early');
  });
});

/** Answered with a code, and the connection goes on. */
const ANSWERED: readonly [title: string, text: string, answer: string][] = [
  ['arguments that only have a length', "{call:[1,'mark'],run:{length:0}}", '{callback:[1],error:[17]}'],
  ['arguments that are null', "{call:[1,'mark'],run:null}", '{callback:[1],error:[17]}'],
  ['arguments that are text', "{call:[1,'mark'],run:'a'}", '{callback:[1],error:[17]}'],
  ['too few arguments', "{call:[1,'mark'],run:[]}", '{callback:[1],error:[17]}'],
  ['too many arguments', "{call:[1,'mark'],run:[1,2]}", '{callback:[1],error:[17]}'],
  ['no arguments and an unknown interface', "{call:[1,'x']}", '{callback:[1],error:[17]}'],
  ['no interface', '{call:[1],run:[]}', '{callback:[1],error:[12]}'],
  ['an interface that is null', '{call:[1,null],run:[]}', '{callback:[1],error:[12]}'],
  ['an interface that is an object', '{call:[1,{}],run:[]}', '{callback:[1],error:[12]}'],
  ['__proto__.__defineGetter__', "{call:[1,'__proto__'],__defineGetter__:[]}", '{callback:[1],error:[12]}'],
  ['constructor.setPrototypeOf', "{call:[1,'constructor'],setPrototypeOf:[]}", '{callback:[1],error:[12]}'],
  ['a method that throws', "{call:[1,'mark'],fail:[]}", '{callback:[1],error:[16]}'],
  ['an async method that throws', "{call:[1,'mark'],failAsync:[]}", '{callback:[1],error:[16]}'],
  ['an inspect of __proto__', "{inspect:[1,'__proto__']}", '{callback:[1],error:[12]}'],
  ['an inspect of constructor', "{inspect:[1,'constructor']}", '{callback:[1],error:[12]}'],
  ['an inspect without a name', '{inspect:[1]}', '{callback:[1],error:[12]}'],
  ['an inspect of a number', '{inspect:[1,7]}', '{callback:[1],error:[12]}'],
];

describe('after an anonymous handshake the server answers with a code and goes on', () => {
  test.each(ANSWERED)('%s', async (_title, text, answer) => {
    const peer = await arena.guest();
    peer.send(text);
    await peer.received(2);
    peer.send("{call:[2,'mark'],run:['still here']}");
    expect((await peer.received(3)).slice(1)).toEqual([answer, '{callback:[2],ok:[]}']);
    expect(arena.executed).toEqual(['still here']);
    await arena.expectServing();
  });
});

/** Neither answered nor fatal. */
const IGNORED: readonly [title: string, text: string][] = [
  ['an event whose arguments are no array', "{event:[1,'mark'],run:{length:1}}"],
  ['an event whose arguments are null', "{event:[1,'mark'],run:null}"],
  ['an event without a name', "{event:[1,'mark']}"],
  ['an event of __proto__', "{event:[1,'__proto__'],__defineGetter__:['x']}"],
  ['an event of constructor', "{event:[1,'constructor'],assign:['x']}"],
  ["the event 'error' of an interface", "{event:[1,'mark'],error:['x']}"],
  ['a callback that nobody waits for', '{callback:[1],ok:[]}'],
  ['a pong that nobody waits for', '{pong:[1]}'],
  ['a callback with a negative zero', '{callback:[-0],ok:[]}'],
  ['an unknown kind', '{state:[1],x:[]}'],
  ['the kind __proto__', '{__proto__:[1]}'],
  ['the kind hasOwnProperty', '{hasOwnProperty:[1]}'],
  ['the old heartbeat', '{}'],
];

describe('after an anonymous handshake the server ignores', () => {
  test.each(IGNORED)('%s', async (_title, text) => {
    const peer = await arena.guest();
    peer.send(text, text, "{call:[2,'mark'],run:['still here']}");
    expect((await peer.received(2)).slice(1)).toEqual(['{callback:[2],ok:[]}']);
    await arena.expectServing();
  });
});

test("an error that escapes a method is told to the server's application and not to the peer", async () => {
  const peer = await arena.guest();
  peer.send("{call:[1,'mark'],fail:[]}", "{call:[2,'mark'],failAsync:[]}");
  await peer.received(3);
  expect(peer.messages.join()).not.toContain('secret');
  expect(arena.errors.map(String)).toEqual(['Error: a secret of the house', 'Error: a secret of the house']);
});

test('a key __proto__ in the arguments is plain data', async () => {
  const peer = await arena.guest();
  peer.send("{call:[1,'echo'],back:[{a:1,__proto__:{isAdmin:true}}]}");
  await peer.received(2);
  expect(peer.messages[1]).toMatch(/__proto__/);
  expect(peer.messages[1]).toMatch(/isAdmin/);
  await arena.expectServing();
});

test('a top-level key __proto__ gives the message no properties', async () => {
  const peer = await arena.guest();
  peer.send("{__proto__:{call:[1,'mark'],run:['chaser']}}", '{ping:[1]}');
  await peer.received(2);
  expect(peer.messages[1]).toBe('{pong:[1]}');
  expect(arena.executed).toEqual([]);
});
