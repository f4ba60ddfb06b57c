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

/** Inputs that end the reference's process, or its connection, before any handshake. */
const INPUTS: readonly [title: string, text: string][] = [
  ['a handshake that is null', '{handshake:null}'],
  ['an answer to a handshake that nobody made', '{handshake:[0],ok:1}'],
  ['a refusal of a handshake that nobody made', '{handshake:[0],error:[1]}'],
  ['a resume with null in the place of its credentials', "{handshake:[0,'app'],session:null}"],
  ['a resume without an array', "{handshake:[0,'app'],session:'x'}"],
  ['a resume with an empty array', "{handshake:[0,'app'],session:[]}"],
  ['a handshake without a header array', '{handshake:{}}'],
  ['a handshake with a number as header', '{handshake:7}'],
  ['a handshake with an empty header', '{handshake:[]}'],
  ['a handshake with an id that is text', "{handshake:['x','app']}"],
  ['a handshake with a fraction as id', "{handshake:[0.5,'app']}"],
  ['a handshake for an application that is an object', '{handshake:[0,{}]}'],
  ['a handshake for an application that is an array', "{handshake:[0,['app']]}"],
  ['a handshake for an application that is true', '{handshake:[0,true]}'],
  ['a handshake for the version of an object', "{handshake:[0,'app',{}]}"],
  ['a handshake for the version of an array', "{handshake:[0,'app',['1.0.0']]}"],
  ['a handshake for the version of true', "{handshake:[0,'app',true]}"],
  ['an answer with extensions and no status', '{handshake:[0,null,{stream:1}]}'],
  ['an answer whose error is empty', '{handshake:[0],error:[]}'],
  ['an answer whose error is null', '{handshake:[0],error:null}'],
  ['an answer whose ok is an object', '{handshake:[0],ok:{}}'],
  ['a call', "{call:[1,'mark'],run:['early']}"],
  ['an event', "{event:[1,'mark'],run:['early']}"],
  ['an inspect', "{inspect:[1,'mark']}"],
  ['a ping', '{ping:[1]}'],
  ['a pong', '{pong:[1]}'],
  ['a callback', '{callback:[1],ok:[]}'],
  ['a stream value', '{stream:[1,1],data:[1]}'],
  ['stream credit', '{stream:[1],credit:[5]}'],
  ['a cancel', '{cancel:[1]}'],
  ['a bye', "{bye:['close']}"],
  ['an unknown kind', '{state:[1]}'],
  ['the kind __proto__', '{__proto__:[1]}'],
  ['the kind constructor', '{constructor:[1]}'],
  ['null', 'null'],
  ['a number', '17'],
  ['a string', "'handshake'"],
  ['an array', '[0]'],
  ['garbage', '}{'],
  ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a TLS hello', '\u0016\u0003\u0001'],
];

describe('before any handshake the server ends the connection and serves others after', () => {
  test.each(INPUTS)('%s', async (_title, text) => {
    const peer = await arena.stranger();
    peer.send(text, HANDSHAKE, CHASER);
    await arena.expectEnded(peer);
    expect(arena.executed).not.toContain('early');
  });
});

describe('before any handshake `{}`', () => {
  test('is allowed, is not answered, and the handshake may follow', async () => {
    const peer = await arena.stranger();
    peer.send('{}', '{}', HANDSHAKE, '{}', "{call:[1,'mark'],run:['late']}");
    await peer.received(2);
    expect(peer.messages).toHaveLength(2);
    expect(peer.messages[1]).toBe('{callback:[1],ok:[]}');
    expect(arena.executed).toEqual(['late']);
  });
});

/** Handshakes whose end is a refusal with a code. */
const REFUSED: readonly [title: string, text: string, answer: string][] = [
  ['an unknown application', "{handshake:[0,'nobody']}", '{handshake:[0],error:[10]}'],
  ['an unknown version', "{handshake:[0,'app','9.9.9']}", '{handshake:[0],error:[10]}'],
  ['a range that is none', "{handshake:[0,'app','>>>']}", '{handshake:[0],error:[10]}'],
  ['a version that is a number', "{handshake:[0,'app',1]}", '{handshake:[0],error:[10]}'],
  ["the application '__proto__'", "{handshake:[0,'__proto__']}", '{handshake:[0],error:[10]}'],
  ["the application 'constructor'", "{handshake:[0,'constructor']}", '{handshake:[0],error:[10]}'],
  ["the version 'constructor'", "{handshake:[0,'app','constructor']}", '{handshake:[0],error:[10]}'],
  ['a login without a policy', "{handshake:[0,'app'],login:['a','b']}", '{handshake:[0],error:[11]}'],
  ['login: null', "{handshake:[0,'app'],login:null}", '{handshake:[0],error:[11]}'],
  ["the strategy '__proto__'", "{handshake:[0,'app'],__proto__:[]}", '{handshake:[0],error:[11]}'],
  ["the strategy 'constructor'", "{handshake:[0,'app'],constructor:[]}", '{handshake:[0],error:[11]}'],
  ["the strategy 'hasOwnProperty'", "{handshake:[0,'app'],hasOwnProperty:[]}", '{handshake:[0],error:[11]}'],
  ["the strategy ''", "{handshake:[0,'app'],'':[]}", '{handshake:[0],error:[11]}'],
  ['an unknown session', "{handshake:[0,'app'],session:['nobody',0]}", '{handshake:[0],error:[11]}'],
];

describe('a refused handshake', () => {
  test.each(REFUSED)('%s: the code, the end, and nothing behind it is run', async (_title, text, answer) => {
    const peer = await arena.stranger();
    peer.send(text, CHASER, HANDSHAKE, CHASER);
    await arena.expectEnded(peer);
    expect(peer.messages).toEqual([answer]);
  });

  test('messages that come later, over the half-closed link, are not run either', async () => {
    const peer = await arena.stranger();
    peer.send("{handshake:[0,'nobody']}");
    await peer.end();
    peer.send(HANDSHAKE, CHASER);
    await arena.expectEnded(peer);
    expect(peer.messages).toEqual(['{handshake:[0],error:[10]}']);
  });
});
