import { deflateRawSync } from 'node:zlib';
import type { Attacker } from './attacker.js';
import { frame, upgrade } from './peer.js';

const COMPRESSED = 0xc1;
const FIRST_FRAGMENT = 0x01;
const MORE_FRAGMENT = 0x00;
const PING = 0x89;
const PONG = 0x8a;
const FRAMES_AT_ONCE = 50;

const letter = Buffer.from('x');
const nothing = Buffer.alloc(0);

export const webSocketFrames: Attacker = {
  name: 'ws fragments and pings',
  load: '8 connections, 2500 pings and 2500 fragments of one byte or none a second',
  attack(kit) {
    const isBegun = new WeakSet();
    const pings = Buffer.concat([frame(PING, letter), frame(PONG, nothing)]);
    const peers = kit.keep(8, () => kit.dial('ws').login());
    kit.rate(5000 / FRAMES_AT_ONCE, () => {
      const peer = kit.random.pick(peers);
      if (kit.random.happens(0.5)) peer.write(repeated(pings, FRAMES_AT_ONCE / 2));
      else {
        const first = isBegun.has(peer) ? nothing : frame(FIRST_FRAGMENT, letter);
        isBegun.add(peer);
        const more = frame(MORE_FRAGMENT, kit.random.happens(0.5) ? letter : nothing);
        peer.write(Buffer.concat([first, repeated(more, FRAMES_AT_ONCE)]));
      }
    });
  },
};

function repeated(bytes: Buffer, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

export const compressed: Attacker = {
  name: 'compressed frames',
  load: '20 WebSockets a second that offer compression, and send 64 MB of blanks as a compressed frame of 64 KB',
  attack(kit) {
    const bomb = frame(COMPRESSED, deflateRawSync(Buffer.alloc(64_000_000, ' ')));
    const request = upgrade(['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits']);
    kit.rate(20, () => {
      const peer = kit.dial('ws', { isBare: true });
      peer.write(request);
      if (kit.random.happens(0.5)) peer.write(frame(0x81, Buffer.from("{handshake:[0,'app']}")));
      peer.write(bomb);
    });
  },
};
