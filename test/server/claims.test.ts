import { afterEach, describe, expect, test } from '@jest/globals';
import { Session, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import type { RawPeer } from '../support/raw-peer.js';
import { ClientOnTheWire, EXTENSIONS, ServerOnTheWire, yes } from '../support/resume-wire.js';

const closing = new Closing();
afterEach(() => closing.run());

const HEADER = `{handshake:[0,'app','',${EXTENSIONS}]`;
const IN_AGAIN = `{handshake:[0,null,${EXTENSIONS}],ok:0}`;

/** A claim for a session: who asks, and for the how-manieth time. */
function claim(id: string, by: number, count: number): string {
  return `${HEADER},session:['${id}',0,[${by},${count}]]}`;
}

describe('a request to resume that comes late', () => {
  test('changes nothing where the same client has come back by a later one', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { id, connection } = await wire.login();
    const second = await wire.peer(claim(id, 7, 2));
    expect(await second.received(1)).toEqual([IN_AGAIN]);
    const late = await wire.peer(claim(id, 7, 1));
    // No answer: a client that hears of a lost session drops it.
    await late.end();
    expect(late.messages).toEqual([]);
    connection.emitRemoteEvent('news', 'told', ['still here']);
    expect((await second.received(2))[1]).toBe("{event:[-1,'news'],told:['still here']}");
  });

  test('ends the line that the client has come by before, which hears why', async () => {
    const extensions = ['bye', 'cancel', 'resume', 'stream'] as const;
    const wire = await ServerOnTheWire.start(closing, { extensions });
    const { id, connection } = await wire.login('{bye:1,resume:1}');
    const copy = Session.fromString<Connection>(connection.session?.toString() ?? '');
    const provider = { get: () => copy, set: () => undefined };
    const other = await ServerOnTheWire.start(closing, { extensions, sessionStorageProvider: provider });
    const resume = (count: number): Promise<RawPeer> =>
      other.peer(`{handshake:[0,'app','',{bye:1,resume:1}],session:['${id}',0,[7,${String(count)}]]}`);
    const second = await resume(1);
    expect(await second.received(1)).toEqual(['{handshake:[0,null,{bye:1,resume:1}],ok:0}']);
    const third = await resume(2);
    expect(await third.received(1)).toEqual(['{handshake:[0,null,{bye:1,resume:1}],ok:0}']);
    await second.end();
    expect(second.messages.slice(1)).toEqual(["{bye:['taken']}"]);
  });

  test('is known by a server that has the session from a store', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { id, connection } = await wire.login();
    const peer = await wire.peer(claim(id, 7, 2));
    await peer.received(1);
    const copy = Session.fromString<Connection>(connection.session?.toString() ?? '');
    expect(copy.claim).toEqual({ by: 7, count: 2 });
  });

  test('is one of the same client only: another one takes the session over', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { id } = await wire.login();
    await (await wire.peer(claim(id, 7, 5))).received(1);
    const other = await wire.peer(claim(id, 8, 1));
    expect(await other.received(1)).toEqual([IN_AGAIN]);
  });

  test.each(["'7'", '[7]', "[7,'1']", '[]', '{}', '[7,1.5]'])(
    'cannot be told from others by what is no claim: %s',
    async (order) => {
      const wire = await ServerOnTheWire.start(closing);
      const { id } = await wire.login();
      const peer = await wire.peer(`${HEADER},session:['${id}',0,${order}]}`);
      expect(await peer.received(1)).toEqual([IN_AGAIN]);
    },
  );
});

test('a client counts its requests, and says nothing of that where resume is not agreed', async () => {
  const requestOf = async (
    wire: ClientOnTheWire,
    connection: Connection,
    answer: string,
  ): Promise<string> => {
    await wire.cut(connection);
    const [handshake] = (await wire.reconnect(connection, answer)).messages;
    return handshake.slice(handshake.indexOf('session:'));
  };
  const wire = await ClientOnTheWire.start(closing);
  const connection = await wire.connect(yes('one'));
  const first = await requestOf(wire, connection, yes(0));
  const who = /^session:\['one',0,\[(\d+),1\]\]\}$/.exec(first)?.[1];
  expect(who).toBeDefined();
  expect(await requestOf(wire, connection, yes(0))).toBe(`session:['one',0,[${String(who)},2]]}`);
  const plainWire = await ClientOnTheWire.start(closing);
  const plain = await plainWire.connect("{handshake:[0],ok:'two'}");
  expect(await requestOf(plainWire, plain, '{handshake:[0],ok:0}')).toBe("session:['two',0]}");
});
