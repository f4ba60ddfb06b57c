/*
 * Attackers that leave this side waiting: small messages behind answers that nobody reads, and sockets that are half closed.
 */
import { TRANSPORTS } from '../conversation.js';
import type { Attacker } from './attacker.js';
import { Numbers } from './numbers.js';
import type { Peer } from './peer.js';

const TINY = '{a:[]}';
const TINY_AT_ONCE = 2000;
/** As many arguments of a call as may be streams. */
const STREAMS = 64;

export const behind: Attacker = {
  name: 'tiny behind unread',
  load: '100 connections, 20 new ones a second, that read nothing: 3 calls for 1 MB each, and 100,000 messages of 6 bytes a second behind them',
  attack(kit) {
    const tiny = Array.from({ length: TINY_AT_ONCE }, () => TINY);
    const peers = kit.keep(
      100,
      () => {
        const peer = kit.dial(kit.random.pick(TRANSPORTS), { isDeaf: true }).login('');
        for (let number = 1; number <= 3; number += 1)
          peer.send(`{call:[${String(number)},'db'],give:[1000000]}`);
        return peer;
      },
      20,
    );
    kit.rate(50, () => kit.random.pick(peers).send(...tiny));
  },
};

export const smallUnread: Attacker = {
  name: 'small answers unread',
  load: '50 WebSockets that read nothing, half of them without resume, 5000 calls a second for 10 bytes each',
  attack(kit) {
    const numbers = new Numbers();
    const peers = kit.keep(50, () => {
      const peer = kit.dial('ws', { isDeaf: true });
      return kit.random.happens(0.5) ? peer.login() : peer.login('');
    });
    kit.rate(50, () => {
      const peer = kit.random.pick(peers);
      peer.send(
        ...Array.from({ length: 100 }, () => `{call:[${String(numbers.take(peer))},'db'],give:[10]}`),
      );
    });
  },
};

export const halfClosed: Attacker = {
  name: 'half-closed',
  load: '60 connections a second that make 20 calls, half for 64 KiB, half of 5 s, end their side and stay; half of them read; 600 at once',
  attack(kit) {
    const calls = Array.from({ length: 20 }, (_, n) =>
      n < 10 ? `{call:[${String(n + 1)},'db'],give:[65536]}` : `{call:[${String(n + 1)},'db'],wait:[]}`,
    );
    kit.rate(60, () => {
      if (kit.open >= 600) kit.oldest?.socket.destroy();
      const peer = kit.dial(kit.random.pick(TRANSPORTS), { isDeaf: kit.random.happens(0.5) });
      peer.login(kit.random.pick(['', ",'',{resume:1}"])).send(...calls);
      peer.socket.end();
    });
  },
};

/** An upload of the most streams that a connection may have, of which the handler reads one value each. */
function upload(peer: Peer, number: number, count: number): void {
  const places = Array.from({ length: count }, (_, n) => n);
  peer.send(
    `{call:[${String(number)},'db',null,[${places.join()}]],take:[${places.map(() => 'null').join()}]}`,
  );
}

export const uploads: Attacker = {
  name: 'uploads and bytes',
  load: '12 connections: 20 calls a second with 64 streams each, whose values or ends come; 20 a second with forged values, credit and places; 20 a second with 10,000 bytes values; 20 a second with as many bytes of one behind the text, or forged lengths',
  attack(kit) {
    const numbers = new Numbers();
    const bytes = `[${'`AAAA`,'.repeat(10_000)}]`;
    const peers = kit.keep(12, () => kit.dial(kit.random.pick(TRANSPORTS)).login());
    const forged = [
      '{source:[1,0,9],data:[1]}',
      '{source:[999,0,1],data:[1]}',
      '{source:[1,0],credit:[9007199254740991]}',
      '{source:[1,0],cancel:[]}',
      '{source:[-1,0],credit:[9007199254740991]}',
    ];
    kit.rate(20, () => {
      const peer = kit.random.pick(peers);
      const number = numbers.take(peer);
      upload(peer, number, STREAMS);
      const isEnd = kit.random.happens(0.5);
      const rest = isEnd ? '1],end:[]}' : `1],data:['${'x'.repeat(1000)}']}`;
      // Why later: a value that nobody has asked for is an error.
      setTimeout(() => {
        for (let place = 0; place < STREAMS; place += 1)
          peer.send(`{source:[${String(number)},${String(place)},${rest}`);
      }, 200);
    });
    kit.rate(20, () => kit.random.pick(peers).send(kit.random.pick(forged)));
    kit.rate(20, () => {
      const peer = kit.random.pick(peers);
      peer.send(`{call:[${String(numbers.take(peer))},'db'],wait:[${bytes}]}`);
    });
    const places = '`:1`,'.repeat(10_000);
    kit.rate(20, () => {
      const peer = kit.random.pick(peers);
      const text = `{call:[${String(numbers.take(peer))},'db'],wait:[[${places}]]}`;
      if (kit.random.happens(0.8)) peer.sendAttached(text, Buffer.alloc(10_000));
      // Most of these end the connection; the last one never ends.
      else peer.sendAttached(text, Buffer.alloc(100), kit.random.pick([99, 101, 2 ** 32 - 1, 8_000_000]));
    });
  },
};
