import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomClientOptions } from '@nestjs/microservices';
import { HealthCheckService, MicroserviceHealthIndicator, TerminusModule } from '@nestjs/terminus';
import { Application, JstpClient, JstpServer, type JstpServerOptions } from '../../lib/index.js';
import { JstpHealthIndicator } from '../../lib/terminus/index.js';
import { Closing } from '../support/closing.js';
import { moduleOf, QUIET } from '../support/nest-app.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';

const STORE = { get: () => undefined, set: () => undefined };
const STUCK = new Application('jstp@1.0.0', {
  iface: { wait: (_connection: unknown, _callback: unknown) => undefined },
});

const closing = new Closing();
let app: INestApplicationContext;
let jstp: JstpHealthIndicator;
beforeEach(async () => {
  const module = moduleOf({ imports: [TerminusModule], providers: [JstpHealthIndicator] });
  app = await NestFactory.createApplicationContext(module, QUIET);
  closing.add(() => app.close());
  jstp = app.get(JstpHealthIndicator);
});
afterEach(() => closing.run());

/** A server that listens, and its port. */
async function listening(options: Partial<JstpServerOptions> = {}): Promise<[JstpServer, number]> {
  const server = new JstpServer({ host: LOOPBACK, port: 0, ...options });
  closing.add(() => server.close());
  await new Promise<void>((resolve, reject) => {
    server.listen((error) => (error ? reject(error) : resolve()));
  });
  return [server, (server.unwrap().address() as { port: number }).port];
}

/** Two calls: while the first runs, the second waits to be served, and what follows it, too. @returns their errors */
async function stuckCalls(client: JstpClient, server: JstpServer): Promise<{ ended: Promise<unknown[]> }> {
  const codes = [1, 2].map(() =>
    client.call('iface', 'wait').catch((error: unknown) => (error as { code: unknown }).code),
  );
  await waitFor(() => server.getUsage().callsInFlight.used === 1, 'the call');
  return { ended: Promise.all(codes) };
}

function clientOf(port: number): JstpClient {
  // Not the default: a call that never ends must not hold up the close.
  const client = new JstpClient({ host: LOOPBACK, port, reconnect: false, limits: { drainTimeoutMs: 0 } });
  closing.add(() => client.close());
  return client;
}

describe('the ping of a client', () => {
  test('is up over the connection that is there, without a new login', async () => {
    const [server, port] = await listening();
    let logins = 0;
    server.on('connect', () => (logins += 1));
    const client = clientOf(port);
    await client.connect();
    expect(await jstp.pingCheck('chat', client)).toEqual({ chat: { status: 'up' } });
    expect(await jstp.pingCheck('chat', client)).toEqual({ chat: { status: 'up' } });
    expect(logins).toBe(1);
  });

  test('is down for a client that is not connected, and does not connect it', async () => {
    const [server, port] = await listening();
    const client = clientOf(port);
    const down = { chat: { status: 'down', message: 'the client is not connected' } };
    expect(await jstp.pingCheck('chat', client)).toEqual(down);
    await client.connect();
    server.unwrap().closeConnections();
    await waitFor(() => [...server.getClients()].length === 0, 'the end of the connection');
    await waitFor(
      async () => (await jstp.pingCheck('chat', client)).chat.status === 'down',
      'the news of it',
    );
    expect(await jstp.pingCheck('chat', client)).toEqual(down);
  });

  test('is down where the server does not answer in time, and does not ping it again meanwhile', async () => {
    const [server, port] = await listening({
      limits: { maxCallsInFlight: 1, drainTimeoutMs: 0, closeTimeoutMs: 1 },
      applications: [STUCK],
    });
    const client = clientOf(port);
    const connection = await client.connect();
    const calls = await stuckCalls(client, server);
    const late = 'the server has not answered a ping within 20 ms';
    const sent = (): number => connection.session?.journal.lastId ?? 0;
    expect(await jstp.pingCheck('chat', client, { timeoutMs: 20 })).toEqual({
      chat: { status: 'down', message: late },
    });
    const before = sent();
    expect((await jstp.pingCheck('chat', client, { timeoutMs: 20 })).chat.status).toBe('down');
    expect(sent()).toBe(before);
    await client.close();
    expect(await calls.ended).toEqual([-1, -1]);
  });

  test('is down where the connection ends before the answer', async () => {
    const [server, port] = await listening({
      limits: { maxCallsInFlight: 1, drainTimeoutMs: 0, closeTimeoutMs: 1 },
      applications: [STUCK],
    });
    const client = clientOf(port);
    await client.connect();
    const calls = await stuckCalls(client, server);
    const checked = jstp.pingCheck('chat', client, { timeoutMs: 20_000 });
    await client.close();
    expect(await within(checked, 'the check')).toEqual({
      chat: { status: 'down', message: 'the connection was lost before the server answered' },
    });
    expect(await calls.ended).toEqual([-1, -1]);
  });
});

