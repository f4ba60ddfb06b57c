/*
 * Attackers that have logged in, as anonymous clients.
 */
import { TRANSPORTS } from '../conversation.js';
import type { Attacker } from './attacker.js';
import type { Kit } from './kit.js';
import { Numbers } from './numbers.js';
import type { Peer } from './peer.js';

const BIG = 65_536;
const HUGE = 1_000_000;

const ENDLESS = 1e9;

export const unread: Attacker = {
  name: 'unread answers',
  load: '12 connections that read nothing, half of them without resume, 200 calls a second for 1 MB each',
  attack(kit) {
    const numbers = new Numbers();
    const peers = kit.keep(12, () => {
      const peer = kit.dial(kit.random.pick(TRANSPORTS), { isDeaf: true });
      return kit.random.happens(0.5) ? peer.login() : peer.login('');
    });
    kit.rate(200, () => {
      const peer = kit.random.pick(peers);
      peer.send(`{call:[${String(numbers.take(peer))},'db'],give:[${String(HUGE)}]}`);
    });
  },
};

export const cancels: Attacker = {
  name: 'call and cancel',
  load: '8 connections, 2000 calls a second, each cancelled at once; the handlers run on',
  attack(kit) {
    const numbers = new Numbers();
    const peers = kit.keep(8, () => kit.dial(kit.random.pick(TRANSPORTS)).login());
    kit.rate(2000, () => {
      const peer = kit.random.pick(peers);
      const number = String(numbers.take(peer));
      peer.send(`{call:[${number},'db'],wait:[]}`, `{cancel:[${number}]}`);
    });
  },
};

export const leavers: Attacker = {
  name: 'call and go',
  load: '10 connections a second that make 500 calls each, and leave before one is answered; the handlers run on',
  attack(kit) {
    const calls = Array.from({ length: 500 }, (_, n) => `{call:[${String(n + 1)},'db'],wait:[]}`);
    kit.rate(10, () => {
      const peer = kit.dial(kit.random.pick(TRANSPORTS)).login();
      peer.send(...calls);
      setTimeout(() => peer.socket.destroy(), 500);
    });
  },
};

export const resumes: Attacker = {
  name: 'resume replay',
  load: '60 sessions a second cut with 20 KiB unacknowledged, and resumed again and again; 60 wrong resumes a second',
  attack(kit) {
    const ids: string[] = [];
    kit.rate(60, () => {
      if (kit.open >= 300) kit.oldest?.socket.destroy();
      const peer = kit.dial(kit.random.pick(TRANSPORTS)).login();
      for (let number = 1; number <= 5; number += 1) peer.send(`{call:[${String(number)},'db'],give:[4096]}`);
      peer.onText = (text) => {
        const id = /ok:'([^']+)'/.exec(text)?.[1];
        if (id !== undefined) ids.push(id);
        if (ids.length > 1000) ids.shift();
      };
    });
    kit.rate(60, () => {
      const id = ids.length > 0 ? kit.random.pick(ids) : 'x';
      resume(kit, id, 0);
    });
    kit.rate(60, () => resume(kit, kit.random.pick(['nothing', 'x'.repeat(300), ids[0] ?? 'x']), 2 ** 50));
  },
};

function resume(kit: Kit, id: string, count: number): void {
  kit
    .dial(kit.random.pick(TRANSPORTS))
    .send(`{handshake:[0,'app','',{bye:1,resume:1}],session:['${id}',${String(count)}]}`);
}

export const journals: Attacker = {
  name: 'journal fillers',
  load: '30 connections that read and acknowledge nothing, 500 calls a second for 64 KiB each; half leave each second',
  attack(kit) {
    const numbers = new Numbers();
    const peers = kit.keep(30, () => kit.dial(kit.random.pick(TRANSPORTS)).login());
    kit.rate(500, () => {
      const peer = kit.random.pick(peers);
      peer.send(`{call:[${String(numbers.take(peer))},'db'],give:[${String(BIG)}]}`);
    });
    kit.rate(15, () => kit.random.pick(peers).socket.destroy());
  },
};

export const streams: Attacker = {
  name: 'streams',
  load: '8 connections that open 100 streams a second: half take 20 KB of each, half give endless credit and read nothing',
  attack(kit) {
    const numbers = new Numbers();
    const readers = kit.keep(4, () => kit.dial(kit.random.pick(TRANSPORTS)).login());
    const deaf = kit.keep(4, () => kit.dial(kit.random.pick(TRANSPORTS), { isDeaf: true }).login());
    const open = (peer: Peer, credit: number): void => {
      const number = String(numbers.take(peer));
      peer.send(`{call:[${number},'db'],feed:[]}`, `{stream:[${number}],credit:[${String(credit)}]}`);
    };
    kit.rate(50, () => open(kit.random.pick(readers), 20));
    kit.rate(50, () => open(kit.random.pick(deaf), ENDLESS));
  },
};

export const small: Attacker = {
  name: 'small messages',
  load: '6 connections, 6000 pings, events and inspects a second',
  attack(kit) {
    const numbers = new Numbers();
    const peers = kit.keep(6, () => kit.dial(kit.random.pick(TRANSPORTS)).login());
    kit.rate(2000, () => {
      const peer = kit.random.pick(peers);
      peer.send(
        '{ping:[0]}',
        `{event:[${String(numbers.take(peer))},'db'],said:[1]}`,
        `{inspect:[${String(numbers.take(peer))},'nothing']}`,
      );
    });
  },
};

export const reserved: Attacker = {
  name: 'reserved interfaces',
  load: '8 connections, 1000 calls a second of jstp.administration, which they may not, and of jstp.reflection, right and wrong; 200 of methods that there are not',
  attack(kit) {
    const numbers = new Numbers();
    const peers = kit.keep(8, () => kit.dial(kit.random.pick(TRANSPORTS)).login());
    const call = (interfaceName: string, methodAndArguments: string): void => {
      const peer = kit.random.pick(peers);
      peer.send(`{call:[${String(numbers.take(peer))},'${interfaceName}'],${methodAndArguments}}`);
    };
    let madeUp = 0;
    const handle = (): string => String(kit.random.pick([0, 1, 7, 100, 2 ** 50]));
    kit.rate(600, () => {
      const forbidden = [
        `cut:[${handle()}]`,
        `end:[${handle()}]`,
        'overview:[]',
        'watch:[250]',
        'connections:[{}]',
      ];
      call('jstp.administration', kit.random.pick(forbidden));
    });
    kit.rate(400, () =>
      call(
        'jstp.reflection',
        kit.random.pick(['describe:[]', 'describe:[]', 'describe:[1]', 'applications:[]']),
      ),
    );
    kit.rate(200, () => call('db', `no${String((madeUp += 1))}:[]`));
  },
};
