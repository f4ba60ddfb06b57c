import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once, type EventEmitter } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  ConfigurationError,
  createAppsIndex,
  net,
  Session,
  SimpleSessionStorageProvider,
  type Connection,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { API, dial, startCore, stopCore, type Back } from '../support/core.js';
import { failureOf } from '../support/jstp.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

function make(options: object): () => unknown {
  return () => net.createServer({ applications: [], ...options });
}

describe('createServer', () => {
  test('takes an array, an index, or options, and a listener of connect', async () => {
    const app = new Application<Connection>('app', API);
    const entered: string[] = [];
    const servers = [
      net.createServer([app], () => entered.push('array')),
      net.createServer(createAppsIndex([app]), () => entered.push('index')),
      net.createServer({ applications: [app] }, () => entered.push('options')),
    ];
    for (const server of servers) {
      closing.add(() => stopCore(server));
      server.listen(0, '127.0.0.1');
      await waitFor(() => server.listening, 'a server that listens');
      await dial(closing, (server.address() as { port: number }).port);
    }
    expect(entered).toEqual(['array', 'index', 'options']);
  });

  const WRONG: readonly [options: object, message: string][] = [
    [
      { heartbeatInterval: -1 },
      'heartbeatInterval must be a number of milliseconds from 0 (none) to 2147483647, but -1 was given',
    ],
    [
      { heartbeatInterval: Number.NaN },
      'heartbeatInterval must be a number of milliseconds from 0 (none) to 2147483647, but NaN was given',
    ],
    [
      { heartbeatInterval: 'often' },
      'heartbeatInterval must be a number of milliseconds from 0 (none) to 2147483647, but "often" was given',
    ],
    [
      { clientExpirationTime: 2 ** 31 },
      'clientExpirationTime must be a number of milliseconds from 0 (the default) to 2147483647, but 2147483648 was given',
    ],
    [
      { authPolicy: {} },
      'authPolicy must be a function, or an object with a method authenticate, but a value of type object was given',
    ],
    [
      { authPolicy: false },
      'authPolicy must be a function, or an object with a method authenticate, but false was given',
    ],
    [
      { authPolicy: '' },
      'authPolicy must be a function, or an object with a method authenticate, but "" was given',
    ],
    [
      { authPolicy: 'yes' },
      'authPolicy must be a function, or an object with a method authenticate, but "yes" was given',
    ],
    [
      { limits: { maxMessageBytes: 0 } },
      'limits.maxMessageBytes must be an integer from 1 to 536870888, but 0 was given',
    ],
    [
      { limits: { handshakeTimeoutMs: 1.5 } },
      'limits.handshakeTimeoutMs must be an integer from 1 to 2147483647, but 1.5 was given',
    ],
  ];

  test.each(WRONG)('%j is a ConfigurationError that says what is allowed', (options, message) => {
    expect(make(options)).toThrow(ConfigurationError);
    expect(make(options)).toThrow(message);
  });

  test('a limit beside limits is an error that says where it belongs', () => {
    expect(make({ maxSessions: 5 })).toThrow('maxSessions must be given in limits: { maxSessions }');
  });

  test('a limit that does not exist is an error, too', () => {
    expect(make({ limits: { maxMessages: 1 } })).toThrow(
      /^Unknown name "maxMessages" in limits: did you mean "maxMessageBytes"\? Known are maxMessageBytes, /,
    );
  });

  test.each([
    [{ heartbeatInterval: 0 }],
    [{ heartbeatInterval: null, clientExpirationTime: null, authPolicy: null }],
  ])('%j means the defaults', (options) => {
    expect(make(options)).not.toThrow();
  });
});

