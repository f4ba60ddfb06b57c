import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  Application,
  ERR_AUTH_FAILED,
  ERR_CALLBACK_LOST,
  type Connection,
  type ConnectPolicyFunction,
} from '../../lib/core.js';
import { createMemoryEntry, createTestingPair, cutLine, type TestingPair } from '../../lib/testing/index.js';
import { API } from '../support/core.js';

const applications = [new Application<Connection>('app', API)];
let pair: TestingPair | undefined;

async function start(options: Partial<Parameters<typeof createTestingPair>[0]> = {}): Promise<TestingPair> {
  pair = await createTestingPair({ applications, ...options });
  return pair;
}

/** Everything here runs under fake timers: no test waits, and no time goes by that it does not say. */
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(async () => {
  await pair?.close();
  pair = undefined;
  jest.useRealTimers();
});

describe('a testing pair', () => {
  test('calls both ways, of real code, without time going by', async () => {
    const { client, remote, server } = await start({
      client: { application: new Application<Connection>('side', API) },
    });
    const before = performance.now();
    expect(await client.callMethod('echo', 'back', [5])).toBe(5);
    expect(await remote.callMethod('echo', 'pair', [1, 2])).toEqual([1, 2]);
    expect(server.getClientsArray()).toEqual([remote]);
    expect(client.session?.id).toBe(remote.session?.id);
    expect(client.application?.name).toBe('side');
    expect(performance.now()).toBe(before);
  });

  test('asks for the first application, or the one that is named', async () => {
    const several = [new Application<Connection>('first', {}), new Application<Connection>('app@2.0.0', API)];
    const first = await start({ applications: several });
    expect(first.remote.application?.name).toBe('first');
    await first.close();
    const named = await start({ applications: several, app: 'app@^2.0.0' });
    expect(named.remote.application?.version).toBe('2.0.0');
  });

  test('events arrive in order, both ways', async () => {
    const { client, remote } = await start({
      applications: [new Application<Connection>('app', { echo: { back: () => undefined } })],
    });
    const proxy = await client.inspectInterface('echo');
    const seen: unknown[] = [];
    proxy.on('said', (value: unknown) => seen.push(value));
    for (let n = 0; n < 100; n++) remote.emitRemoteEvent('echo', 'said', [n]);
    await client.ping();
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  test('is refused as a client is', async () => {
    const refused = createTestingPair({
      applications,
      authPolicy: { decidesAnonymous: true, authenticate: (_c, _a, _s, _k, done) => done(new Error('no')) },
    });
    await expect(refused).rejects.toMatchObject({ code: ERR_AUTH_FAILED });
  });

  test("what is cut off comes back in its session, at the test's word", async () => {
    const { client, remote, ...line } = await start({ client: { reconnector: () => undefined } });
    remote.session?.set('room', 'lobby');
    line.cut();
    const lost = expect(client.callMethod('echo', 'back', ['on the way'])).resolves.toBe('on the way');
    await jest.advanceTimersByTimeAsync(0);
    expect(line.server.getClientsArray()).toEqual([]);
    expect(await line.reconnect()).toBe(client);
    // Made while the line was down, it goes out with the resume.
    await lost;
    expect(line.server.getClientsArray()).toEqual([remote]);
    expect(remote.session?.get('room')).toBe('lobby');
  });

  test("the core's own reconnector comes back after its second, and not before", async () => {
    const { client, server, cut } = await start();
    cut();
    await jest.advanceTimersByTimeAsync(999);
    expect(client.handshakeDone).toBe(false);
    await jest.advanceTimersByTimeAsync(1001);
    expect(client.handshakeDone).toBe(true);
    expect(server.getClientsArray()).toHaveLength(1);
  });

  test('a call whose answer is lost with the line fails with -1 where resume is not agreed', async () => {
    const { client, reconnect, cut } = await start({
      client: { reconnector: () => undefined },
      extensions: ['stream', 'cancel'],
    });
    const never = expect(client.callMethod('echo', 'never', [])).rejects.toBe(ERR_CALLBACK_LOST);
    await client.ping();
    cut();
    await reconnect();
    await never;
  });

  test('a client that pongs no more is cut off when its time is over', async () => {
    const { client, server, remote } = await start({
      heartbeatInterval: 1000,
      client: { reconnector: () => undefined },
    });
    await jest.advanceTimersByTimeAsync(10_000);
    expect(server.getClientsArray()).toHaveLength(1);
    // It takes nothing any more, as a peer whose machine has gone.
    const transport = client.getTransport() as { pause(): void };
    transport.pause();
    await jest.advanceTimersByTimeAsync(2500);
    expect(server.getClientsArray()).toEqual([remote]);
    await jest.advanceTimersByTimeAsync(2000);
    expect(server.getClientsArray()).toEqual([]);
  });

  test('closes for good, and twice', async () => {
    const { client, server, close } = await start();
    await close();
    expect(client.closedIntentionally).toBe(true);
    expect(server.listening).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
    await close();
  });
});

describe('a memory entry', () => {
  test('a client that never shakes hands is ended by the handshake timeout', async () => {
    const { entry, port, server } = await start({ limits: { handshakeTimeoutMs: 3000 } });
    const timedOut = jest.fn();
    server.on('handshakeTimeout', timedOut);
    const silent: ConnectPolicyFunction = () => undefined;
    void entry.connect('app', { connectPolicy: silent, reconnector: () => undefined }, port);
    await jest.advanceTimersByTimeAsync(2999);
    expect(timedOut).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect(timedOut).toHaveBeenCalledTimes(1);
  });

  test('nobody at an address is ECONNREFUSED, a taken one EADDRINUSE', async () => {
    const { entry, port } = await start();
    await expect(entry.connect('app', null, port + 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const second = entry.createServer(applications);
    const error = new Promise((resolve) => second.on('error', resolve));
    second.listen(port);
    expect(await error).toMatchObject({ code: 'EADDRINUSE' });
  });

  test('two of them do not see each other', async () => {
    const { port } = await start();
    await expect(createMemoryEntry().connect('app', null, port)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  test('cutLine does nothing to a line that is down', async () => {
    const { client } = await start({ client: { reconnector: () => undefined } });
    cutLine(client);
    await jest.advanceTimersByTimeAsync(0);
    cutLine(client);
    expect(client.getTransport()).toBeUndefined();
  });
});
