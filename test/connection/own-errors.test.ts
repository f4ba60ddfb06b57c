import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { Application, RemoteError, type Connection, type IncomingCall } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, startCore, type Back } from '../support/core.js';
import { failureOf } from '../support/jstp.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const SECRET = '/no/such/place/secret.key';

async function refusedConnect(): Promise<unknown> {
  const port = await reservedPort(closing);
  return new Promise((resolve) => connect(port, LOOPBACK).on('error', resolve));
}

function withJstp(error: Error): Error {
  return Object.assign(error, { syscall: 'open', toJSTP: () => [77, 'meant for you'] });
}

/** Each method ends with an error in its own way. */
const FAILING = {
  errors: {
    own: (_connection: Connection, callback: Back) => {
      callback(new Error('the author’s own text'));
    },
    file: (_connection: Connection, callback: Back) => {
      readFile(SECRET).catch(callback);
    },
    socket: (_connection: Connection, callback: Back) => {
      void refusedConnect().then(callback);
    },
    thrown: (_connection: Connection, _callback: Back) => {
      throw new Error(SECRET);
    },
    async: async (_connection: Connection) => {
      await readFile(SECRET);
    },
    promised: (_connection: Connection, _callback: Back) => Promise.reject(new Error(SECRET)),
    remote: async (_connection: Connection) => {
      throw new RemoteError(1001, 'no room', [5]);
    },
    meant: (_connection: Connection, callback: Back) => {
      callback(withJstp(new Error(SECRET)));
    },
  },
};

describe('of an error of a method a caller learns', () => {
  test.each([
    ['own', { code: 1, message: 'Error: the author’s own text' }, 0],
    ['file', { code: 16, message: 'Internal API error' }, 1],
    ['socket', { code: 16, message: 'Internal API error' }, 1],
    ['thrown', { code: 16, message: 'Internal API error' }, 1],
    ['async', { code: 16, message: 'Internal API error' }, 1],
    ['promised', { code: 16, message: 'Internal API error' }, 1],
    ['remote', { code: 1001, message: 'no room', info: [5] }, 0],
    ['meant', { code: 77, message: 'meant for you' }, 0],
  ])('what its author has said, and never a system’s or a thrown text (%s)', async (method, error, told) => {
    const { server, port } = await startCore(closing, { applications: [new Application('app', FAILING)] });
    const heard: unknown[] = [];
    server.on('connectionError', (cause) => heard.push(cause));
    const connection = await dial(closing, port);
    const failure = await failureOf(connection.callMethod('errors', method, []));
    expect(failure).toMatchObject(error);
    await waitFor(() => heard.length >= told, 'the report');
    expect(heard).toHaveLength(told);
  });

  test('code 16 where a stream ends with a system error', async () => {
    const application = {
      name: 'app',
      version: '1.0.0',
      getMethods: () => [],
      callMethod: () => undefined,
      handleCall: (call: IncomingCall<Connection>) => {
        const stream = call.openStream();
        stream.write(1);
        readFile(SECRET).catch((error: unknown) => {
          stream.fail(error);
        });
      },
    };
    const { server, port } = await startCore(closing, { applications: [application] });
    const heard: unknown[] = [];
    server.on('connectionError', (cause) => heard.push(cause));
    const connection = await dial(closing, port);
    expect(await failureOf(connection.callMethod('any', 'any', []))).toMatchObject({ code: 16 });
    expect(heard).toEqual([
      expect.objectContaining({ code: 'ERR_JSTP_APPLICATION', cause: expect.anything() }),
    ]);
  });
});

test('an application whose list of methods fails answers an inspect with 16, and is told', async () => {
  class Broken extends Application<Connection> {
    override getMethods(): string[] {
      throw new Error(SECRET);
    }
  }
  const { server, port } = await startCore(closing, { applications: [new Broken('app', {})] });
  const heard: unknown[] = [];
  server.on('connectionError', (cause) => heard.push(String(cause)));
  const connection = await dial(closing, port);
  expect(await failureOf(connection.inspectInterface('any'))).toMatchObject({ code: 16 });
  expect(heard).toEqual([`Error: ${SECRET}`]);
});

test('a policy that fails with a system error refuses with 11 alone', async () => {
  const authPolicy = (): Promise<string> => readFile(SECRET, 'utf8');
  const { port } = await startCore(closing, { authPolicy });
  const connectPolicy = (app: never, connection: Connection, _session: unknown, done: never): void => {
    connection.handshake(app, 'anna', 'x', done);
  };
  const error = (await failureOf(
    dial(closing, port, { connectPolicy: connectPolicy as never }),
  )) as RemoteError;
  expect([error.code, error.info]).toEqual([11, null]);
});

describe('a handler of an event', () => {
  const happened = async (_connection: Connection, path: string): Promise<void> => {
    await readFile(path);
  };

  test('that fails later is reported and ends nothing; what the server hears is not printed', async () => {
    const print = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    closing.add(() => print.mockRestore());
    const application = new Application('app', {}, { files: { happened } });
    const { server, port } = await startCore(closing, { applications: [application] });
    const heard: unknown[] = [];
    server.on('connectionError', (cause) => heard.push(cause));
    const connection = await dial(closing, port);
    connection.emitRemoteEvent('files', 'happened', [SECRET]);
    await waitFor(() => heard.length === 1, 'the report');
    expect(heard).toEqual([expect.objectContaining({ cause: expect.objectContaining({ code: 'ENOENT' }) })]);
    await connection.ping();
    expect(print).not.toHaveBeenCalled();
  });
});

describe('handlers of events that take their time', () => {
  test('count as calls in service: beyond limits.maxCallsInFlight the next message waits', async () => {
    const ends: (() => void)[] = [];
    const handlers = { slow: { happened: () => new Promise<void>((resolve) => ends.push(resolve)) } };
    const application = new Application<Connection>(
      'app',
      { echo: { back: (_connection: Connection, value: unknown, callback: Back) => callback(null, value) } },
      handlers,
    );
    const { port } = await startCore(closing, {
      applications: [application],
      limits: { maxCallsInFlight: 4 },
    });
    const connection = await dial(closing, port);
    for (let n = 0; n < 10; n++) connection.emitRemoteEvent('slow', 'happened', []);
    let answer: unknown;
    void connection.callMethod('echo', 'back', ['served']).then((value) => (answer = value));
    await waitFor(() => ends.length === 4, 'as many events as may be in service');
    // What another connection brings is served meanwhile: the first one is held, not the server.
    await (await dial(closing, port)).ping();
    expect([ends.length, answer]).toEqual([4, undefined]);
    for (let n = 0; n < 10; n++) {
      await waitFor(() => ends.length > n, `event ${n + 1}`);
      ends[n]?.();
    }
    await waitFor(() => answer !== undefined, 'the answer');
    expect([ends.length, answer]).toEqual([10, 'served']);
  });
});
