import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  Application,
  net,
  SimpleConnectPolicy,
  type Connection,
  type ConnectPolicyFunction,
  type Reconnector,
  type Session,
} from '../../lib/core.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { API, dial, startCore, stopCore } from '../support/core.js';
import { failureOf } from '../support/jstp.js';
import { timersOf } from '../support/quiet.js';
import { ClientOnTheWire, SESSION_LOST, yes } from '../support/resume-wire.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** A reconnector that dials when it is asked, and counts. */
class Eager {
  asked = 0;
  readonly errors: unknown[] = [];
  readonly reconnector: Reconnector = (_connection, reconnectFn) => {
    this.asked += 1;
    setTimeout(() => reconnectFn((error: unknown) => this.errors.push(error ?? null)), 1);
  };
}

/** Dials the wire's client back by hand, and answers. */
async function answer(wire: ClientOnTheWire, turn: number, text: string): Promise<readonly string[]> {
  const link = await wire.link(turn);
  await link.received(1);
  link.send(text);
  return link.messages;
}

describe('a server that is started anew, and knows no session any more', () => {
  test('gets its clients back: what was never sent goes out once, what was under way fails with -1', async () => {
    const { server, port } = await startCore(closing);
    const eager = new Eager();
    const connection = await dial(closing, port, { reconnector: eager.reconnector });
    const told: unknown[] = [];
    connection.on('sessionLost', (session) => told.push(session));
    connection.on('reconnect', (error) => told.push(error ?? null));
    const old = connection.session;
    const under = failureOf(connection.callMethod('echo', 'never', []));
    await connection.ping();
    await stopCore(server);
    await waitFor(() => !connection.handshakeDone, 'the loss');
    const ran: unknown[] = [];
    const noted = new Application<Connection>(
      'app',
      {
        ...API,
        count: {
          up: (_connection: Connection, by: unknown, callback: (error: null, by: unknown) => void) => {
            ran.push(by);
            callback(null, by);
          },
        },
      },
      { count: { told: (_connection: Connection, value: unknown) => ran.push(value) } },
    );
    const offline = connection.callMethod('count', 'up', ['by call']);
    connection.emitRemoteEvent('count', 'told', ['by event']);
    const heir = net.createServer({ applications: [noted] });
    closing.add(() => stopCore(heir));
    heir.listen(port, '127.0.0.1');
    expect(await within(offline, 'the call made offline')).toBe('by call');
    expect(await within(under, 'the call under way')).toBe(-1);
    await connection.ping();
    expect(ran).toEqual(['by call', 'by event']);
    expect(told.filter((each) => each === old)).toHaveLength(1);
    expect(told.at(-1)).toBeNull();
    expect(connection.session).not.toBe(old);
    expect(heir.getClientsArray()).toHaveLength(1);
    expect(await connection.callMethod('echo', 'back', ['after'])).toBe('after');
  });

  test('gets them back by the default reconnector, too, logged in as before', async () => {
    const authPolicy = (...[, , , credentials, done]: unknown[]): void => {
      (done as (error: unknown, name: string) => void)(null, (credentials as string[])[0]);
    };
    const { server, port } = await startCore(closing, { authPolicy: authPolicy as never });
    const connectPolicy = new SimpleConnectPolicy('anna', 'secret');
    const connection = await within(net.connect('app', { connectPolicy }, port, '127.0.0.1'), 'a connect');
    closing.add(() => connection.close());
    await stopCore(server);
    const heir = net.createServer({
      applications: [new Application('app', API)],
      authPolicy: authPolicy as never,
    });
    closing.add(() => stopCore(heir));
    heir.listen(port, '127.0.0.1');
    await waitFor(() => heir.getClientsArray().length === 1, 'the client');
    expect(heir.getClientsArray()[0]?.username).toBe('anna');
    expect(await connection.callMethod('echo', 'back', [5])).toBe(5);
  });

  test('is logged in to in the attempt that finds the session lost, without another delay', async () => {
    jest.useFakeTimers();
    closing.add(() => jest.useRealTimers());
    const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
    const memory = createMemoryEntry();
    const options = { applications: [new Application<Connection>('app', API)] };
    const server = memory.createServer(options).listen(1);
    const connection = await memory.connect('app', null, 1);
    closing.add(() => connection.close());
    // A transport that lasted: the first attempt comes 1 s to 2 s after its loss.
    await pass(5000);
    server.close();
    cutLine(connection);
    const heir = memory.createServer(options).listen(1);
    closing.add(() => void heir.close());
    await pass(2050);
    expect([connection.handshakeDone, heir.getClientsArray().length]).toEqual([true, 1]);
  });
});

