import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Closing } from '../support/closing.js';
import { RawPeer } from '../support/raw-peer.js';
import { Arena, guardProcess, HANDSHAKE } from './arena.js';

const RUNS = 300;
const closing = new Closing();
let arena: Arena;

guardProcess();
beforeAll(async () => {
  arena = await Arena.start(closing, {
    extensions: ['stream', 'cancel', 'bye'],
    limits: { maxMessageBytes: 65_536 },
  });
});
afterAll(() => closing.run());

const KINDS = [
  'handshake',
  'call',
  'callback',
  'event',
  'inspect',
  'ping',
  'pong',
  'stream',
  'cancel',
  'bye',
  'x',
  '__proto__',
];
const VERBS = [
  'ok',
  'error',
  'run',
  'fail',
  'data',
  'credit',
  'session',
  'login',
  'back',
  '__proto__',
  'constructor',
  'toString',
];
const VALID = [
  HANDSHAKE,
  "{handshake:[0,'app','^1.0.0',{stream:1}],session:['id',5]}",
  "{handshake:[0],ok:'id'}",
  "{call:[1,'mark',{timeout:10}],run:['a']}",
  "{call:[2,'echo'],back:[{a:[1,2,{b:null}],c:'text',d:undefined}]}",
  "{event:[3,'mark'],run:['a']}",
  "{inspect:[4,'mark']}",
  '{ping:[5]}',
  '{pong:[-1]}',
  '{callback:[-1],ok:[1]}',
  "{callback:[-1],error:[1,'x']}",
  '{stream:[1,1],data:[1]}',
  '{stream:[1],credit:[100]}',
  '{cancel:[1]}',
  "{bye:['moved']}",
  '{}',
];

const scalar = fc.oneof(
  fc.integer().map(String),
  fc.double().map(String),
  fc.constantFrom(
    'null',
    'undefined',
    'true',
    '-0',
    '1e999',
    '0x7f',
    '017',
    "''",
    "'mark'",
    "'__proto__'",
    '[]',
    '{}',
  ),
  fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text)),
);
const value: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join()}]`),
    fc
      .array(fc.tuple(fc.constantFrom(...VERBS, 'a', "'b c'"), tie('value')), { maxLength: 3 })
      .map((members) => `{${members.map(([key, member]) => `${key}:${member}`).join()}}`),
  ),
})).value;
const shaped = fc
  .tuple(fc.constantFrom(...KINDS), value, fc.option(fc.tuple(fc.constantFrom(...VERBS), value)))
  .map(([kind, header, verb]) => `{${kind}:${header}${verb ? `,${verb[0]}:${verb[1]}` : ''}}`);
const mutated = fc
  .tuple(fc.constantFrom(...VALID), fc.nat(60), fc.nat(6), fc.string({ maxLength: 5 }))
  .map(
    ([text, at, cut, insert]) =>
      text.slice(0, at % text.length) + insert + text.slice((at % text.length) + cut),
  );
const spliced = fc
  .tuple(fc.constantFrom(...VALID), fc.constantFrom(...VALID), fc.nat(40), fc.nat(40))
  .map(([a, b, to, from]) => a.slice(0, to) + b.slice(from));
const message = fc.oneof(shaped, mutated, spliced, fc.constantFrom(...VALID));
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));
const conversation = fc.array(fc.oneof({ weight: 6, arbitrary: message }, { weight: 1, arbitrary: bytes }), {
  minLength: 1,
  maxLength: 12,
});

/** Says something, and waits until the server has read it all: it has answered the ping behind, or hung up. */
async function say(first: readonly string[], texts: readonly string[]): Promise<void> {
  const peer = await RawPeer.connect(arena.port);
  try {
    peer.send(...first, ...texts);
    peer.socket.end('{ping:[424242]}\0');
    await peer.end();
  } finally {
    peer.destroy();
  }
}

async function expectAlive(peer: RawPeer, turn: number): Promise<void> {
  const { length } = peer.messages;
  peer.send(`{ping:[${String(turn)}]}`);
  await peer.received(length + 1);
  expect(peer.messages.at(-1)).toBe(`{pong:[${String(turn)}]}`);
}

describe('the server survives, and another client is served all the time', () => {
  test.each([
    ['after a handshake', [HANDSHAKE]],
    ['after a handshake with extensions', ["{handshake:[0,'app','',{stream:1,cancel:1,bye:1}]}"]],
    ['without a handshake', []],
  ])(
    'random conversations %s',
    async (_title, first) => {
      const witness = await arena.guest();
      let turn = 0;
      await fc.assert(
        fc.asyncProperty(conversation, async (texts) => {
          await say(first, texts);
          await expectAlive(witness, ++turn);
        }),
        { numRuns: RUNS / 3, interruptAfterTimeLimit: 4000 },
      );
      await arena.expectServing();
    },
    10_000,
  );
});
