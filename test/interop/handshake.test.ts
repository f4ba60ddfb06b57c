import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import {
  call,
  connect,
  failureOf,
  MIXED_PAIRS,
  ours,
  plainError,
  startServer,
  type Fn,
  type JstpModule,
  type PeerConnection,
} from '../support/jstp.js';

const closing = new Closing();
afterEach(() => closing.run());

const VERSIONS = ['1.0.0', '1.2.0', '1.2.5', '2.0.0', '3.0.0-beta.1'];

function applications(jstp: JstpModule): unknown[] {
  return VERSIONS.map(
    (version) =>
      new jstp.Application(`app@${version}`, {
        info: {
          version: (_connection: PeerConnection, callback: Fn) =>
            (callback as (...a: unknown[]) => void)(null, version),
        },
      }),
  );
}

type Policy = (
  connection: PeerConnection,
  application: { name: string },
  strategy: string,
  credentials: unknown,
  callback: (error: unknown, username?: string | null) => void,
) => void;

describe.each(MIXED_PAIRS)('handshakes, $title', ({ server, client }) => {
  async function start(authPolicy?: Policy | { authenticate: Policy }): ReturnType<typeof startServer> {
    return startServer(server, { applications: applications(server), authPolicy }, closing);
  }

  function login(port: number, name = 'ann', password = 'secret'): Promise<PeerConnection> {
    const connectPolicy = new client.SimpleConnectPolicy(name, password);
    return connect(client, closing, 'app', port, { connectPolicy });
  }

  test('an anonymous client is in, without a name, with the same session id on both sides', async () => {
    const { server: listening, port } = await start();
    const entered: PeerConnection[] = [];
    listening.on('connect', (connection: PeerConnection) => entered.push(connection));
    const connection = await connect(client, closing, 'app', port);
    expect(connection.handshakeDone).toBe(true);
    expect(connection.username).toBeNull();
    expect(entered).toHaveLength(1);
    expect(entered[0]?.username).toBeNull();
    expect(entered[0]?.session?.id).toBe(connection.session?.id);
    expect(listening.getClientsArray()).toHaveLength(1);
  });

  test('a login asks the policy and gives both sides the name', async () => {
    const asked: unknown[] = [];
    const { server: listening, port } = await start(
      (_connection, application, strategy, credentials, callback) => {
        asked.push([application.name, strategy, credentials]);
        callback(null, (credentials as string[])[0]);
      },
    );
    const connection = await login(port);
    expect(asked).toEqual([['app', 'login', ['ann', 'secret']]]);
    expect(connection.username).toBe('ann');
    expect(connection.session?.username).toBe('ann');
    expect(listening.getClientsArray()[0]?.username).toBe('ann');
  });

  test('a policy may be an object, keep its this and answer later', async () => {
    const policy = {
      password: 'secret',
      authenticate(...[, , , credentials, callback]: Parameters<Policy>): void {
        const [name, password] = credentials as string[];
        setTimeout(() => callback(password === this.password ? null : new Error('no'), name), 10);
      },
    };
    const { port } = await start(policy);
    expect((await login(port)).username).toBe('ann');
    expect(plainError(await failureOf(login(port, 'ann', 'wrong')))).toMatchObject({ code: 11 });
  });

  const REFUSALS: readonly [title: string, refuse: (jstp: JstpModule) => unknown, expected: unknown][] = [
    ['a plain Error is 11 and loses its text', () => new Error('secret'), AUTH_FAILED()],
    [
      'an own RemoteError keeps code, text and info',
      (jstp) => new jstp.RemoteError(1001, 'locked', ['until', 5]),
      {
        name: 'RemoteError',
        code: 1001,
        message: 'locked',
        info: ['until', 5],
      },
    ],
    [
      'a RemoteError with an own code and no text',
      (jstp) => new jstp.RemoteError(1002),
      {
        name: 'RemoteError',
        code: 1002,
        message: '1002',
        info: null,
      },
    ],
    [
      'a RemoteError of a standard code',
      (jstp) => new jstp.RemoteError(jstp.ERR_INTERNAL_API_ERROR, 'x'),
      {
        name: 'RemoteError',
        code: 16,
        message: 'Internal API error',
        info: null,
      },
    ],
  ];

  test.each(REFUSALS)('a refusal with %s', async (_title, refuse, expected) => {
    const { port } = await start((_connection, _application, _strategy, _credentials, callback) => {
      callback(refuse(server));
    });
    expect(plainError(await failureOf(login(port)))).toEqual(expected);
  });

  test.each(['', null, undefined])('an empty name (%p) is 11', async (name) => {
    const { port } = await start((_connection, _application, _strategy, _credentials, callback) => {
      callback(null, name);
    });
    expect(plainError(await failureOf(login(port)))).toEqual(AUTH_FAILED());
  });

  test('a login where there is no policy is 11', async () => {
    const { port } = await start();
    expect(plainError(await failureOf(login(port)))).toEqual(AUTH_FAILED());
  });

  test('an unknown application is 10', async () => {
    const { port } = await start();
    expect(plainError(await failureOf(connect(client, closing, 'nobody', port)))).toEqual({
      name: 'RemoteError',
      code: 10,
      // The code travels alone; our own client says which application it asked for.
      message: client === ours ? 'Application not found: nobody' : 'Application not found',
      info: null,
    });
  });

  test('an unknown session is 11', async () => {
    const { port } = await start();
    const session = new client.Session(...([null, null, 'nobody'] as never[]));
    const error = await failureOf(connect(client, closing, 'app', port, { session }));
    // Our own server and client tell each other which 11 it is; to the reference it is 11.
    expect(plainError(error)).toMatchObject({ code: 11 });
  });

  const FOUND: readonly [app: unknown, version: string][] = [
    ['app', '3.0.0-beta.1'],
    ['app@', '3.0.0-beta.1'],
    ['app@1.0.0', '1.0.0'],
    ['app@=1.0.0', '1.0.0'],
    ['app@^1.0.0', '1.2.5'],
    ['app@~1.2.0', '1.2.5'],
    ['app@1.2', '1.2.5'],
    ['app@1', '1.2.5'],
    ['app@1.x', '1.2.5'],
    ['app@*', '2.0.0'],
    ['app@>=1.0.0 <2.0.0', '1.2.5'],
    ['app@1.0.0 || 2.0.0', '2.0.0'],
    ['app@>=1', '2.0.0'],
    ['app@^3.0.0-beta', '3.0.0-beta.1'],
    ['app@3.0.0-beta.1', '3.0.0-beta.1'],
    [{ name: 'app', version: '^1.0.0' }, '1.2.5'],
    [{ name: 'app', version: '2.0.0' }, '2.0.0'],
    [{ name: 'app' }, '3.0.0-beta.1'],
  ];

  test.each(FOUND)('%j is served by %s', async (app, version) => {
    const { port } = await start();
    const connection = await connect(client, closing, app, port);
    expect(await call(connection, 'info', 'version')).toEqual([version]);
  });

  test.each(['app@9.9.9', 'app@^4.0.0', 'app@^3.0.0', 'app@v1.0.0', 'app@<0.5.0'])(
    '%s is not found',
    async (app) => {
      const { port } = await start();
      expect(plainError(await failureOf(connect(client, closing, app, port)))).toMatchObject({ code: 10 });
    },
  );

  test.each(['app@latest', 'app@one', 'app@>>>', 'app@1.2.3.4'])(
    '%s is an error before anything is sent',
    async (app) => {
      const { port } = await start();
      const error = (await failureOf(connect(client, closing, app, port))) as Error;
      expect(error.message).toBe('Invalid semver version range');
    },
  );

  test('the server tells of handshakes with application and strategy', async () => {
    const { server: listening, port } = await start((_c, _a, _s, _k, callback) => callback(null, 'ann'));
    const told: unknown[] = [];
    listening.on('handshakeRequest', (_connection: PeerConnection, app: string, strategy: string) => {
      told.push([app, strategy]);
    });
    await connect(client, closing, 'app', port);
    await login(port);
    expect(told).toEqual([
      ['app', 'anonymous'],
      ['app', 'login'],
    ]);
  });
});

function AUTH_FAILED(): object {
  return { name: 'RemoteError', code: 11, message: 'Authentication failed', info: null };
}
