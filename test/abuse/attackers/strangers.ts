/*
 * Attackers that do not log in, or fail to.
 */
import { TRANSPORTS } from '../conversation.js';
import type { Attacker } from './attacker.js';
import type { Kit } from './kit.js';
import type { Peer } from './peer.js';

const MAX_OPEN = 1500;
const HANDSHAKE = "{handshake:[0,'app']}";
/** The head of a ClientHello that promises 512 bytes more than come. */
const HALF_HELLO = Buffer.from('160301020001000001fc0303', 'hex');

const GARBAGE = [
  '}{',
  '\0\0\0',
  '{"call":[1',
  "{call:[1,'db'],work:[1]}\0",
  "{handshake:[0,'nobody']}\0",
  `{handshake:[0,'app'],login:${'['.repeat(100)}\0`,
  `${HANDSHAKE}\0${HANDSHAKE}\0`,
  `${HANDSHAKE}\0{call:[1,'__proto__'],constructor:[]}\0{bye:[{}]}\0`,
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  `GET /${'x'.repeat(5000)} HTTP/1.1\r\n${'a: b\r\n'.repeat(500)}`,
];

export const flood: Attacker = {
  name: 'connection flood',
  load: '400 connections a second that say nothing, 1500 at once',
  attack(kit) {
    kit.rate(400, () => {
      if (kit.open >= MAX_OPEN) kit.oldest?.socket.destroy();
      kit.dial(kit.random.pick(TRANSPORTS), { isBare: kit.random.happens(0.5) });
    });
  },
};

export const slow: Attacker = {
  name: 'slow drip',
  load: '300 connections, a byte each 250 ms: half of a handshake, half of a call',
  attack(kit) {
    const calls = kit.keep(150, () => kit.dial(kit.random.pick(TRANSPORTS)).login());
    const strangers = kit.keep(150, () => kit.dial('net'));
    const drip = (peer: Peer): void => peer.write(kit.random.pick(['{', "'", 'x', ':']));
    kit.rate(4, () => {
      for (const peer of calls) drip(peer);
      for (const peer of strangers) drip(peer);
    });
  },
};

export const garbage: Attacker = {
  name: 'garbage',
  load: '200 connections a second with random bytes, broken messages, HTTP, wrong orders',
  attack(kit) {
    kit.rate(200, () => {
      const peer = kit.dial(kit.random.pick(TRANSPORTS), { isBare: kit.random.happens(0.5) });
      const isRandom = kit.random.happens(0.3);
      if (kit.random.happens(0.3)) peer.login();
      peer.write(isRandom ? randomBytes(kit) : kit.random.pick(GARBAGE));
    });
    kit.rate(200, () => {
      if (kit.open > 200) kit.oldest?.socket.destroy();
    });
  },
};

function randomBytes({ random }: Kit): Buffer {
  return Buffer.from(Array.from({ length: random.between(1, 500) }, () => random.between(0, 255)));
}

export const halfOpen: Attacker = {
  name: 'half-open',
  load: '150 connections a second that end their side, reset, or stop in a handshake; 1000 at once',
  attack(kit) {
    kit.rate(150, () => {
      if (kit.open >= 1000) kit.oldest?.socket.destroy();
      const peer = kit.dial(kit.random.pick(TRANSPORTS), { isDeaf: kit.random.happens(0.5) });
      const way = kit.random.between(0, 3);
      if (way === 0) peer.write(HANDSHAKE.slice(0, 9));
      else peer.login();
      if (way === 1) peer.socket.end();
      else if (way === 2) peer.socket.once('connect', () => peer.cut());
    });
  },
};

export const guesses: Attacker = {
  name: 'login guessing',
  load: "150 wrong logins a second, a third of them by the good client's name",
  attack(kit) {
    kit.rate(150, () => {
      if (kit.open >= 500) kit.oldest?.socket.destroy();
      const name = kit.random.pick(['good', 'admin', `user${String(kit.random.between(0, 1e6))}`]);
      kit
        .dial(kit.random.pick(TRANSPORTS))
        .send(`{handshake:[0,'app'],login:['${name}','guess${String(kit.counts.opened)}']}`);
    });
  },
};

export const tlsHalves: Attacker = {
  name: 'TLS half-hellos',
  load: '150 half ClientHellos a second, 15 whole TLS handshakes a second that then leave; 1000 at once',
  attack(kit) {
    kit.rate(150, () => {
      if (kit.open >= 1000) kit.oldest?.socket.destroy();
      kit
        .dial('tls', { isBare: true })
        .write(HALF_HELLO.subarray(0, kit.random.between(1, HALF_HELLO.length)));
    });
    kit.rate(15, () => {
      const { socket } = kit.dial('tls');
      socket.once('secureConnect', () => socket.destroy());
    });
  },
};
