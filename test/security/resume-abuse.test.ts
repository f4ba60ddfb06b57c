import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AuthPolicyObject } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import type { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, CHASER, guardProcess } from './arena.js';

const closing = new Closing();
const REFUSED = '{handshake:[0],error:[11]}';
let arena: Arena;

guardProcess();
beforeEach(async () => {
  arena = await Arena.start(closing, { authPolicy });
});
afterEach(() => closing.run());

/** Lets everybody in under the name that they give. */
const authPolicy: AuthPolicyObject = {
  authenticate: (_connection, _application, _strategy, credentials, callback) => {
    callback(null, (credentials as string[])[0]);
  },
};

const LOGIN = "{handshake:[0,'app','^1.0.0'],login:['ann','secret']}";

interface Victim {
  readonly peer: RawPeer;
  readonly id: string;
}

/** A client with a session that has state on both sides: 3 messages received, 3 sent, of which 1 is acknowledged. */
async function victim(handshake = LOGIN): Promise<Victim> {
  const peer = await arena.guest(handshake);
  const id = /ok:'([^']*)'/.exec(peer.messages[0] ?? '')?.[1] ?? '';
  peer.send('{ping:[1]}', '{ping:[2]}', '{ping:[3]}');
  await peer.received(4);
  const connection = arena.server.getClientsArray().find(({ session }) => session?.id === id);
  for (const name of ['a', 'b', 'c']) connection?.emitRemoteEvent('news', name, []);
  await peer.received(7);
  peer.send('{pong:[-1]}');
  await waitFor(() => connection?.session?.journal.size === 2, 'the acknowledgement');
  return { peer, id };
}

async function resume(header: string, credentials: string): Promise<RawPeer> {
  const peer = await arena.stranger();
  peer.send(`{handshake:${header},session:${credentials}}`, CHASER);
  return peer;
}

describe('a resume is refused whole', () => {
  const CLAIMS: readonly [title: string, header: string, credentials: string][] = [
    ['for another application', "[0,'other','^1.0.0']", "['ID',3]"],
    ['for another range', "[0,'app','1.0.0']", "['ID',3]"],
    ['without the range', "[0,'app']", "['ID',3]"],
    ['with other extensions', "[0,'app','^1.0.0',{stream:1}]", "['ID',3]"],
    ['with more than was sent', "[0,'app','^1.0.0']", "['ID',4]"],
    ['with less than was acknowledged', "[0,'app','^1.0.0']", "['ID',0]"],
    ['with a negative count', "[0,'app','^1.0.0']", "['ID',-1]"],
    ['with a fraction', "[0,'app','^1.0.0']", "['ID',1.5]"],
    ['with a count that is text', "[0,'app','^1.0.0']", "['ID','3']"],
    ['with NaN', "[0,'app','^1.0.0']", "['ID',NaN]"],
    ['with null', "[0,'app','^1.0.0']", "['ID',null]"],
    ['without a count', "[0,'app','^1.0.0']", "['ID']"],
    ['with an id in an array', "[0,'app','^1.0.0']", "[['ID'],3]"],
    ['with an id in an object', "[0,'app','^1.0.0']", "[{toString:'ID'},3]"],
    ['with an object in the place of the array', "[0,'app','^1.0.0']", "{0:'ID',1:3,length:2}"],
    ['with a part of the id', "[0,'app','^1.0.0']", "['ID'".replace('ID', 'I') + ',3]'],
  ];

  test.each(CLAIMS)('%s; the session stays with its client', async (_title, header, credentials) => {
    arena.server.updateApplications([arena.application(), arena.application('other')]);
    const { peer, id } = await victim();
    const thief = await resume(header, credentials.replace('ID', id));
    await arena.expectEnded(thief);
    expect(thief.messages).toHaveLength(1);
    expect(thief.messages[0]).toMatch(/error:\[1[01][\],]/);
    peer.send("{call:[4,'mark'],run:['mine']}");
    expect((await peer.received(8))[7]).toBe('{callback:[4],ok:[]}');
  });

  test('and can be made right afterwards by the one who has lost the line', async () => {
    const { peer, id } = await victim();
    peer.destroy();
    await waitFor(() => arena.server.getClientsArray().length === 0, 'the loss of the line');
    const wrong = await resume("[0,'app','^1.0.0']", `['${id}',7]`);
    await arena.expectEnded(wrong);
    expect(wrong.messages).toEqual([REFUSED]);
    const right = await arena.stranger();
    right.send(`{handshake:[0,'app','^1.0.0'],session:['${id}',2]}`);
    expect(await right.received(2)).toEqual(['{handshake:[0],ok:3}', "{event:[-3,'news'],c:[]}"]);
  });
});

