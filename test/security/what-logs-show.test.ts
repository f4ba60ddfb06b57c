import { inspect } from 'node:util';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import {
  ConfigurationError,
  RemoteError,
  type Session,
  SimpleConnectPolicy,
  SimpleSessionStorageProvider,
  type AuthCallback,
  type Connection,
} from '../../lib/core.js';
import { JstpClient, JstpContext, JstpServer } from '../../lib/index.js';
import { PrintableLogger } from '../../lib/nest/printable-logger.js';
import { RedisBroadcaster, RedisSessionStorageProvider } from '../../lib/redis/index.js';
import { reportUnhandledError } from '../../lib/util/host.js';
import { toLogText, toLogValue } from '../../lib/util/log-text.js';
import { Closing } from '../support/closing.js';
import { dial, startCore } from '../support/core.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const SECRET = 'open sesame';

function policy(...args: unknown[]): void {
  const [, , , credentials, done] = args as [unknown, unknown, unknown, string[], AuthCallback];
  done(null, credentials[0]);
}

/** Everything that a program may show of a value without asking for a part of it. */
function shownOf(value: unknown): string {
  return [
    inspect(value, { depth: Infinity, showHidden: true }),
    inspect({ within: [value] }),
    inspect(value, { depth: 0 }),
    JSON.stringify(value),
    JSON.stringify({ within: [value] }),
    `in a text: ${value as string}`,
    String(value),
    'joined: ' + (value as string),
  ].join('\n');
}

