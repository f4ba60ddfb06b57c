import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Session, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { fakeClock } from '../support/fake-clock.js';
import { ClientOnTheWire, EXTENSIONS, ServerOnTheWire, SESSION_LOST, yes } from '../support/resume-wire.js';
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

describe('a client that has agreed to resume', () => {
  test('sends calls, cancels and events again, and takes what comes twice once', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const outcomes: unknown[] = [];
    connection.callMethod('a', 'one', [], (...outcome) => outcomes.push(outcome));
    const given = connection.startCall('a', 'two', [], () => outcomes.push('given up'));
    const link = await wire.link(0);
    await link.received(3);
    await wire.cut(connection);
    connection.emitRemoteEvent('a', 'three', []);
    connection.cancelCall(given);
    const back = await wire.reconnect(connection, yes(1));
    const [handshake, ...texts] = await back.received(5);
    // At the end who asks, and for the how-manieth time.
    expect(handshake).toMatch(
      /^\{handshake:\[0,'app','',\{stream:1,cancel:1,resume:1,max:8388608\}\],session:\['one',0,\[\d+,1\]\]\}$/,
    );
    expect(texts).toEqual([
      "{call:[2,'a'],two:[]}",
      "{event:[3,'a'],three:[]}",
      '{cancel:[2]}',
      '{ping:[4]}',
    ]);
    back.send("{callback:[1],ok:['yes']}", "{callback:[1],ok:['no']}", '{callback:[2],ok:[]}');
    back.send("{event:[-1,'x'],y:[]}", "{event:[-1,'x'],y:[]}", '{pong:[4]}');
    await waitFor(() => sizeOf(connection) === 0, 'the acknowledgement');
    expect(outcomes).toEqual([[null, 'yes']]);
    expect(wire.served.events).toEqual(['x.y']);
  });

  test('repeats the credit of the streams that are open', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const items: unknown[] = [];
    connection.startCall('a', 'feed', [], () => undefined, { onItem: (item) => items.push(item) });
    connection.startCall('a', 'idle', [], () => undefined, { onItem: () => undefined });
    const link = await wire.link(0);
    await link.received(3);
    for (let n = 1; n <= 33; n++) link.send(`{stream:[1,${String(n)}],data:[${String(n)}]}`);
    expect((await link.received(4))[3]).toBe('{stream:[1],credit:[96]}');
    await waitFor(() => items.length === 33, 'the values');
    await wire.cut(connection);
    const back = await wire.reconnect(connection, yes(2));
    expect((await back.received(2))[1]).toBe('{stream:[1],credit:[96]}');
    back.send('{stream:[1,33],data:[33]}', '{stream:[1,34],data:[34]}');
    await waitFor(() => items.length > 33, 'the next value');
    expect(items.slice(32)).toEqual([33, 34]);
  });

  test('lets its heart beat again at a resume', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'), { heartbeatInterval: 10_000 });
    await wire.cut(connection);
    jest.advanceTimersByTime(60_000);
    const back = await wire.reconnect(connection, yes(0));
    jest.advanceTimersByTime(10_000);
    expect((await back.received(2))[1]).toBe('{ping:[1]}');
  });

  test('takes -1 from the server as the bare number', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const outcomes: unknown[] = [];
    connection.callMethod('a', 'b', [], (...outcome) => outcomes.push(outcome));
    (await wire.link(0)).send('{callback:[1],error:[-1]}');
    await waitFor(() => outcomes.length === 1, 'the answer');
    expect(outcomes).toEqual([[-1]]);
  });

  test.each([
    ['a count above what was sent', yes(2)],
    ['a count that is no integer', `{handshake:[0,null,${EXTENSIONS}],ok:0.5}`],
    ['a new session', yes('two')],
    ['other extensions', '{handshake:[0,null,{stream:1}],ok:1}'],
    ['a refusal', SESSION_LOST],
  ])('takes %s for the loss of its session, and makes no other by itself', async (_title, answer) => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const outcomes: unknown[] = [];
    connection.callMethod('a', 'b', [], (...outcome) => outcomes.push(outcome));
    await wire.cut(connection);
    await expect(wire.reconnect(connection, answer)).rejects.toMatchObject({ code: -3 });
    await waitFor(() => outcomes.length === 1, 'the end of the call');
    expect(outcomes).toEqual([[-1]]);
    expect([connection.state.name, connection.session?.id]).toEqual(['closed', 'one']);
    expect(wire.links).toHaveLength(2);
  });

  test('whose session is lost fails the calls with -1 that never went out, where nobody takes them', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const outcomes: unknown[] = [];
    connection.callMethod('a', 'sent', [], (...outcome) => outcomes.push(['sent', ...outcome]));
    await wire.cut(connection);
    connection.callMethod('a', 'unsent', [], (...outcome) => outcomes.push(['unsent', ...outcome]));
    await expect(wire.reconnect(connection, SESSION_LOST)).rejects.toMatchObject({ code: -3 });
    await waitFor(() => outcomes.length === 2, 'the end of the calls');
    expect(outcomes).toEqual([
      ['sent', -1],
      ['unsent', -1],
    ]);
  });

  test.each(['the session', 'its text'])(
    'that goes on with %s answers -1 to calls that nobody serves',
    async (what) => {
      const wire = await ClientOnTheWire.start(closing);
      const connection = await wire.connect(yes('one'));
      (await wire.link(0)).send("{call:[-1,'a'],b:[]}", "{call:[-2,'a'],b:[]}");
      const call = await wire.served.call(2);
      call.succeed(['kept']);
      const text = connection.session?.toString() ?? '';
      await wire.cut(connection);
      const session = what === 'its text' ? Session.fromString<Connection>(text) : connection.session;
      const heir = await wire.connect(yes(0), { session });
      const back = await wire.link(1);
      expect((await back.received(4)).slice(1)).toEqual([
        "{callback:[-2],ok:['kept']}",
        '{callback:[-1],error:[-1]}',
        '{ping:[1]}',
      ]);
      expect(heir.session?.receivedCount).toBe(2);
      expect(wire.served.calls[0]?.isOpen).toBe(what === 'its text');
    },
  );

  test('hands the calls that wait for the line to the connection that goes on with its session', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const outcomes: unknown[] = [];
    connection.callMethod('a', 'b', [], (...outcome) => outcomes.push(outcome));
    await wire.cut(connection);
    await wire.connect(yes(0), { session: connection.session });
    const back = await wire.link(1);
    expect((await back.received(3))[1]).toBe("{call:[1,'a'],b:[]}");
    back.send("{callback:[1],ok:['heir']}");
    await waitFor(() => outcomes.length === 1, 'the answer');
    expect(outcomes).toEqual([[null, 'heir']]);
    expect(connection.state.name).toBe('closed');
  });

  test('does not tell a connection that its user has closed of who goes on with its session', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const told: unknown[] = [];
    connection.on('bye', (reason) => told.push(reason));
    connection.close();
    await wire.connect(yes(0), { session: connection.session });
    expect(told).toEqual([]);
  });

  test('lets go of a session that was lost: what becomes of that one does not touch the next', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const policy = (
      app: unknown,
      connection: Connection,
      _session: unknown,
      done: (...args: unknown[]) => void,
    ) => {
      connection.handshake(app as string, null, null, (error, session) => done(error, connection, session));
    };
    const connection = await wire.connect(yes('one'), { connectPolicy: policy as never });
    const lost = connection.session;
    (await wire.link(0)).send("{call:[-1,'a'],b:[]}");
    const call = await wire.served.call(1);
    await wire.cut(connection);
    await wire.reconnect(connection, yes('two'));
    expect([connection.session?.id, call.isOpen, lost?.connection]).toEqual(['two', false, null]);
    // The call of the old session is answered by whoever brings that back.
    await wire.connect(yes(0), { session: lost });
    expect((await (await wire.link(2)).received(2))[1]).toBe('{callback:[-1],error:[-1]}');
    expect(connection.state.name).toBe('open');
    (await wire.link(1)).send("{call:[-1,'a'],b:[]}");
    await wire.served.call(2);
  });

  test('leaves no timer when it is closed, calls in service or not', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'), { heartbeatInterval: 5000 });
    const link = await wire.link(0);
    link.send("{call:[-1,'a'],b:[]}");
    await wire.served.call(1);
    const closed = new Promise((resolve) => connection.once('close', resolve));
    connection.close();
    await closed;
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('where resume is not agreed', () => {
  test('a server drops the answers of a cut line, and no message by its number', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer, id, connection } = await wire.login('');
    const outcomes: unknown[] = [];
    connection.callMethod('client', 'ask', [], (...outcome) => outcomes.push(outcome));
    peer.send("{call:[1,'a'],b:[]}", "{call:[2,'a'],b:[]}");
    const call = await wire.served.call(2);
    await wire.cut(peer);
    call.succeed(['late']);
    connection.emitRemoteEvent('news', 'kept', []);
    const back = await wire.resume(id, 1, '');
    back.send("{call:[2,'a'],b:[]}", '{ping:[3]}');
    expect(await back.received(3)).toEqual([
      '{handshake:[0],ok:2}',
      "{event:[-2,'news'],kept:[]}",
      '{pong:[3]}',
    ]);
    await wire.served.call(3);
    expect(outcomes).toEqual([[-1]]);
    expect(call.signal.aborted).toBe(true);
    jest.advanceTimersByTime(10_000);
    await back.pong(4);
    expect(back.messages).toHaveLength(3);
  });

  test('a client fails the calls that the server has had with -1, and takes -1 of the server for an error', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect("{handshake:[0],ok:'one'}");
    const outcomes: unknown[] = [];
    connection.callMethod('a', 'b', [], (...outcome) => outcomes.push(outcome));
    connection.callMethod('a', 'c', [], (...outcome) => outcomes.push(outcome));
    await (await wire.link(0)).received(3);
    await wire.cut(connection);
    const back = await wire.reconnect(connection, '{handshake:[0],ok:1}');
    expect(await back.received(2)).toEqual([
      "{handshake:[0,'app'],session:['one',0]}",
      "{call:[2,'a'],c:[]}",
    ]);
    back.send('{callback:[2],error:[-1]}');
    await waitFor(() => outcomes.length === 2, 'the answers');
    expect(outcomes).toEqual([[-1], [expect.objectContaining({ code: 1 })]]);
  });
});
