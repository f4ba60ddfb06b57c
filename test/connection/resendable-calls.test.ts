import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  net,
  SimpleSessionStorageProvider,
  type Api,
  type Connection,
  type Server,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, startCore, stopCore, type Back } from '../support/core.js';
import { failureOf } from '../support/jstp.js';
import { ClientOnTheWire, SESSION_LOST, yes } from '../support/resume-wire.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** Counts the runs of its one method; the first of them may be left without an answer. */
class Counted {
  runs = 0;
  readonly application: Application<Connection>;

  constructor(onFirst?: () => void) {
    const api: Api = {
      iface: {
        method: (_connection: Connection, callback: Back) => {
          this.runs += 1;
          if (this.runs === 1 && onFirst) onFirst();
          else callback(null, this.runs);
        },
      },
    };
    this.application = new Application<Connection>('app', api);
  }
}

async function listenAgain(server: Server, port: number): Promise<void> {
  closing.add(() => stopCore(server));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

async function closeAndWait(connection: Connection): Promise<void> {
  const closed = new Promise((resolve) => connection.once('close', resolve));
  connection.close();
  await within(closed, 'the close');
}

describe('a resendable call', () => {
  // The first four are the reference's own tests of them.
  test('from a client that is closed while it runs, and brought back to a server that has lost the answer, runs again', async () => {
    const sessionStorageProvider = new SimpleSessionStorageProvider();
    let isRunning = false;
    const counted = new Counted(() => {
      isRunning = true;
    });
    const options = { applications: [counted.application], sessionStorageProvider };
    const { server, port } = await startCore(closing, options);
    const connection = await dial(closing, port);
    const answer = connection.callMethodWithResend('iface', 'method', []);
    await waitFor(() => isRunning, 'the first run');
    await closeAndWait(connection);
    await stopCore(server);
    await listenAgain(net.createServer(options), port);
    await net.reconnect(connection, port, '127.0.0.1');
    expect(await within(answer, 'the answer')).toBe(2);
    expect(counted.runs).toBe(2);
  });

  test('of a client that is closed is sent once, by the reconnect', async () => {
    const counted = new Counted();
    const { port } = await startCore(closing, { applications: [counted.application] });
    const { connection, proxies } = await net.connectAndInspect('app', null, ['iface'], port, '127.0.0.1');
    closing.add(() => connection.close());
    connection.close();
    const outcomes: unknown[][] = [];
    proxies['iface']['method']((...outcome: unknown[]) => outcomes.push(outcome), true);
    await net.reconnect(connection, port, '127.0.0.1');
    await waitFor(() => outcomes.length === 1, 'the answer');
    expect(outcomes).toEqual([[null, 1]]);
    await connection.ping();
    expect(counted.runs).toBe(1);
  });

  test('from a server to a client that is closed waits for its reconnect', async () => {
    const counted = new Counted();
    const { server, port } = await startCore(closing);
    const connection = await dial(closing, port, { application: counted.application });
    const [side] = server.getClientsArray();
    connection.close();
    const answer = side.callMethodWithResend('iface', 'method', []);
    await net.reconnect(connection, port, '127.0.0.1');
    expect(await within(answer, 'the answer')).toBe(1);
    expect(counted.runs).toBe(1);
  });

  test.each([
    ['agreed', ['resume']],
    ['not agreed', []],
  ] as const)(
    'from a server to a client that is closed while it runs, runs again after the reconnect: resume %s',
    async (_title, extensions) => {
      let isRunning = false;
      const counted = new Counted(() => {
        isRunning = true;
      });
      const { server, port } = await startCore(closing);
      const connection = await dial(closing, port, { application: counted.application, extensions });
      const [side] = server.getClientsArray();
      const answer = side.callMethodWithResend('iface', 'method', []);
      await waitFor(() => isRunning, 'the first run');
      await closeAndWait(connection);
      await net.reconnect(connection, port, '127.0.0.1');
      expect(await within(answer, 'the answer')).toBe(2);
      expect(counted.runs).toBe(2);
    },
  );

  test('that was under way at close runs once where the server has kept its answer, and a plain one fails', async () => {
    const callbacks: Back[] = [];
    const application = new Application<Connection>('app', {
      iface: { method: (_connection: Connection, done: Back) => callbacks.push(done) && undefined },
    });
    const { port } = await startCore(closing, { applications: [application] });
    const connection = await dial(closing, port);
    const answer = connection.callMethodWithResend('iface', 'method', []);
    const plain = failureOf(connection.callMethod('iface', 'method', []));
    await waitFor(() => callbacks.length === 2, 'both runs');
    await closeAndWait(connection);
    expect(await within(plain, 'the plain call')).toBe(-1);
    for (const done of callbacks) done(null, 'kept');
    await net.reconnect(connection, port, '127.0.0.1');
    expect(await within(answer, 'the answer')).toBe('kept');
    expect(callbacks).toHaveLength(2);
  });

  test('fails with -1 where the session is refused', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    connection.close();
    const waiting = failureOf(connection.callMethodWithResend('a', 'b', []));
    await expect(wire.reconnect(connection, SESSION_LOST)).rejects.toMatchObject({ code: -3 });
    expect(await within(waiting, 'the end of the call')).toBe(-1);
    const late = failureOf(connection.callMethodWithResend('a', 'b', []));
    expect(await within(late, 'a later call')).toMatchObject({ code: -9 });
  });

  test('fails with -1 where a server closes for good', async () => {
    const { server, port } = await startCore(closing);
    await dial(closing, port);
    const [side] = server.getClientsArray();
    const waiting = failureOf(side.callMethodWithResend('a', 'b', []));
    await stopCore(server);
    server.closeConnections();
    expect(await within(waiting, 'the end of the call')).toBe(-1);
  });

  test('fails with -1 where the session has ended with the connection', async () => {
    const extensions = ['bye', 'resume'] as const;
    const { port } = await startCore(closing, { extensions });
    const connection = await dial(closing, port, { extensions });
    const waiting = failureOf(connection.callMethodWithResend('echo', 'never', []));
    connection.close();
    expect(await within(waiting, 'the end of the call')).toBe(-1);
  });

  test('goes on with the connection that has got the session', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const answer = connection.callMethodWithResend('a', 'b', [7]);
    await (await wire.link(0)).received(2);
    await wire.connect(yes(1), { session: connection.session });
    const link = await wire.link(1);
    // The old line was up: its calls are lost, and this one is made again on the new one.
    expect((await link.received(2))[1]).toBe("{call:[2,'a'],b:[7]}");
    link.send("{callback:[2],ok:['heir']}");
    expect(await within(answer, 'the answer')).toBe('heir');
  });

  test('is made again for a caller whose answer the peer has lost, on the same line', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const answer = connection.callMethodWithResend('a', 'b', ['x']);
    const link = await wire.link(0);
    await link.received(2);
    link.send('{callback:[1],error:[-1]}');
    expect((await link.received(3))[2]).toBe("{call:[2,'a'],b:['x']}");
    link.send('{callback:[2],ok:[1]}');
    expect(await within(answer, 'the answer')).toBe(1);
  });
});
