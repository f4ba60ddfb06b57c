import { afterEach, describe, expect, test } from '@jest/globals';
import { Session, type AuthCallback, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { timersOf } from '../support/quiet.js';
import type { RawPeer } from '../support/raw-peer.js';
import { ClientOnTheWire, OFFER_WITH_BYE, ServerOnTheWire, WITH_BYE, yes } from '../support/resume-wire.js';
import { dial, serves } from '../support/core.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const TAKEN = "{handshake:[0],error:[11,'Authentication failed','ERR_SESSION_TAKEN']}";

const AT_ONCE_MS = 1;

/** An eager reconnector: the fight of two of these would never end. */
function atOnce(_connection: Connection, reconnectFn: (...args: unknown[]) => void): void {
  setTimeout(() => reconnectFn(() => undefined), AT_ONCE_MS);
}

/** Waits until whoever is about to come back to a server has come. */
async function fought(port: number): Promise<void> {
  await timersOf(AT_ONCE_MS);
  await serves(closing, port);
}

describe('a second claimant of a session whose link is up', () => {
  test('gets it: the old link is told where it can be, ended, and nothing more of it is executed', async () => {
    const wire = await ServerOnTheWire.start(closing, { extensions: WITH_BYE });
    const taken: unknown[] = [];
    const { peer, id, connection } = await wire.login(OFFER_WITH_BYE);
    wire.server.on('sessionTaken', (session, from) => taken.push([session.id, from]));
    peer.send("{call:[1,'a'],b:[]}");
    const call = await wire.served.call(1);
    const heir = await wire.resume(id, 0, OFFER_WITH_BYE);
    await heir.received(1);
    peer.send("{call:[2,'late'],b:[]}", "{event:[3,'late'],b:[]}", "{bye:['close']}");
    await peer.end();
    expect(peer.messages).toEqual(["{bye:['taken']}"]);
    call.succeed(['for the heir']);
    expect((await heir.received(2))[1]).toBe("{callback:[1],ok:['for the heir']}");
    heir.send('{ping:[2]}');
    expect((await heir.received(3))[2]).toBe('{pong:[2]}');
    expect([wire.served.calls.length, wire.served.events]).toEqual([1, []]);
    expect(taken).toEqual([[id, connection]]);
    expect(wire.server.getClientsArray()).toEqual([connection]);
  });

  test('gets it though the old link is half-open, and tells nobody, of a session whose line was down', async () => {
    const wire = await ServerOnTheWire.start(closing);
    let taken = 0;
    wire.server.on('sessionTaken', () => (taken += 1));
    const { peer, id } = await wire.login();
    peer.socket.pause();
    const heir = await wire.resume(id, 0);
    await heir.received(1);
    expect(taken).toBe(1);
    await wire.cut(heir);
    const back = await wire.resume(id, 0);
    await back.received(1);
    expect(taken).toBe(1);
    expect(wire.server.getClientsArray()).toHaveLength(1);
  });

  test('does not get one that was ended while the policy was deciding', async () => {
    let decide: (() => void) | undefined;
    const wire = await ServerOnTheWire.start(closing, {
      extensions: WITH_BYE,
      authPolicy: {
        decidesResume: true,
        authenticate: (_connection, _application, _strategy, _credentials, done: AuthCallback) => {
          decide = () => done(null, true);
        },
      },
    });
    const { peer, id } = await wire.login(OFFER_WITH_BYE);
    const heir = await wire.resume(id, 0, OFFER_WITH_BYE);
    await waitFor(() => decide !== undefined, 'the question');
    peer.send("{bye:['close']}");
    await peer.end();
    decide?.();
    await heir.end();
    expect(heir.messages).toEqual([expect.stringContaining('ERR_SESSION_LOST')]);
  });
});

test('a connection whose session another one of this process takes hears of it once', async () => {
  const wire = await ServerOnTheWire.start(closing, { extensions: WITH_BYE });
  for (const extensions of [WITH_BYE, []]) {
    const first = await dial(closing, wire.port, { extensions });
    const told: unknown[] = [];
    first.on('bye', (reason) => told.push(reason));
    const gone = new Promise((resolve) => first.once('close', resolve));
    const second = await dial(closing, wire.port, { extensions, session: first.session });
    await within(gone, 'the end of the first');
    await within(second.ping(), 'a pong');
    expect([told, first.handshakeDone, second.session === first.session]).toEqual([['taken'], false, true]);
  }
});

describe('two claimants who both come back by themselves', () => {
  test('do not fight where they know bye: the one who was told stays away', async () => {
    const wire = await ServerOnTheWire.start(closing, { extensions: WITH_BYE });
    let taken = 0;
    wire.server.on('sessionTaken', () => (taken += 1));
    const options = { extensions: WITH_BYE, reconnector: atOnce };
    const first = await dial(closing, wire.port, options);
    const told: unknown[] = [];
    first.on('bye', (reason) => told.push(reason));
    const text = first.session?.toString() ?? '';
    const second = await dial(closing, wire.port, {
      ...options,
      session: Session.fromString<Connection>(text),
    });
    await waitFor(() => told.length === 1 && !first.handshakeDone, 'the bye');
    await fought(wire.port);
    expect([told, taken, first.handshakeDone, second.handshakeDone]).toEqual([['taken'], 1, false, true]);
  });

  test('do not fight for ever where they do not: one keeps it, the other is told and stays away', async () => {
    const wire = await ServerOnTheWire.start(closing);
    let taken = 0;
    wire.server.on('sessionTaken', () => (taken += 1));
    const first = await dial(closing, wire.port, { reconnector: atOnce });
    const failures: unknown[] = [];
    first.on('reconnect', (error) => error && failures.push(error));
    const text = first.session?.toString() ?? '';
    const session = Session.fromString<Connection>(text);
    const second = await dial(closing, wire.port, { reconnector: atOnce, session });
    second.on('reconnect', (error) => error && failures.push(error));
    await waitFor(() => failures.length > 0, 'the end of the fight');
    await fought(wire.port);
    const takenBy = taken;
    await fought(wire.port);
    expect(failures).toEqual([expect.objectContaining({ code: -4 })]);
    expect(taken).toBe(takenBy);
    expect([first, second].filter((connection) => connection.handshakeDone)).toHaveLength(1);
  });

  test('of old peers, too: who comes too often is refused, with the code that it knows', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { id } = await wire.login('');
    const answers: (string | undefined)[] = [];
    let owner: RawPeer | undefined;
    for (let turn = 0; turn < 25; turn++) {
      const peer = await wire.resume(id, 0, '');
      const [answer] = await peer.received(1);
      answers.push(answer);
      if (answer === '{handshake:[0],ok:0}') owner = peer;
    }
    expect(answers.slice(-5)).toEqual(Array.from({ length: 5 }, () => '{handshake:[0],error:[11]}'));
    owner?.send('{ping:[1]}');
    expect((await owner?.received(2))?.[1]).toBe('{pong:[1]}');
  });
});

test('a client that is refused because others have its session dials no more', async () => {
  const wire = await ClientOnTheWire.start(closing);
  const asked: unknown[] = [];
  const connection = await wire.connect(yes('one'), {
    reconnector: (_connection, reconnectFn) => {
      asked.push(null);
      reconnectFn((error: unknown) => asked.push(error));
    },
  });
  await wire.cut(connection);
  const link = await wire.link(1);
  await link.received(1);
  link.send(TAKEN);
  await waitFor(() => asked.length >= 2, 'the refusal');
  expect(await wire.dialled()).toBe(2);
  expect(asked).toEqual([null, expect.objectContaining({ code: -4 })]);
  // The user may ask for it nevertheless.
  await within(wire.reconnect(connection, yes(0)), 'the reconnect');
  expect(connection.handshakeDone).toBe(true);
});