describe('the session of somebody else', () => {
  test('cannot be had by a guess', async () => {
    const { id } = await victim();
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    const thief = await resume("[0,'app','^1.0.0']", `['${id.slice(0, -1)}x',3]`);
    await arena.expectEnded(thief);
    expect(thief.messages).toEqual([REFUSED]);
  });

  test('ids of sessions made one after the other have nothing in common', async () => {
    const first = await victim();
    const second = await arena.guest(LOGIN);
    const secondId = /ok:'([^']*)'/.exec(second.messages[0] ?? '')?.[1] ?? '';
    const same = Array.from(first.id).filter((digit, index) => digit === secondId[index]).length;
    expect(same).toBeLessThan(16);
  });

  test('is kept by a policy that decides on resumes too', async () => {
    const asked: unknown[] = [];
    const guarded = await Arena.start(closing, {
      authPolicy: {
        authenticate: (connection, _application, strategy, credentials, callback) => {
          asked.push([strategy, connection.username]);
          if (strategy === 'session') callback(new Error('not you'));
          else callback(null, (credentials as string[])[0]);
        },
        decidesResume: true,
      },
    });
    arena = guarded;
    const { peer, id } = await victim();
    const thief = await resume("[0,'app','^1.0.0']", `['${id}',3]`);
    await arena.expectEnded(thief);
    expect(thief.messages).toEqual([REFUSED]);
    // The policy saw whose session it was.
    expect(asked).toContainEqual(['session', 'ann']);
    peer.send('{ping:[4]}');
    expect((await peer.received(8))[7]).toBe('{pong:[4]}');
  });
});

describe('a takeover by the one who knows the id', () => {
  test('ends the old link, runs nothing more of it, and answers on the new one', async () => {
    const { peer, id } = await victim();
    const heir = await arena.stranger();
    heir.send(`{handshake:[0,'app','^1.0.0'],session:['${id}',3]}`);
    await heir.received(1);
    peer.send(CHASER);
    await arena.expectEnded(peer);
    heir.send('{ping:[4]}');
    expect((await heir.received(2))[1]).toBe('{pong:[4]}');
    expect(arena.server.getClientsArray()).toHaveLength(1);
  });

  test('a hundred takeovers leave one client, who is not taken from for ever', async () => {
    const { id } = await victim();
    let owner: RawPeer | undefined;
    let refusals = 0;
    for (let turn = 0; turn < 100; turn++) {
      const peer = await arena.stranger();
      peer.send(`{handshake:[0,'app','^1.0.0'],session:['${id}',3]}`);
      if ((await peer.received(1))[0] === REFUSED) refusals += 1;
      else owner = peer;
    }
    expect(refusals).toBeGreaterThan(0);
    expect(arena.server.getClientsArray()).toHaveLength(1);
    owner?.send('{ping:[4]}');
    expect((await owner?.received(2))?.[1]).toBe('{pong:[4]}');
  });

  test('two resumes in one turn end with one owner', async () => {
    const { id, peer } = await victim();
    peer.destroy();
    const rivals = [await arena.stranger(), await arena.stranger()];
    for (const rival of rivals) rival.send(`{handshake:[0,'app','^1.0.0'],session:['${id}',3]}`);
    await waitFor(() => rivals.some((rival) => rival.ended), 'the end of the first one');
    await rivals.find((rival) => !rival.ended)?.pong(4);
    expect(rivals.filter((rival) => !rival.ended)).toHaveLength(1);
    expect(arena.server.getClientsArray()).toHaveLength(1);
  });
});

test('the acknowledgement of what was never sent frees nothing', async () => {
  const { peer, id } = await victim();
  peer.send('{pong:[-1000]}', '{callback:[-999],ok:[]}', '{pong:[1000]}');
  await arena.hasRead();
  peer.destroy();
  await waitFor(() => arena.server.getClientsArray().length === 0, 'the loss of the line');
  const back = await arena.stranger();
  back.send(`{handshake:[0,'app','^1.0.0'],session:['${id}',1]}`);
  expect(await back.received(3)).toEqual([
    '{handshake:[0],ok:3}',
    "{event:[-2,'news'],b:[]}",
    "{event:[-3,'news'],c:[]}",
  ]);
});

