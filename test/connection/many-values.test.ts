import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, RemoteProxy, type Connection } from '../../lib/core.js';
import { JstpClient } from '../../lib/index.js';
import { Closing } from '../support/closing.js';
import { dial, startCore } from '../support/core.js';
import { ClientOnTheWire, ServerOnTheWire, yes } from '../support/resume-wire.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const MANY = 200_000;
const VALUES = Array.from({ length: MANY }, (_, index) => index % 10);
const TEXT = VALUES.join(',');
const TOO_MANY = { code: 'ERR_JSTP_TOO_MANY_VALUES' };

/** A client whose server answers with many results. */
async function answered(id: number, call: (connection: Connection) => unknown): Promise<unknown> {
  const wire = await ClientOnTheWire.start(closing);
  const connection = await wire.connect(yes('one'));
  const outcome = call(connection);
  await wire.links[0].received(2);
  wire.links[0].send(`{callback:[${String(id)}],ok:[${TEXT}]}`);
  return within(Promise.resolve(outcome), 'the outcome');
}

describe('an answer of 200,000 results', () => {
  test('is the array of a Promise', async () => {
    expect(await answered(1, (connection) => connection.callMethod('a', 'b', []))).toEqual(VALUES);
    expect(await answered(1, (connection) => connection.callMethodWithResend('a', 'b', []))).toEqual(VALUES);
  });

  test.each(['callMethod', 'callMethodWithResend'] as const)(
    'is an error of a callback: %s',
    async (method) => {
      const outcome = await answered(
        1,
        (connection) =>
          new Promise((resolve) => {
            const callback = (...args: unknown[]): void => {
              resolve(args);
            };
            if (method === 'callMethod') connection.callMethod('a', 'b', [], callback);
            else connection.callMethodWithResend('a', 'b', [], callback);
          }),
      );
      expect(outcome).toEqual([expect.objectContaining(TOO_MANY)]);
    },
  );

  test('leaves an interface with as many methods to inspect', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const inspecting = connection.inspectInterface('a');
    await wire.links[0].received(2);
    wire.links[0].send(`{callback:[1],ok:[${VALUES.map((value) => `'m${String(value)}'`).join(',')}]}`);
    expect(await within(inspecting, 'the proxy')).toBeInstanceOf(RemoteProxy);
  });

  test('of 10,000 are the arguments of a callback, as ever', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const outcome = new Promise((resolve) => {
      connection.callMethod('a', 'b', [], (...args: unknown[]) => {
        resolve(args.length);
      });
    });
    await wire.links[0].received(2);
    wire.links[0].send(`{callback:[1],ok:[${VALUES.slice(0, 10_000).join(',')}]}`);
    expect(await within(outcome, 'the outcome')).toBe(10_001);
  });

  test('comes to a client of Nest as the array', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const client = new JstpClient({ app: 'app', port: wire.port, host: '127.0.0.1' });
    closing.add(() => client.close());
    const arrived = new Promise((resolve, reject) => {
      client.send('a.b', {}).subscribe({ next: resolve, error: reject });
    });
    (await wire.served.call(1)).succeed(VALUES);
    expect(await within(arrived, 'the answer')).toEqual(VALUES);
  });
});

describe('200,000 arguments of a peer', () => {
  test('are a wrong number to a method, and no event to a handler, at a server', async () => {
    const heard: number[] = [];
    const errors: unknown[] = [];
    const api = { a: { rest: (...args: unknown[]) => heard.push(args.length) } };
    const { server, port } = await startCore(closing, {
      applications: [new Application('app', api, api)],
    });
    server.on('connectionError', (error) => errors.push(error));
    const connection = await dial(closing, port);
    await expect(connection.callMethod('a', 'rest', VALUES)).rejects.toMatchObject({ code: 17 });
    connection.emitRemoteEvent('a', 'rest', VALUES);
    connection.emitRemoteEvent('a', 'rest', [1, 2]);
    await waitFor(() => heard.length === 1, 'the small event');
    expect([heard, errors]).toEqual([[3], []]);
  });

  test('are no event to the listeners of a proxy', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const errors: unknown[] = [];
    connection.on('error', (error) => errors.push(error));
    const proxy = connection.inspectInterface('a');
    await wire.links[0].received(2);
    wire.links[0].send('{callback:[1],ok:[]}');
    const heard: number[] = [];
    (await within(proxy, 'the proxy')).on('b', (...args: unknown[]) => {
      heard.push(args.length);
    });
    wire.links[0].send(`{event:[-1,'a'],b:[${TEXT}]}`, "{event:[-2,'a'],b:[1]}");
    await waitFor(() => heard.length === 1, 'the small event');
    expect([heard, errors]).toEqual([[1], []]);
  });

  test('are a wrong number to what a client of Nest exposes', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const client = new JstpClient({ app: 'app', port: wire.port, host: '127.0.0.1' });
    closing.add(() => client.close());
    client.expose({ screen: { size: (...args: unknown[]) => args.length } });
    await client.connect();
    const [connection] = wire.server.getClientsArray();
    await expect(connection.callMethod('screen', 'size', VALUES)).rejects.toMatchObject({ code: 17 });
    expect(await connection.callMethod('screen', 'size', [1, 2, 3])).toBe(3);
  });
});
