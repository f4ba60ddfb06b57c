import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { fakeClock } from '../support/fake-clock.js';
import { ServerOnTheWire, SESSION_FULL, SESSION_LOST, yes } from '../support/resume-wire.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
beforeEach(() => {
  fakeClock();
});
afterEach(async () => {
  await closing.run();
  // The queues of the library outlive a test, and with them would its clock.
  jest.runOnlyPendingTimers();
  jest.useRealTimers();
});

function sizeOf(connection: Connection): number {
  return connection.session?.journal.size ?? -1;
}

describe('a server that has agreed to resume', () => {
  test('lets calls run through a cut, and answers them after it', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer, id } = await wire.login();
    peer.send("{call:[1,'a'],now:[]}", "{call:[2,'a'],later:[]}");
    const during = await wire.served.call(1);
    const after = await wire.served.call(2);
    await wire.cut(peer);
    expect([during.isOpen, during.signal.aborted]).toEqual([true, false]);
    during.succeed(['during']);
    const back = await wire.resume(id, 0);
    expect(await back.received(3)).toEqual([yes(2), "{callback:[1],ok:['during']}", '{ping:[-1]}']);
    after.fail('after');
    expect((await back.received(4))[3]).toBe("{callback:[2],error:[1,'after']}");
  });

  test('sends again what is not acknowledged, in the order of its making, as often as it has to', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer, id, connection } = await wire.login();
    peer.send("{call:[1,'a'],one:[]}", "{call:[2,'a'],feed:[]}", "{call:[3,'a'],three:[]}");
    await wire.served.call(3);
    const [one, feed, three] = wire.served.calls;
    await wire.cut(peer);
    connection.emitRemoteEvent('news', 'first', []);
    one.succeed(['done']);
    const stream = feed.openStream();
    stream.write('item');
    connection.emitRemoteEvent('news', 'second', []);
    const call = connection.startCall('client', 'ask', [], () => undefined);
    stream.end();
    connection.cancelCall(call);
    three.succeed([]);
    const made = [
      "{event:[-1,'news'],first:[]}",
      "{callback:[1],ok:['done']}",
      "{stream:[2,1],data:['item']}",
      "{event:[-2,'news'],second:[]}",
      "{call:[-3,'client'],ask:[]}",
      '{callback:[2],ok:[]}',
      '{cancel:[-3]}',
      '{callback:[3],ok:[]}',
    ];
    const second = await wire.resume(id, 0);
    expect(await second.received(10)).toEqual([yes(3), ...made, '{ping:[-4]}']);
    await wire.cut(second);
    // Up to number 2 all has arrived, and so has what went before it.
    const third = await wire.resume(id, 2);
    expect(await third.received(7)).toEqual([yes(3), ...made.slice(4), '{ping:[-4]}', '{ping:[-5]}']);
    third.send('{pong:[-5]}');
    await waitFor(() => sizeOf(connection) === 0, 'the acknowledgement');
  });

  test.each([
    ['a callback', '{callback:[-2],ok:[]}'],
    ['a pong', '{pong:[-2]}'],
  ])('frees what came before a number by %s of it, and no more', async (_title, acknowledgement) => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer, connection } = await wire.login();
    peer.send("{call:[1,'a'],b:[]}", "{call:[2,'a'],b:[]}");
    await wire.served.call(2);
    connection.emitRemoteEvent('news', 'first', []);
    wire.served.calls[0]?.succeed([]);
    connection.emitRemoteEvent('news', 'second', []);
    wire.served.calls[1]?.succeed([]);
    connection.emitRemoteEvent('news', 'third', []);
    expect(sizeOf(connection)).toBe(5);
    peer.send('{pong:[-9]}', '{callback:[9],ok:[]}', acknowledgement);
    await waitFor(() => sizeOf(connection) < 5, 'the acknowledgement');
    expect([...(connection.session?.journal ?? [])].map(({ message }) => message)).toEqual([
      '{callback:[2],ok:[]}',
      "{event:[-3,'news'],third:[]}",
    ]);
    peer.send('{pong:[-1]}');
    await peer.pong();
    expect(sizeOf(connection)).toBe(2);
  });

  test('serves a number once, however often it comes, and takes an answer once', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer, id, connection } = await wire.login();
    const outcomes: unknown[] = [];
    connection.callMethod('client', 'ask', [], (...outcome) => outcomes.push(outcome));
    peer.send("{call:[1,'a'],b:[]}", "{event:[2,'a'],seen:[]}", '{ping:[3]}', "{callback:[-1],ok:['yes']}");
    await wire.served.call(1);
    await waitFor(() => outcomes.length === 1, 'the answer');
    await wire.cut(peer);
    const back = await wire.resume(id, 1);
    back.send("{call:[1,'a'],b:[]}", "{event:[2,'a'],seen:[]}", '{ping:[3]}', "{callback:[-1],ok:['no']}");
    back.send("{call:[4,'a'],b:[]}", '{ping:[5]}');
    expect(await back.received(2)).toEqual([yes(3), '{pong:[5]}']);
    expect(wire.served.calls.map((call) => (call as unknown as { id: number }).id)).toEqual([1, 4]);
    expect(wire.served.events).toEqual(['a.seen']);
    expect(outcomes).toEqual([[null, 'yes']]);
  });

  test('stops a handler whose cancel comes with the resume, and the same cancel again does nothing', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer, id } = await wire.login();
    peer.send("{call:[1,'a'],b:[]}");
    const call = await wire.served.call(1);
    await wire.cut(peer);
    const back = await wire.resume(id, 0);
    back.send('{cancel:[1]}', '{cancel:[1]}', '{cancel:[7]}', '{ping:[2]}');
    expect(await back.received(2)).toEqual([yes(1), '{pong:[2]}']);
    expect([call.isOpen, call.signal.aborted]).toEqual([false, true]);
  });

  test('asks by a ping when something is kept for a second, once, until all is acknowledged', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer, connection } = await wire.login();
    connection.emitRemoteEvent('news', 'first', []);
    await peer.received(1);
    jest.advanceTimersByTime(999);
    expect(sizeOf(connection)).toBe(1);
    jest.advanceTimersByTime(1);
    expect((await peer.received(2))[1]).toBe('{ping:[-2]}');
    connection.emitRemoteEvent('news', 'second', []);
    jest.advanceTimersByTime(5000);
    expect(sizeOf(connection)).toBe(3);
    peer.send('{pong:[-2]}');
    await waitFor(() => sizeOf(connection) === 1, 'the acknowledgement');
    jest.advanceTimersByTime(1000);
    expect((await peer.received(4))[3]).toBe('{ping:[-4]}');
    peer.send('{pong:[-4]}');
    await waitFor(() => sizeOf(connection) === 0, 'the second acknowledgement');
    jest.advanceTimersByTime(5000);
    await peer.pong();
    expect(peer.messages).toHaveLength(4);
  });

  test('asks by a ping at half its cap', async () => {
    const wire = await ServerOnTheWire.start(closing, { limits: { journalMaxEntries: 10 } });
    const { peer, connection } = await wire.login();
    for (let n = 1; n <= 5; n++) connection.emitRemoteEvent('news', `e${String(n)}`, []);
    expect((await peer.received(6))[5]).toBe('{ping:[-6]}');
  });

  test('takes a ping that the peer has had for answered, its pong being lost', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer, id, connection } = await wire.login();
    const outcomes: unknown[] = [];
    connection.ping((...outcome: unknown[]) => outcomes.push(['first', ...outcome]));
    connection.ping((...outcome: unknown[]) => outcomes.push(['second', ...outcome]));
    await peer.received(2);
    await wire.cut(peer);
    const back = await wire.resume(id, 1);
    expect((await back.received(2))[1]).toBe('{ping:[-2]}');
    expect(outcomes).toEqual([['first', null]]);
    back.send('{pong:[-2]}');
    await waitFor(() => outcomes.length === 2, 'the pong');
    expect(outcomes[1]).toEqual(['second', null]);
  });

  test.each([
    ['below what was freed', 0],
    ['above what was sent', 4],
    ['far above it', 1e12],
  ])('refuses a count %s, and sends nothing', async (_title, count) => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer, id, connection } = await wire.login();
    for (const name of ['a', 'b', 'c']) connection.emitRemoteEvent('news', name, []);
    peer.send('{pong:[-1]}');
    await waitFor(() => sizeOf(connection) === 2, 'the acknowledgement');
    await wire.cut(peer);
    const back = await wire.resume(id, count);
    await back.end();
    expect(back.messages).toEqual([SESSION_LOST]);
    expect(await (await wire.resume(id, 1)).received(2)).toContain("{event:[-2,'news'],b:[]}");
  });

  test.each(['', '{resume:1}', '{cancel:1,stream:1}', '{bye:1,cancel:1,resume:2,stream:1}'])(
    'refuses a resume with another set of extensions: %s',
    async (others) => {
      const wire = await ServerOnTheWire.start(closing, {
        extensions: ['cancel', 'stream', 'resume', 'bye'],
      });
      const { peer, id } = await wire.login();
      await wire.cut(peer);
      const back = await wire.resume(id, 0, others);
      await back.end();
      expect(back.messages).toEqual([others ? SESSION_LOST : '{handshake:[0],error:[11]}']);
    },
  );

  test('lets the hearts beat again at a resume', async () => {
    const wire = await ServerOnTheWire.start(closing, { heartbeatInterval: 10_000 });
    const { peer, id } = await wire.login();
    await wire.cut(peer);
    jest.advanceTimersByTime(60_000);
    const back = await wire.resume(id, 0);
    await back.received(1);
    jest.advanceTimersByTime(10_000);
    expect((await back.received(2))[1]).toBe('{ping:[-1]}');
  });
});