describe('a peer that has agreed to resume, and lies', () => {
  const RESUMABLE = "{handshake:[0,'app','',{cancel:1,resume:1,stream:1}]}";

  test('10,000 copies of a call run it once, and others are served meanwhile', async () => {
    const peer = await arena.guest(RESUMABLE);
    const call = "{call:[1,'mark'],run:['copied']}";
    peer.send(...Array.from({ length: 10_000 }, () => call), '{ping:[2]}');
    await arena.expectServing();
    await waitFor(() => peer.messages.includes('{pong:[2]}'), 'the pong');
    expect(arena.executed.filter((label) => label === 'copied')).toHaveLength(1);
    expect(peer.messages.filter((text) => text.startsWith('{callback'))).toHaveLength(1);
  });

  test('answers, pongs and credit for numbers that were never sent do nothing, nor does a flood of cancels', async () => {
    const peer = await arena.guest(RESUMABLE);
    const [connection] = arena.server.getClientsArray();
    connection.emitRemoteEvent('news', 'kept', []);
    peer.send("{call:[1,'slow'],wait:[]}");
    await waitFor(() => arena.waiting.length === 1, 'the call');
    for (const id of [-2, -1e12, -9007199254740991, 0, 1, 1e12])
      peer.send(`{callback:[${id}],ok:[]}`, `{callback:[${id}],error:[-1]}`, `{pong:[${id}]}`);
    peer.send(...Array.from({ length: 10_000 }, (_, n) => `{cancel:[${n + 2}]}`));
    peer.send(
      '{stream:[1],credit:[9007199254740991]}',
      '{stream:[-1,1],data:[1]}',
      '{stream:[9],credit:[1]}',
    );
    peer.send('{ping:[2]}');
    await waitFor(() => peer.messages.includes('{pong:[2]}'), 'the pong');
    // At least: on a slow machine the server has asked for an acknowledgement by now, too.
    expect(connection.session?.journal.size).toBeGreaterThanOrEqual(1);
    arena.waiting[0]?.();
    await waitFor(() => peer.messages.includes('{callback:[1],ok:[]}'), 'the answer');
    await arena.expectServing();
  });

  test('a jump to the highest number leaves only the one who has jumped behind', async () => {
    const peer = await arena.guest(RESUMABLE);
    peer.send('{ping:[9007199254740991]}', CHASER);
    await waitFor(() => peer.messages.includes('{pong:[9007199254740991]}'), 'the pong');
    await arena.expectServing();
    expect(arena.executed).not.toContain('chaser');
  });

  test('100 peers that never acknowledge stay under the caps, or lose their sessions', async () => {
    const limits = { journalMaxEntries: 20, journalMaxBytes: 10_000, maxCallsInFlight: 10 };
    arena = await Arena.start(closing, { limits });
    const peers = await Promise.all(Array.from({ length: 100 }, () => arena.guest(RESUMABLE)));
    const connections = arena.server.getClientsArray();
    const sessions = connections.map(({ session }) => session);
    for (const peer of peers)
      peer.send(
        ...Array.from({ length: 100 }, (_, n) => `{call:[${n + 1},'echo'],back:['${'x'.repeat(100)}']}`),
      );
    arena.server.broadcast('news', 'all');
    await waitFor(() => connections.every(({ state }) => state.name === 'closed'), 'the end of the sessions');
    await arena.expectServing();
    for (const session of sessions) {
      expect(session?.journal.size).toBe(0);
      expect(session?.journal.bytes).toBe(0);
    }
    // Those who only listen are told nothing more at the cap, and keep what they may have.
    const listeners = await Promise.all(Array.from({ length: 100 }, () => arena.guest(RESUMABLE)));
    for (let n = 0; n < 100; n++) arena.server.broadcast('news', 'all', 'y'.repeat(200));
    for (const connection of arena.server.getClientsArray()) {
      expect(connection.session?.journal.size).toBeLessThanOrEqual(21);
      expect(connection.session?.journal.bytes).toBeLessThan(11_000);
    }
    expect(listeners.every(({ ended }) => !ended)).toBe(true);
  });

  test('an id that is longer than any is not asked for, and one of 256 characters is', async () => {
    const asked: string[] = [];
    const sessionStorageProvider = { get: (id: string) => void asked.push(id), set: () => undefined };
    arena = await Arena.start(closing, { sessionStorageProvider, limits: { maxHandshakeBytes: Infinity } });
    for (const id of ['x'.repeat(257), 'x'.repeat(1_000_000), '']) {
      const peer = await arena.stranger();
      peer.send(`{handshake:[0,'app'],session:['${id}',0]}`, CHASER);
      await arena.expectEnded(peer);
      expect(peer.messages).toEqual([REFUSED]);
    }
    expect(asked).toEqual([]);
    const peer = await arena.stranger();
    peer.send(`{handshake:[0,'app'],session:['${'x'.repeat(256)}',0]}`);
    await arena.expectEnded(peer);
    expect(asked).toEqual(['x'.repeat(256)]);
  });
});