describe('the check of a server', () => {
  test('is up where it listens, has room, and its stores answer', async () => {
    const [server] = await listening({ sessionStorageProvider: { ...STORE, ping: () => Promise.resolve() } });
    expect(await jstp.serverCheck('jstp', server)).toEqual({ jstp: { status: 'up' } });
  });

  test('is down before it listens, and after it was closed', async () => {
    const waiting = new JstpServer({ host: LOOPBACK, port: 0 });
    const { jstp: before } = await jstp.serverCheck('jstp', waiting);
    expect(before).toMatchObject({
      status: 'down',
      message: expect.stringContaining('has not been started'),
    });
    const [server] = await listening();
    await server.close();
    expect(await jstp.serverCheck('jstp', server)).toEqual({
      jstp: { status: 'down', message: 'the server does not listen' },
    });
  });

  test('is down where a budget is used up, or the given part of it', async () => {
    const [server, port] = await listening({ limits: { maxConnections: 2 } });
    await clientOf(port).connect();
    expect((await jstp.serverCheck('jstp', server)).jstp.status).toBe('up');
    const half = await jstp.serverCheck('jstp', server, { budgetPart: 0.5 });
    expect(half).toEqual({ jstp: { status: 'down', message: 'used up: connections' } });
    const stranger = await RawPeer.connect(port);
    closing.add(() => stranger.socket.destroy());
    await waitFor(() => server.getUsage().connections.used === 2, 'another connection');
    expect(await jstp.serverCheck('jstp', server)).toEqual(half);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('the store is away');
      },
      'the store is away',
    ],
    ['rejects', () => Promise.reject(new Error('the store is away')), 'the store is away'],
    ['does not answer', () => new Promise(() => undefined), 'a session store has not answered within 20 ms'],
  ])('is down where a session store %s', async (_what, ping, message) => {
    const [server] = await listening({ sessionStorageProvider: { ...STORE, ping } });
    expect(await jstp.serverCheck('jstp', server, { timeoutMs: 20 })).toEqual({
      jstp: { status: 'down', message },
    });
  });

  test('asks the store of each application once', async () => {
    let pings = 0;
    const own = { ...STORE, ping: () => (pings += 1) };
    const [server] = await listening({
      applications: [
        new Application('a@1.0.0', {}, {}, own),
        new Application('a@2.0.0', {}, {}, own),
        new Application('b@1.0.0', {}, {}),
      ],
    });
    expect((await jstp.serverCheck('jstp', server)).jstp.status).toBe('up');
    expect(pings).toBe(1);
  });
});

test('options that are not allowed are named', async () => {
  const client = clientOf(1);
  await expect(jstp.pingCheck('a', client, { timeoutMs: 0 })).rejects.toThrow(/timeoutMs/);
  await expect(jstp.pingCheck('a', client, { timeout: 5 } as object)).rejects.toThrow(/timeoutMs/);
  const server = new JstpServer();
  for (const budgetPart of [0, 1.5, Number.NaN])
    await expect(jstp.serverCheck('a', server, { budgetPart })).rejects.toThrow(/budgetPart/);
});

describe("Terminus' own check of microservices", () => {
  // No cast, and no option of the type `any`: the type of `options` is the point.
  const checkOf = (terminus: MicroserviceHealthIndicator, port: number) =>
    terminus.pingCheck<CustomClientOptions>('jstp', {
      transport: undefined,
      customClass: JstpClient,
      options: { host: LOOPBACK, port },
    });

  test('is up where a client can log in, and leaves no client behind', async () => {
    const [server, port] = await listening();
    const terminus = await app.resolve(MicroserviceHealthIndicator);
    const result = await app.get(HealthCheckService).check([() => Promise.resolve(checkOf(terminus, port))]);
    expect(result).toMatchObject({ status: 'ok', details: { jstp: { status: 'up' } } });
    await waitFor(() => server.getUsage().connections.used === 0, 'the end of the connection');
  });

  test('is down where nobody listens', async () => {
    const port = await reservedPort(closing);
    const terminus = await app.resolve(MicroserviceHealthIndicator);
    const checked = app.get(HealthCheckService).check([() => Promise.resolve(checkOf(terminus, port))]);
    await expect(checked).rejects.toMatchObject({
      response: { status: 'error', error: { jstp: { status: 'down' } } },
    });
  });
});