describe('a journal at its cap', () => {
  test('lets its producers wait or fail, and goes on when the peer acknowledges', async () => {
    const wire = await ServerOnTheWire.start(closing, { limits: { journalMaxEntries: 10 } });
    const { peer, connection } = await wire.login();
    peer.send("{call:[1,'a'],feed:[]}", "{call:[2,'a'],b:[]}");
    const feed = (await wire.served.call(1)).openStream();
    const other = await wire.served.call(2);
    for (let n = 1; n <= 12; n++) feed.write(n);
    // Ten entries, one of them the ping that asks: three values wait.
    expect(sizeOf(connection)).toBe(10);
    const waiting = feed.ready();
    const failures: unknown[] = [];
    connection.callMethod('client', 'ask', [], (error) => failures.push(error));
    failures.push(connection.sendEvent('news', 'lost', []));
    await waitFor(() => failures.length === 2, 'the failure');
    expect(failures).toEqual([expect.objectContaining({ code: -5 }), expect.objectContaining({ code: -5 })]);
    other.succeed(['admitted']);
    expect((await peer.received(11))[10]).toBe("{callback:[2],ok:['admitted']}");
    peer.send('{pong:[-1]}');
    expect((await peer.received(15)).slice(11)).toEqual([
      '{stream:[1,10],data:[10]}',
      // What follows the first ping is half a journal again.
      '{ping:[-2]}',
      '{stream:[1,11],data:[11]}',
      '{stream:[1,12],data:[12]}',
    ]);
    expect(await waiting).toBe(true);
  });

  test('in bytes is one, too', async () => {
    const wire = await ServerOnTheWire.start(closing, { limits: { journalMaxBytes: 1000 } });
    const { connection } = await wire.login();
    connection.emitRemoteEvent('news', 'long', ['x'.repeat(2000)]);
    expect(connection.sendEvent('news', 'lost', [])).toMatchObject({ code: -5 });
  });

  test('takes what is larger than the journal may be while calls are under way', async () => {
    const limits = { journalMaxBytes: 1000, maxCallsInFlight: 1 };
    const wire = await ServerOnTheWire.start(closing, { limits });
    const { peer } = await wire.login();
    peer.send(`{call:[1,'a'],b:[]}`, `{call:[2,'a'],b:['${'x'.repeat(2000)}']}`);
    await waitFor(() => wire.served.calls.length === 1, 'the first call');
    wire.served.calls[0]?.succeed([]);
    await waitFor(() => wire.served.calls.length === 2, 'the second call');
    expect(peer.ended).toBe(false);
  });

  test('takes the answers of calls in flight, and not one more: then the session ends', async () => {
    const limits = { journalMaxEntries: 4, maxCallsInFlight: 3 };
    const wire = await ServerOnTheWire.start(closing, { limits });
    const { peer, id, connection } = await wire.login();
    const errors: unknown[] = [];
    connection.on('error', (error) => errors.push(error));
    for (let n = 1; n <= 20 && !peer.ended; n++) {
      peer.send(`{call:[${String(n)},'a'],b:[]}`);
      await waitFor(() => wire.served.calls.length === n || peer.ended, 'the call');
      wire.served.calls[n - 1]?.succeed([]);
      if (connection.state.name === 'closed') await peer.end();
    }
    expect(peer.ended).toBe(true);
    expect(wire.served.calls).toHaveLength(2 * 4 + 3);
    expect(errors).toEqual([expect.objectContaining({ code: -5 })]);
    expect(sizeOf(connection)).toBe(0);
    const back = await wire.resume(id, 0);
    expect(await back.received(1)).toEqual([SESSION_FULL]);
  });

  test.each(['an event', 'an answer'])('whose peer is away ends the session by %s', async (what) => {
    const wire = await ServerOnTheWire.start(closing, { limits: { journalMaxEntries: 3 } });
    const { peer, id, connection } = await wire.login();
    peer.send("{call:[1,'a'],b:[]}");
    const call = await wire.served.call(1);
    await wire.cut(peer);
    for (const name of ['a', 'b', 'c']) expect(connection.sendEvent('news', name, [])).toBeUndefined();
    if (what === 'an answer') call.succeed([]);
    else expect(connection.sendEvent('news', 'd', [])).toMatchObject({ code: -5 });
    expect([connection.state.name, sizeOf(connection), call.isOpen]).toEqual(['closed', 0, false]);
    expect(connection.sendEvent('news', 'e', [])).toMatchObject({ code: -9 });
    const back = await wire.resume(id, 0);
    expect(await back.received(1)).toEqual([SESSION_FULL]);
  });
});
