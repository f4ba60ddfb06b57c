import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  net,
  SimpleConnectPolicy,
  type Connection,
  type ConnectionEvents,
  type Server,
  type ServerEvents,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { API, startCore, stopCore } from '../support/core.js';
import { dialled, Door, turns } from '../support/quiet.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';
import { lifecycleOf } from '../../lib/connection/lifecycle.js';

const closing = new Closing();
let consoleError: jest.SpiedFunction<typeof console.error>;
beforeEach(() => {
  consoleError = jest.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(async () => {
  await closing.run();
  consoleError.mockRestore();
});

// Written so that a new event has to be named here.
const CONNECTION_EVENTS = Object.keys({
  close: true,
  error: true,
  client: true,
  sessionLost: true,
  reconnect: true,
  reconnectAttempt: true,
  drain: true,
  bye: true,
  call: true,
  callback: true,
  event: true,
  handshake: true,
  heartbeat: true,
  inspect: true,
  incomingMessage: true,
  outgoingMessage: true,
  messageRejected: true,
} satisfies Record<keyof ConnectionEvents, true>);

const SERVER_EVENTS = Object.keys({
  connect: true,
  reconnect: true,
  disconnect: true,
  handshakeRequest: true,
  handshakeTimeout: true,
  handshakeRefused: true,
  connectionRefused: true,
  memoryExceeded: true,
  joined: true,
  left: true,
  budgetReached: true,
  connectionTimeout: true,
  connectionError: true,
  storageError: true,
  restoreSession: true,
  sessionTaken: true,
  log: true,
  listening: true,
  close: true,
  error: true,
  connection: true,
} satisfies Record<keyof ServerEvents, true>);

type Fails = 'throws' | 'rejects';
/** What has events of whatever names. */
interface Emitter {
  on(name: string, listener: (...args: unknown[]) => unknown): unknown;
}

/** What happens at each event: a listener fails, a later one is called. */
class Failing {
  readonly thrown: Error[] = [];
  readonly heard: string[] = [];
  private readonly told: unknown[] = [];

  constructor(private readonly how: Fails) {}

  watch(who: string, emitter: Emitter, names: readonly string[]): void {
    for (const name of names) {
      emitter.on(name, (...args) => {
        if (name === 'error' || name === 'connectionError') this.told.push(args[0]);
        const error = new Error(`${who}: ${name}`);
        this.thrown.push(error);
        if (this.how === 'throws') throw error;
        // An async function, as users write it.
        return Promise.reject(error);
      });
      emitter.on(name, () => this.heard.push(`${who}: ${name}`));
    }
  }

  /** How often each error that was thrown has been told to somebody. */
  reports(): number[] {
    const told = [...this.told, ...consoleError.mock.calls.map((args) => args.at(-1))];
    return this.thrown.map((error) => told.filter((each) => each === error).length);
  }
}

describe.each(['throws', 'rejects'] as const)('a listener that %s', (how) => {
  test('of whatever event, is reported once, and changes nothing of what comes next', async () => {
    const failing = new Failing(how);
    const extensions = ['bye', 'cancel', 'resume', 'stream'] as const;
    const { server, port } = await startCore(closing, {
      extensions,
      limits: { handshakeTimeoutMs: 1500 },
      authPolicy: ((
        connection: Connection,
        _app: unknown,
        _strategy: unknown,
        _credentials: unknown,
        done: (error: null, name: string) => void,
      ) => {
        failing.watch(
          'server side',
          connection,
          CONNECTION_EVENTS.filter((name) => name !== 'error'),
        );
        done(null, 'anna');
      }) as never,
    });
    failing.watch('server', server, SERVER_EVENTS);
    const silent = await RawPeer.connect(port);
    closing.add(() => silent.destroy());
    const connection = await within(
      net.connect(
        'app',
        {
          extensions,
          connectPolicy: new SimpleConnectPolicy('anna', 'secret'),
          application: { name: 'side', version: '1.0.0', getMethods: () => ['m'], callMethod: answerOne },
          reconnector: (_connection, reconnectFn) => setTimeout(reconnectFn, 1),
        },
        port,
        '127.0.0.1',
      ),
      'a connect',
    );
    closing.add(() => connection.close());
    failing.watch('client', connection, CONNECTION_EVENTS);
    const proxy = await connection.inspectInterface('echo');
    failing.watch('proxy', proxy, ['said', 'error']);
    const [side] = server.getClientsArray() as [Connection];
    // Every kind of message, both ways.
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
    expect(await side.callMethod('i', 'm', [])).toBe('one');
    await side.inspectInterface('i');
    side.emitRemoteEvent('echo', 'said', []);
    server.rooms.join(side, 'kitchen');
    side.emitRemoteEvent('echo', 'error', []);
    connection.emitRemoteEvent('echo', 'said', []);
    proxy.emit('said');
    for (const end of [connection, side]) {
      lifecycleOf(end).wire.write('{}');
      lifecycleOf(end).wire.write('{callback:[77],ok:[]}');
    }
    lifecycleOf(side).wire.write('{drain:[]}');
    await connection.ping();
    await side.ping();
    // A cut and a resume.
    (connection.getTransport() as { destroy(error: Error): void }).destroy(new Error('cut'));
    await waitFor(() => !connection.handshakeDone, 'the cut');
    await waitFor(() => connection.handshakeDone, 'the resume');
    expect(await connection.callMethod('echo', 'back', [2])).toBe(2);
    // A stranger takes the session over, the client takes it back, and the server ends it: the session is lost.
    const { id = '', receivedCount = 0 } = connection.session ?? {};
    const thief = await RawPeer.connect(port);
    closing.add(() => thief.destroy());
    thief.send(
      `{handshake:[0,'app','',{bye:1,cancel:1,resume:1,stream:1}],session:['${id}',${String(receivedCount)}]}`,
    );
    await waitFor(() => !connection.handshakeDone, 'the loss to the thief');
    await within(net.reconnect(connection, port, '127.0.0.1'), 'the takeover');
    expect(await connection.callMethod('echo', 'back', [3])).toBe(3);
    const lost = connection.session;
    server.getClientsArray()[0]?.close();
    await waitFor(() => connection.session !== lost && connection.handshakeDone, 'the new session');
    expect(await connection.callMethod('echo', 'back', [4])).toBe(4);
    expect(server.getClientsArray()).toHaveLength(1);
    await silent.end();
    silent.destroy();
    connection.close();
    await waitFor(() => server.getClientsArray().length === 0, 'the end of the client');
    await stopCore(server);
    await turns();
    const heard = new Set(failing.heard);
    const notHere = [
      'client: client',
      'server: error',
      'server: storageError',
      'server: listening',
      'server: connectionRefused',
      'server: memoryExceeded',
      'server: budgetReached',
      'server: connectionTimeout',
    ];
    const expected = [
      ...CONNECTION_EVENTS.map((name) => `client: ${name}`),
      ...SERVER_EVENTS.map((name) => `server: ${name}`),
      'server side: client',
      'server side: call',
      'proxy: said',
      'proxy: error',
    ].filter((name) => !notHere.includes(name));
    expect(expected.filter((name) => !heard.has(name))).toEqual([]);
    // The one that throws is called before the other each time.
    expect(failing.heard).toHaveLength(failing.thrown.length);
    expect(new Set(failing.reports())).toEqual(new Set([1]));
  });

  test('of a server’s own events, is reported once, and the server goes on', async () => {
    const failing = new Failing(how);
    const { port } = await startCore(closing);
    const server = net.createServer({ applications: [] });
    failing.watch('server', server, ['error', 'listening', 'close', 'connection']);
    server.listen(port, '127.0.0.1');
    await waitFor(() => failing.heard.includes('server: error'), 'the error');
    server.listen(0, '127.0.0.1');
    await waitFor(() => failing.heard.includes('server: listening'), 'the listening');
    await stopCore(server);
    await turns();
    expect(failing.heard).toEqual(['server: error', 'server: listening', 'server: close']);
    expect(failing.reports()).toEqual([1, 1, 1]);
  });

  test('of memory that is exceeded, is reported once, and the server looks again', async () => {
    const failing = new Failing(how);
    const { server } = await startCore(closing, { limits: { maxMemoryBytes: 1 } });
    failing.watch('server', server, ['memoryExceeded']);
    await waitFor(() => failing.heard.length > 1, 'the second look');
    await stopCore(server);
    await turns();
    expect(new Set(failing.heard)).toEqual(new Set(['server: memoryExceeded']));
    expect(new Set(failing.reports())).toEqual(new Set([1]));
  });

  test('of a budget that is reached, is reported once, and the calls are served', async () => {
    const failing = new Failing(how);
    const { server, port } = await startCore(closing, { limits: { maxBytesInFlightTotal: 1 } });
    failing.watch('server', server, ['budgetReached']);
    const guest = await net.connect('app', null, port, '127.0.0.1');
    const large = 'x'.repeat(100_000);
    expect(await guest.callMethod('echo', 'back', [large])).toBe(large);
    guest.close();
    await turns();
    expect(failing.heard).toEqual(['server: budgetReached']);
    expect(failing.reports()).toEqual([1]);
  });

  test('of a connection that ends by its age, is reported once, and the client is sent away', async () => {
    const failing = new Failing(how);
    const { server, port } = await startCore(closing, { limits: { maxConnectionAgeMs: 20 } });
    failing.watch('server', server, ['connectionTimeout']);
    const guest = await net.connect('app', { reconnector: () => undefined }, port, '127.0.0.1');
    closing.add(() => guest.close());
    await waitFor(() => !guest.handshakeDone, 'the end of the connection');
    expect(failing.heard).toEqual(['server: connectionTimeout']);
    expect(failing.reports()).toEqual([1]);
  });

  test('of a refused connection, is reported once, and the next client is served', async () => {
    const failing = new Failing(how);
    const { server, port } = await startCore(closing, { limits: { maxConnections: 1 } });
    failing.watch('server', server, ['connectionRefused']);
    const guest = await net.connect('app', null, port, '127.0.0.1');
    const stranger = await RawPeer.connect(port);
    await stranger.end();
    stranger.destroy();
    expect(await guest.callMethod('echo', 'back', [1])).toBe(1);
    guest.close();
    await turns();
    expect(failing.heard).toEqual(['server: connectionRefused']);
    expect(failing.reports()).toEqual([1]);
  });

  test('of a failing store, is reported once, and the next client is served', async () => {
    const failing = new Failing(how);
    const sessionStorageProvider = {
      isAsync: () => true,
      get: () => Promise.resolve(undefined),
      set: () => Promise.reject(new Error('full')),
    };
    const { server, port } = await startCore(closing, { sessionStorageProvider });
    failing.watch('server', server, ['storageError']);
    for (const turn of [1, 2]) {
      const connection = await net.connect('app', null, port, '127.0.0.1');
      expect(await connection.callMethod('echo', 'back', [turn])).toBe(turn);
      connection.close();
      await waitFor(() => failing.heard.length >= turn, 'the store’s error');
    }
    await turns();
    expect(new Set(failing.reports())).toEqual(new Set([1]));
  });

  test('of a logger of the client’s, is reported once', async () => {
    const { port } = await startCore(closing);
    const errors: unknown[] = [];
    let emitted = 0;
    const logger = {
      emit: () => {
        emitted += 1;
        const error = new Error('log');
        if (how === 'throws') throw error;
        return Promise.reject(error);
      },
    };
    const connection = await within(net.connect('app', { logger }, port, '127.0.0.1'), 'a connect');
    closing.add(() => connection.close());
    connection.on('error', (error) => errors.push(error));
    emitted = 0;
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
    await turns();
    expect(emitted).toBeGreaterThan(0);
    expect(errors).toHaveLength(emitted);
  });

  test('a reconnector, or its callback, too: nothing is dialled for it', async () => {
    const { port } = await startCore(closing);
    const errors: unknown[] = [];
    let asked = 0;
    const reconnector = (): undefined => {
      asked += 1;
      const error = new Error('reconnector');
      if (how === 'throws') throw error;
      return Promise.reject(error) as never;
    };
    const connection = await within(net.connect('app', { reconnector }, port, '127.0.0.1'), 'a connect');
    closing.add(() => connection.close());
    connection.on('error', (error) => errors.push(error));
    (connection.getTransport() as { destroy(): void }).destroy();
    await waitFor(() => errors.length === 1, 'the report');
    expect(errors).toMatchObject([{ message: 'reconnector' }]);
    expect(asked).toBe(1);
  });
});

function answerOne(
  _connection: Connection,
  _iface: string,
  _method: string,
  _args: unknown[],
  callback: (error: null, value: unknown) => void,
): void {
  callback(null, 'one');
}

describe('close within a listener', () => {
  test.each(['reconnectAttempt', 'close', 'reconnect', 'sessionLost'] as const)(
    'of %s stays a close: nothing is dialled any more',
    async (name) => {
      const { server, port } = await startCore(closing);
      let asked = 0;
      const outcomes: unknown[] = [];
      const connection = await within(
        net.connect(
          'app',
          {
            reconnector: (_connection, reconnectFn) => {
              asked += 1;
              reconnectFn((error: unknown) => outcomes.push(error));
            },
          },
          port,
          '127.0.0.1',
        ),
        'a connect',
      );
      closing.add(() => connection.close());
      let heard = 0;
      connection.on(name, () => {
        heard += 1;
        connection.close();
      });
      // The dial is refused, or the resume: both lead to 'reconnect' with an error.
      await stopCore(server);
      if (name === 'sessionLost') await restart(port);
      await waitFor(() => heard > 0, `the event ${name}`);
      await dialled(port);
      const askedThen = asked;
      await dialled(port);
      expect(asked).toBe(askedThen);
      expect(connection.state.name).toBe('closed');
      expect(connection.closedIntentionally).toBe(true);
      if (name === 'reconnectAttempt') expect(outcomes.at(-1)).toMatchObject({ code: -9 });
    },
  );

  test('of reconnectAttempt holds while the server is there: it sees nobody come', async () => {
    const { server, port } = await startCore(closing);
    const ends: unknown[] = [];
    const connection = await within(
      net.connect('app', { reconnector: (_connection, again) => again() }, port, '127.0.0.1'),
      'a connect',
    );
    connection.on('reconnect', (error) => ends.push(error));
    connection.on('reconnectAttempt', () => connection.close());
    const door = new Door(server, () => port);
    (connection.getTransport() as { destroy(): void }).destroy();
    await waitFor(() => ends.length === 1, 'the end of the attempt');
    expect(await door.came()).toBe(0);
    expect(ends).toMatchObject([{ code: -9 }]);
    await waitFor(() => server.getClientsArray().length === 0, 'the end of the client');
  });

  test('a listener of reconnectAttempt that reconnects by itself has its way', async () => {
    const { port } = await startCore(closing);
    const { server: other, port: otherPort } = await startCore(closing, { applications: [] });
    const ends: unknown[] = [];
    const connection = await within(
      net.connect(
        'app',
        { reconnector: (_connection, again) => again(otherPort, '127.0.0.1') },
        port,
        '127.0.0.1',
      ),
      'a connect',
    );
    closing.add(() => connection.close());
    let links = 0;
    other.on('connection', () => {
      links += 1;
    });
    connection.on('reconnect', (error) => ends.push(error));
    const moved = new Promise((resolve) => {
      connection.once('reconnectAttempt', () => {
        resolve(net.reconnect(connection, port, '127.0.0.1'));
      });
    });
    (connection.getTransport() as { destroy(): void }).destroy();
    expect(await within(moved, 'the reconnect')).toBe(connection);
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
    expect(ends).toMatchObject([{ code: -9 }]);
    expect(links).toBe(0);
  });
});

test('an event named error of the peer, which nobody listens for, is no error', async () => {
  const { server, port } = await startCore(closing);
  const connection = await within(net.connect('app', null, port, '127.0.0.1'), 'a connect');
  closing.add(() => connection.close());
  const proxy = await connection.inspectInterface('echo');
  const errors: unknown[] = [];
  connection.on('error', (error) => errors.push(error));
  server.broadcast('echo', 'error', 'of the peer');
  await connection.ping();
  expect(proxy.emit('error', 'mine')).toBe(false);
  expect(errors).toEqual([]);
});

async function restart(port: number): Promise<Server> {
  const server = net.createServer({ applications: [] });
  server.updateApplications([appOf()]);
  closing.add(() => stopCore(server));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

function appOf(): never {
  return {
    name: 'app',
    version: '1.0.0',
    getMethods: () => Object.keys(API),
    callMethod: answerOne,
  } as never;
}