describe('after a refused resume', () => {
  test('the next attempt logs in by the policy, and numbers anew what no link has carried', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const eager = new Eager();
    const connectPolicy = new SimpleConnectPolicy('bob', 'pw');
    const connection = await wire.connect(yes('one'), { reconnector: eager.reconnector, connectPolicy });
    const outcomes: unknown[] = [];
    connection.callMethod('a', 'sent', [], (error) => outcomes.push(['sent', error]));
    await (await wire.link(0)).received(2);
    await wire.cut(connection);
    connection.callMethod('a', 'kept', ['x{[1'], (error, ok) => outcomes.push(['kept', error, ok]));
    const cancelled = connection.startCall('a', 'cancelled', [], () => outcomes.push('cancelled'));
    connection.emitRemoteEvent('a', 'said', [2]);
    connection.cancelCall(cancelled);
    await answer(wire, 1, SESSION_LOST);
    await answer(wire, 2, yes('two'));
    const link = await wire.link(2);
    const offer = '{stream:1,source:1,cancel:1,resume:1,bytes:1,attachments:1,max:8388608}';
    expect(await link.received(3)).toEqual([
      `{handshake:[0,'app','',${offer}],login:['bob','pw']}`,
      "{call:[1,'a'],kept:['x{[1']}",
      "{event:[2,'a'],said:[2]}",
    ]);
    link.send("{callback:[1],ok:['yes']}");
    await waitFor(() => outcomes.length === 2, 'both outcomes');
    expect(outcomes).toEqual([
      ['sent', -1],
      ['kept', null, 'yes'],
    ]);
    await link.pong();
    expect(link.messages).toHaveLength(3);
    expect(connection.session?.id).toBe('two');
  });

  test('calls wait as they do offline, with the credit of their streams', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const eager = new Eager();
    const connection = await wire.connect(yes('one'), {
      reconnector: eager.reconnector,
      limits: { streamCredit: 8 },
    });
    await wire.cut(connection);
    const lost = new Promise<Session<Connection>>((resolve) => connection.once('sessionLost', resolve));
    await answer(wire, 1, SESSION_LOST);
    expect((await within(lost, 'the event')).id).toBe('one');
    expect(connection.state.name).toBe('offline');
    connection.startCall('a', 'feed', [], () => undefined, { onItem: () => undefined });
    await answer(wire, 2, yes('two'));
    expect((await (await wire.link(2)).received(3)).slice(1)).toEqual([
      "{call:[1,'a'],feed:[]}",
      '{stream:[1],credit:[8]}',
    ]);
  });

  test('a cut of the new session is resumed', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const eager = new Eager();
    const connection = await wire.connect(yes('one'), { reconnector: eager.reconnector });
    await wire.cut(connection);
    await answer(wire, 1, SESSION_LOST);
    await answer(wire, 2, yes('two'));
    await waitFor(() => connection.handshakeDone, 'the login');
    await wire.cut(connection);
    expect((await answer(wire, 3, yes(0)))[0]).toContain("session:['two',0,");
    await waitFor(() => connection.handshakeDone, 'the resume');
    expect(eager.errors).toMatchObject([{ code: -3 }, null, null]);
  });

  test('a peer that knows no extensions says it by 11', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const eager = new Eager();
    const connection = await wire.connect("{handshake:[0],ok:'one'}", { reconnector: eager.reconnector });
    await wire.cut(connection);
    await answer(wire, 1, '{handshake:[0],error:[11]}');
    const offer = '{stream:1,source:1,cancel:1,resume:1,bytes:1,attachments:1,max:8388608}';
    expect((await answer(wire, 2, "{handshake:[0],ok:'two'}"))[0]).toBe(`{handshake:[0,'app','',${offer}]}`);
    await waitFor(() => connection.handshakeDone, 'the login');
    expect(eager.errors[0]).toMatchObject({ code: 11 });
  });

  test('that says only that this one may not, the session is asked for again', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const eager = new Eager();
    const connection = await wire.connect(yes('one'), { reconnector: eager.reconnector });
    const lost: unknown[] = [];
    connection.on('sessionLost', (session) => lost.push(session));
    await wire.cut(connection);
    await answer(wire, 1, '{handshake:[0],error:[11]}');
    expect((await answer(wire, 2, yes(0)))[0]).toContain("session:['one'");
    await waitFor(() => connection.handshakeDone, 'the resume');
    expect(lost).toEqual([]);
  });

  test.each(['ERR_SESSION_LOST', 'ERR_SESSION_TAKEN'])(
    'a code of the application is passed on as it is, though %s comes with it',
    async (info) => {
      const wire = await ClientOnTheWire.start(closing);
      const connection = await wire.connect(yes('one'));
      await wire.cut(connection);
      const refusal = `{handshake:[0],error:[5000,'closed on Sundays','${info}']}`;
      await expect(wire.reconnect(connection, refusal)).rejects.toMatchObject({
        code: 5000,
        message: 'closed on Sundays',
      });
    },
  );

  test('a login that is refused fails what waits, and the reconnector goes on', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const eager = new Eager();
    const connection = await wire.connect(yes('one'), { reconnector: eager.reconnector });
    await wire.cut(connection);
    const waiting = failureOf(connection.callMethod('a', 'b', []));
    await answer(wire, 1, SESSION_LOST);
    await answer(wire, 2, '{handshake:[0],error:[11]}');
    expect(await within(waiting, 'the end of the call')).toBe(-1);
    expect((await answer(wire, 3, yes('two')))[0]).not.toContain('session:');
    await waitFor(() => connection.handshakeDone, 'the login');
    expect(connection.session?.id).toBe('two');
  });

  test('a reconnector of the user decides: where it does not dial, nobody does', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const errors: unknown[] = [];
    let asked = 0;
    const connection = await wire.connect(yes('one'), {
      reconnector: (_connection, reconnectFn) => {
        asked += 1;
        if (asked === 1) setImmediate(() => reconnectFn((error: unknown) => errors.push(error)));
      },
    });
    await wire.cut(connection);
    const waiting = failureOf(connection.callMethod('a', 'b', []));
    await answer(wire, 1, SESSION_LOST);
    await waitFor(() => asked === 2, 'the reconnector');
    expect(await wire.dialled()).toBe(2);
    expect(errors).toMatchObject([{ code: -3 }]);
    connection.close();
    expect(await within(waiting, 'the end of the call')).toBe(-1);
  });

  test('a policy of the user decides: it is asked without a session, and may refuse', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const eager = new Eager();
    const sessions: unknown[] = [];
    const connectPolicy: ConnectPolicyFunction = (app, connection, session, done) => {
      sessions.push(session?.id ?? null);
      if (!session && sessions.length > 1) {
        connection.close();
        done(new Error('not without my session'), connection);
      } else {
        connection.handshake(app, session ?? null, null, (error, opened) => done(error, connection, opened));
      }
    };
    const connection = await wire.connect(yes('one'), { reconnector: eager.reconnector, connectPolicy });
    await wire.cut(connection);
    const waiting = failureOf(connection.callMethod('a', 'b', []));
    await answer(wire, 1, SESSION_LOST);
    expect(await within(waiting, 'the end of the call')).toBe(-1);
    // As long as the reconnector would take to dial.
    await timersOf(1);
    expect(await wire.dialled()).toBe(3);
    expect(sessions).toEqual([null, 'one', null]);
    expect(connection.state.name).toBe('closed');
  });

  test('of a reconnect by hand, all fails at once and nobody dials; the next one logs in', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const eager = new Eager();
    const connection = await wire.connect(yes('one'), {
      reconnector: () => {
        eager.asked += 1;
      },
    });
    let lost = 0;
    connection.on('sessionLost', () => {
      lost += 1;
    });
    await wire.cut(connection);
    const waiting = failureOf(connection.callMethod('a', 'b', []));
    await expect(wire.reconnect(connection, SESSION_LOST)).rejects.toMatchObject({ code: -3 });
    expect(await within(waiting, 'the end of the call')).toBe(-1);
    expect([connection.state.name, lost, eager.asked, wire.links.length]).toEqual(['closed', 1, 1, 2]);
    const link = await wire.reconnect(connection, yes('two'));
    expect(link.messages[0]).not.toContain('session:');
    expect(connection.session?.id).toBe('two');
  });
});
