/*
 * Attackers that do what clients may do, again and again: each time as another one, with another TLS handshake, or with the
 * same session.
 */
import { connect as dialTls } from 'node:tls';
import { Duplex } from 'node:stream';
import { TRANSPORTS } from '../conversation.js';
import type { Attacker } from './attacker.js';
import type { Kit } from './kit.js';
import type { Peer } from './peer.js';

const HUGE = 1_000_000;
const DRIP_MS = 20;

/** An address of an IPv6 network of its own. */
function newAddress({ random }: Kit): string {
  const part = (): string => random.between(0, 0xffff).toString(16);
  return `2001:db8:${part()}:${part()}::1`;
}

export const proxied: Attacker = {
  name: 'a new address each',
  load: '150 connections a second through a proxy, each of an IPv6 network of its own: silent, logged in, or with a wrong password; 600 at once',
  attack(kit) {
    kit.rate(150, () => {
      if (kit.open >= 600) kit.oldest?.socket.destroy();
      const peer = kit.dial('net', { clientAddress: newAddress(kit) });
      const way = kit.random.between(0, 2);
      if (way === 0) peer.login();
      else if (way === 1)
        peer.send(`{handshake:[0,'app'],login:['user${String(kit.counts.opened)}','guess']}`);
    });
  },
};

export const tlsHandshakes: Attacker = {
  name: 'TLS handshakes',
  load: '15 whole TLS handshakes a second that then say nothing, 20 ClientHellos a second that come byte by byte, 5 connections a second that renegotiate 10 times; 400 at once',
  attack(kit) {
    const hello = clientHello();
    const make = (): Peer => {
      if (kit.open >= 400) kit.oldest?.socket.destroy();
      return kit.dial('tls', { isBare: true });
    };
    kit.rate(15, () => {
      if (kit.open >= 400) kit.oldest?.socket.destroy();
      kit.dial('tls');
    });
    kit.rate(20, () => {
      const peer = make();
      let sent = 0;
      const timer = setInterval(() => {
        peer.write(hello.subarray(sent, (sent += 1)));
        if (peer.isOver || sent >= hello.length) clearInterval(timer);
      }, DRIP_MS);
    });
    kit.rate(5, () => {
      renegotiate(make());
    });
  },
};

/** The first message of a TLS client. */
function clientHello(): Buffer {
  const pieces: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (piece: Buffer, _encoding, done) => {
      pieces.push(piece);
      done();
    },
  });
  dialTls({ socket, servername: 'attacked' })
    .on('error', () => undefined)
    .destroy();
  return Buffer.concat(pieces);
}

/** Asks for another handshake on the same connection, as TLS 1.2 allows it. */
function renegotiate({ socket }: Peer): void {
  const secured = dialTls({ socket, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  let left = 10;
  const again = (): void => {
    if (secured.destroyed || (left -= 1) < 0) return;
    secured.renegotiate({ rejectUnauthorized: false }, (error) => {
      if (!error) again();
    });
  };
  secured
    .on('error', () => undefined)
    .on('secureConnect', again)
    .resume();
}

export const replays: Attacker = {
  name: 'one session again',
  load: '5 sessions of 16 MB unread, each resumed 4 times a second from another socket, with its first count; 200 at once',
  attack(kit) {
    const ids = new Map<string, number>();
    const begin = (): Peer => {
      const peer = kit.dial(kit.random.pick(TRANSPORTS)).login(RESUMABLE);
      for (let number = 1; number <= 16; number += 1)
        peer.send(`{call:[${String(number)},'db'],give:[${String(HUGE)}]}`);
      peer.onText = (text) => {
        const id = /ok:'([^']+)'/.exec(text)?.[1];
        if (id === undefined) return;
        ids.set(id, 16);
        peer.socket.pause();
      };
      return peer;
    };
    for (let count = 0; count < 5; count += 1) begin();
    kit.rate(1, () => {
      if (ids.size < 5) begin();
    });
    kit.rate(20, () => {
      if (kit.open >= 200) kit.oldest?.socket.destroy();
      if (ids.size === 0) return;
      const id = kit.random.pick([...ids.keys()]);
      const next = (ids.get(id) ?? 0) + 1;
      const peer = kit.dial(kit.random.pick(TRANSPORTS));
      peer.onText = (text) => {
        if (text.includes('error:')) ids.delete(id);
        peer.socket.pause();
      };
      peer.send(`{handshake:[0,'app'${RESUMABLE}],session:['${id}',0]}`);
      // Why: ten resumes in a row that bring nothing across end the session.
      peer.send(`{ping:[${String(next)}]}`);
      ids.set(id, next);
    });
  },
};

const RESUMABLE = ",'',{bye:1,resume:1}";