describe('listening', () => {
  test('a port that is taken, and a bad one, are the event error', async () => {
    const { port } = await startCore(closing);
    for (const bad of [port, 70_000]) {
      const server = net.createServer([]);
      const failed = once(server as unknown as EventEmitter, 'error');
      expect(server.listen(bad, '127.0.0.1')).toBe(server);
      const [error] = (await within(failed, 'the error')) as [{ code: string }];
      expect(['EADDRINUSE', 'ERR_SOCKET_BAD_PORT']).toContain(error.code);
      expect(server.listening).toBe(false);
      expect(server.address()).toBeNull();
    }
  });

  test('close calls back when the last connection is gone, and tells an error where nothing listens', async () => {
    const { server, port } = await startCore(closing);
    const connection = await dial(closing, port);
    let closed = false;
    expect(server.close(() => (closed = true))).toBe(server);
    expect(await connection.callMethod('echo', 'back', ['still served'])).toBe('still served');
    expect(closed).toBe(false);
    connection.close();
    await waitFor(() => closed, 'the callback');
    const again = new Promise((resolve) => server.close(resolve));
    expect(await within(again, 'the callback')).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
  });

  test('closeConnections and close leave no handle, sessions and strangers included', async () => {
    const before = countHandles();
    const { server, port } = await startCore(closing, { heartbeatInterval: 1000 });
    const away = await dial(closing, port);
    away.session?.set('x', 1);
    const clients = await Promise.all([0, 1, 2].map(() => dial(closing, port, { heartbeatInterval: 1000 })));
    (away.getTransport() as Socket).destroy();
    const { connect } = await import('node:net');
    const stranger = connect(port, '127.0.0.1');
    closing.add(() => stranger.destroy());
    await waitFor(() => server.getClientsArray().length === clients.length, 'the loss');
    await stopCore(server);
    await closing.run();
    await expectNoNewHandles(before);
  });

  test('forwards Node’s events, ref, unref and the server underneath', async () => {
    const server = net.createServer([new Application('app', API)]);
    closing.add(() => stopCore(server));
    const told: string[] = [];
    for (const event of ['listening', 'connection', 'close'] as const)
      server.on(event, () => told.push(event));
    server.listen(path.join(tmpdir(), `jstp-server-${String(process.pid)}.sock`));
    await waitFor(() => server.listening, 'the socket');
    expect(server.unref()).toBe(server);
    expect(server.ref()).toBe(server);
    expect(server.getRawServer()).toMatchObject({ listening: true });
    const connection = await net.connect('app', { reconnector: () => undefined }, server.address());
    connection.close();
    await waitFor(() => server.getClientsArray().length === 0, 'the end of the client');
    await stopCore(server);
    expect(told).toEqual(['listening', 'connection', 'close']);
    closing.add(() => undefined);
  });
});

describe('the clients of a server', () => {
  test('are listed while they are connected', async () => {
    const { server, port } = await startCore(closing);
    const clients = await Promise.all([dial(closing, port), dial(closing, port)]);
    expect(server.getClientsArray()).toHaveLength(2);
    expect([...server.getClients()]).toEqual(server.getClientsArray());
    clients[0].close();
    await waitFor(() => server.getClientsArray().length === 1, 'the end of one');
  });

  test('are told of events by listeners that may throw', async () => {
    const { server, port } = await startCore(closing);
    const errors: unknown[] = [];
    server.on('connectionError', (error) => errors.push(String(error)));
    server.on('connect', () => {
      throw new Error('in a listener');
    });
    const connection = await dial(closing, port);
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
    expect(errors).toEqual(['Error: in a listener']);
  });

  test('are forgotten after clientExpirationTime: the session then comes from the storage', async () => {
    const storage = new SimpleSessionStorageProvider<Connection>();
    const { server, port } = await startCore(closing, {
      clientExpirationTime: 40,
      sessionStorageProvider: storage,
    });
    const connection = await dial(closing, port);
    const [far] = server.getClients();
    far.session?.set('state', 'kept');
    const lost = failureOf(Promise.resolve(far.callMethod('x', 'y', [])));
    await waitFor(() => storage.size === 0, 'nothing stored yet');
    expect(await lost).toMatchObject({ code: 12 });
    (connection.getTransport() as Socket).destroy();
    await waitFor(() => far.state.name === 'closed', 'the expiry');
    const waiting = far.callMethod('x', 'y', []);
    expect(await failureOf(Promise.resolve(waiting))).toBeDefined();
    expect(await net.reconnect(connection, port, '127.0.0.1')).toBe(connection);
    const [revived] = server.getClients();
    expect(revived).not.toBe(far);
    expect(revived.session?.get('state')).toBe('kept');
  });

  test('a storage that fails is told, and the resume is refused', async () => {
    const { server, port } = await startCore(closing, {
      sessionStorageProvider: {
        get: () => Promise.reject(new Error('no storage')),
        set: () => {
          throw new Error('no storage');
        },
      },
    });
    const errors: string[] = [];
    server.on('connectionError', (error) => errors.push(String(error)));
    const connection = await dial(closing, port);
    server.getClientsArray()[0]?.session?.set('state', 1);
    connection.close();
    await waitFor(() => errors.length === 1, 'the failure of set');
    const stranger = new Session<Connection>(null, null, 'unknown');
    expect(await failureOf(dial(closing, port, { session: stranger }))).toMatchObject({ code: 11 });
    expect(errors).toEqual(['Error: no storage', 'Error: no storage']);
  });

  test('sessions go to the application’s own storage where it has one', async () => {
    const own = new SimpleSessionStorageProvider<Connection>();
    const other = new SimpleSessionStorageProvider<Connection>();
    const applications = [new Application<Connection>('app', API, {}, '1.0.0', own)];
    const { server, port } = await startCore(closing, { applications, sessionStorageProvider: other });
    const connection = await dial(closing, port);
    server.getClientsArray()[0]?.session?.set('state', 1);
    connection.close();
    await waitFor(() => own.size === 1, 'the stored session');
    expect(other.size).toBe(0);
  });

  test('two policies at once: of two who ask for a session the second takes it over, as always', async () => {
    const held: (() => void)[] = [];
    const { server, port } = await startCore(closing, {
      authPolicy: {
        decidesResume: true,
        authenticate: (_connection, _application, strategy, _credentials, callback) => {
          if (strategy === 'session') held.push(() => callback(null, true));
          else callback(null, 'ann');
        },
      },
      sessionStorageProvider: {
        get: (id) =>
          Session.fromString(
            JSON.stringify({
              id,
              username: 'ann',
              receivedCount: 0,
              guaranteedDeliveredCount: 0,
              latestBufferedMessageId: 0,
              buffer: [],
              storage: [],
            }),
          ),
        set: () => undefined,
      },
    });
    const outcomes = ['first', 'second'].map(async () => {
      const session = new Session<Connection>(null, 'ann', 'shared');
      const client = { reconnector: () => undefined, session };
      return net.connect('app', client, port, '127.0.0.1').then(
        (connection) => {
          closing.add(() => connection.close());
          return 'in';
        },
        (error: unknown) => (error as { code: number }).code,
      );
    });
    let taken = 0;
    server.on('sessionTaken', () => (taken += 1));
    await waitFor(() => held.length === 2, 'both policies');
    for (const decide of held) decide();
    expect(await within(Promise.all(outcomes), 'both outcomes')).toEqual(['in', 'in']);
    expect([server.getClientsArray().length, taken]).toEqual([1, 1]);
  });
});