describe('what a program shows of an object of ours', () => {
  test('tells no session’s id and no password: core', async () => {
    const { server, port } = await startCore(closing, { authPolicy: policy });
    const client = await dial(closing, port, { connectPolicy: new SimpleConnectPolicy('ann', SECRET) });
    const proxy = await client.inspectInterface('echo');
    client.callMethod('echo', 'never', [SECRET], () => undefined);
    const store = new SimpleSessionStorageProvider();
    const session = client.session as Session;
    store.set(session.id, session);
    const [remote] = server.getClientsArray();
    await waitFor(() => remote.session?.receivedCount === 2, 'the call');
    for (const value of [client, remote, session, server, proxy, store, client.client?.connectPolicy]) {
      const shown = shownOf(value);
      expect(shown).not.toContain(session.id);
      expect(shown).not.toContain(SECRET);
    }
    expect(inspect(remote)).toMatch(/^Connection \{ *\n?.*side: 'server'/s);
    expect(JSON.parse(JSON.stringify(client))).toMatchObject({
      side: 'client',
      state: 'open',
      application: 'app',
    });
    expect(String(session)).toBe('Session of ann with 0 entries');
    expect(session.toString()).toContain(session.id);
  });

  test('tells no credentials while a handshake is under way', async () => {
    let decide: AuthCallback | undefined;
    const authPolicy = (...args: unknown[]): void => {
      decide = args[4] as AuthCallback;
    };
    const { server, port } = await startCore(closing, { authPolicy });
    let pending: Connection | undefined;
    const connectPolicy = (
      app: unknown,
      connection: Connection,
      _session: unknown,
      callback: (error: unknown, connection?: Connection, session?: Session<Connection>) => void,
    ): void => {
      pending = connection;
      connection.authenticate(app as string, 'token', { token: SECRET }, (error, session) => {
        callback(error, connection, session);
      });
    };
    const dialling = dial(closing, port, { connectPolicy });
    await waitFor(() => decide !== undefined, 'the policy');
    expect(pending?.state.name).toBe('handshaking');
    for (const value of [pending, pending?.state, server]) expect(shownOf(value)).not.toContain(SECRET);
    decide?.(null, 'ann');
    await dialling;
  });

  test('tells no options of the Nest layer, and no credentials of a context', () => {
    const jstpServer = new JstpServer({ transport: 'tls', pskCallback: () => null, passphrase: SECRET });
    const jstpClient = new JstpClient({ credentials: SECRET, strategy: 'token' });
    const handshake = { strategy: 'token', credentials: { token: SECRET } };
    const connection = { toJSON: () => ({ id: 1 }) } as unknown as Connection;
    const context = new JstpContext([connection, 'handshake:token', { handshake }]);
    for (const value of [jstpServer, jstpClient, context]) expect(shownOf(value)).not.toContain(SECRET);
    expect(JSON.stringify(context)).toBe('{"pattern":"handshake:token","connection":{"id":1}}');
  });

  test('tells nothing of a client of Redis', () => {
    const redis = {
      options: { password: SECRET },
      evalsha: () => undefined,
      disconnect: () => undefined,
      duplicate: () => redis,
      on: () => redis,
      off: () => redis,
      eval: () => undefined,
      publish: () => undefined,
      subscribe: () => undefined,
    };
    const store = new RedisSessionStorageProvider(redis as never);
    const broadcaster = new RedisBroadcaster(redis as never);
    for (const value of [store, broadcaster]) expect(shownOf(value)).not.toContain(SECRET);
    expect(JSON.parse(JSON.stringify(store))).toEqual({ keyPrefix: '{jstp}:', writeThrough: false });
  });

  test('tells no secret that was given in the place of an option', () => {
    for (const option of ['credentials', 'password', 'connectOptions.passphrase'])
      expect(String(new ConfigurationError(option, SECRET, 'something else'))).not.toContain(SECRET);
    const url = new ConfigurationError('redis', `redis://ann:${SECRET}@host:6379`, 'a client');
    expect(url.message).toBe('redis must be a client, but "redis://***@host:6379" was given');
  });
});

describe('a text of a peer in a log', () => {
  const HOSTILE = 'a\r\n[Nest] 1 - LOG fake\x1b[2J\u0000\u009b1m\u2028\u202e\ud800\t';
  const HARMLESS = 'a\\r\\n[Nest] 1 - LOG fake\\x1b[2J\\x00\\x9b1m\\u2028\\u202e\\ud800\\t';

  test('has its control characters escaped and its length capped', () => {
    expect(toLogText(HOSTILE)).toBe(HARMLESS);
    expect(toLogText('Ünï cödé \u{1F600} \\n')).toBe('Ünï cödé \u{1F600} \\n');
    expect(toLogText('x'.repeat(5000), 10)).toBe('xxxxxxxxxx... (5000 characters)');
    expect(String(toLogValue(new Error('x'.repeat(1e6)))).length).toBeLessThan(1100);
  });

  test('is escaped in an error, its stack and its causes, which stay errors of their class', () => {
    const deep = new RemoteError(5, HOSTILE, ['info']);
    const shown = toLogValue(new Error('outer', { cause: deep })) as Error;
    expect(shown.message).toBe('outer');
    expect(shown.cause).toBeInstanceOf(RemoteError);
    expect(shown.cause).toMatchObject({ message: HARMLESS, code: 5, info: ['info'] });
    const text = inspect(shown);
    expect(text).toContain(HARMLESS);
    expect(text).toContain('what-logs-show.test');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(text).not.toMatch(/^\[Nest\]/m);
    // The original is its caller's, who may need every character.
    expect(deep.message).toBe(HOSTILE);
  });

  test('writes no lines that look like a stack’s, and one that has lost its message shows none', () => {
    const forged = new Error('first\n    at fake (file.js:1:1)\n    at other');
    expect((toLogValue(forged) as Error).stack).not.toMatch(/^ {4}at (fake|other)/m);
    const changed = new Error('old\x1b[2J');
    changed.message = HOSTILE;
    expect((toLogValue(changed) as Error).stack?.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    const circle = new Error(HOSTILE);
    circle.cause = circle;
    expect(inspect(toLogValue(circle)).length).toBeLessThan(50_000);
  });

  test('is left out of an error where it is the cause of too many others', () => {
    let error = new Error(HOSTILE);
    for (let depth = 0; depth < 20; depth++) error = new Error('outer', { cause: error });
    expect(inspect(toLogValue(error), { depth: Infinity }).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  test('is escaped by the loggers of the Nest layer and by the last resort; harmless errors are logged as they are', () => {
    const lines: unknown[][] = [];
    const write = (...args: unknown[]): void => void lines.push(args);
    const logger: LoggerService = { log: write, error: write, warn: write, debug: write };
    Logger.overrideLogger(logger);
    closing.add(() => Logger.overrideLogger(['log', 'error', 'warn']));
    const ours = new PrintableLogger('Test');
    const harmless = new Error('harmless');
    ours.log(HOSTILE);
    ours.warn(`refused '${HOSTILE}'`);
    ours.debug(new Error(HOSTILE));
    ours.error(harmless, `Error: ${HOSTILE}\n    at line`);
    expect(lines.map(([line]) => line)).toEqual([
      HARMLESS,
      `refused '${HARMLESS}'`,
      expect.objectContaining({ message: HARMLESS }),
      harmless,
    ]);
    expect(lines[3][1]).toMatch(/^ {4}at line$/m);
    expect(JSON.stringify(lines)).not.toMatch(/\\u001b/);
    const spy = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    closing.add(() => spy.mockRestore());
    reportUnhandledError('error', new Error(HOSTILE));
    expect(spy.mock.calls[0][1]).toMatchObject({ message: HARMLESS });
  });
});
