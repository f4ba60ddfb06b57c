/*
 * Attackers whose messages are more work than their bytes tell.
 */
import { TRANSPORTS } from '../conversation.js';
import type { Attacker } from './attacker.js';
import type { Kit } from './kit.js';
import type { Peer } from './peer.js';

/** How deep a message may be: it and its arguments are two levels. */
const DEEPEST = 254;
const WIDE_VALUES = 10_000;
/** A little below limits.maxMessageNodes. */
const MOST_VALUES = 999_000;

function guests(kit: Kit): readonly Peer[] {
  return kit.keep(6, () => kit.dial(kit.random.pick(TRANSPORTS)).login());
}

/** An event, which is parsed, and then handled by nobody. */
function event(value: string): string {
  return `{event:[1,'db'],said:[${value}]}`;
}

export const deep: Attacker = {
  name: 'deep messages',
  load: '20 messages a second, nested as deep as may be or one level deeper, 64 KiB each',
  attack(kit) {
    const tree = `${'['.repeat(DEEPEST)}${']'.repeat(DEEPEST)},`;
    const allowed = event(`[${tree.replace('[]', '').repeat(65_536 / tree.length)}]`);
    const tooDeep = event(`${'{a:'.repeat(DEEPEST + 2)}1${'}'.repeat(DEEPEST + 2)}`);
    const peers = guests(kit);
    kit.rate(20, () => kit.random.pick(peers).send(kit.random.happens(0.9) ? allowed : tooDeep));
  },
};

export const wide: Attacker = {
  name: 'wide messages',
  load: '20 messages a second of 10,000 numbers, holes, objects, distinct keys or far indexes',
  attack(kit) {
    const messages = [
      event(`[${'1,'.repeat(WIDE_VALUES)}]`),
      event(`[${','.repeat(WIDE_VALUES)}]`),
      event(`[${'{},'.repeat(WIDE_VALUES)}]`),
      event(`{${Array.from({ length: WIDE_VALUES }, (_, n) => `k${n.toString(36)}:1`).join()}}`),
      event(`[${'{999:1},'.repeat(WIDE_VALUES / 2)}]`),
    ];
    const peers = guests(kit);
    kit.rate(20, () => kit.random.pick(peers).send(kit.random.pick(messages)));
  },
};

export const heavy: Attacker = {
  name: 'calls of many values',
  load: '8 connections that call a handler of 5 s with as many objects as may be (1,000,000), without pause',
  maxAnswerMs: 3000,
  attack(kit) {
    const call = `{call:[1,'db'],wait:[[${'{},'.repeat(MOST_VALUES)}]]}`;
    const peers = kit.keep(8, () => kit.dial(kit.random.pick(TRANSPORTS)).login(''));
    kit.rate(50, () => kit.random.pick(peers).send(call));
  },
};

export const unfinished: Attacker = {
  name: 'unfinished messages',
  load: '150 connections that send 8 MiB of a message each, without its end, as fast as they are read',
  maxAnswerMs: 3000,
  attack(kit) {
    const most = 8 * 1024 * 1024 - 1024;
    const piece = Buffer.alloc(256 * 1024, 'x');
    const left = new WeakMap<Peer, number>();
    const peers = kit.keep(150, () => {
      const peer = kit.dial('net').login();
      peer.write("{event:[1,'db'],said:['");
      left.set(peer, most);
      return peer;
    });
    kit.rate(1000, () => {
      const peer = kit.random.pick(peers);
      const bytes = Math.min(left.get(peer) ?? 0, piece.length);
      if (bytes === 0 || peer.isClogged) return;
      left.set(peer, (left.get(peer) ?? 0) - bytes);
      peer.write(piece.subarray(0, bytes));
    });
  },
};

export const largest: Attacker = {
  name: 'largest messages',
  load: '8 connections that send messages of as many values as may be (1,000,000), or 8 MiB of text, without pause',
  maxAnswerMs: 3000,
  attack(kit) {
    const messages = [
      event(`[${'1,'.repeat(MOST_VALUES)}]`),
      event(`[${'{},'.repeat(MOST_VALUES)}]`),
      event(`'${'x'.repeat(8_000_000)}'`),
    ];
    const peers = kit.keep(8, () => kit.dial(kit.random.pick(TRANSPORTS)).login());
    kit.rate(100, () => kit.random.pick(peers).send(kit.random.pick(messages)));
  },
};