describe('applications that are replaced', () => {
  const versions = (...names: string[]): Application<Connection>[] =>
    names.map((version) => new Application<Connection>('app', API, {}, version));

  test('are for new clients; those who are in stay with theirs, until they are moved within their range', async () => {
    const { server, port } = await startCore(closing, { applications: versions('1.0.0', '2.0.0') });
    const clients: Connection[] = [];
    for (const app of ['app@1.0.0', 'app@^1.0.0', 'app']) clients.push(await dial(closing, port, {}, app));
    const served = (): unknown[] => server.getClientsArray().map(({ application }) => application?.version);
    expect(served()).toEqual(['1.0.0', '1.0.0', '2.0.0']);
    server.updateApplications(versions('1.0.0', '1.1.0', '2.3.0', '3.0.0'));
    await dial(closing, port);
    expect(served()).toEqual(['1.0.0', '1.0.0', '2.0.0', '3.0.0']);
    server.updateConnectionsApi();
    expect(served()).toEqual(['1.0.0', '1.1.0', '2.3.0', '3.0.0']);
  });

  test('are changed for one client by its connection', async () => {
    const { server, port } = await startCore(closing);
    const special = new Application<Connection>('app', {
      echo: { back: (_connection: Connection, _value: unknown, callback: Back) => callback(null, 'special') },
    });
    const [client, other] = [await dial(closing, port), await dial(closing, port)];
    const [remote] = server.getClientsArray();
    remote.application = special;
    expect([
      await client.callMethod('echo', 'back', [1]),
      await other.callMethod('echo', 'back', [1]),
    ]).toEqual(['special', 1]);
    expect(await failureOf(client.callMethod('echo', 'pair', [1, 2]))).toMatchObject({ code: 14 });
  });
});

describe('a policy that decides on anonymous clients too', () => {
  test('lets them in without a name, or not', async () => {
    let isOpen = true;
    const { port } = await startCore(closing, {
      authPolicy: {
        decidesAnonymous: true,
        authenticate: async (_connection, _application, strategy) => {
          if (!isOpen) throw new Error(strategy);
          return true;
        },
      },
    });
    expect((await dial(closing, port)).username).toBeNull();
    isOpen = false;
    expect(await failureOf(dial(closing, port))).toMatchObject({ code: 11 });
  });
});
