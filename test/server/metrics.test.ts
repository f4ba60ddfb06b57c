import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, net, RemoteError, type Connection, type ServerMetrics } from '../../lib/core.js';
import { DURATION_BOUNDS, DurationHistogram } from '../../lib/connection/metrics/duration-histogram.js';
import { Closing } from '../support/closing.js';
import { API, ALL_EXTENSIONS, dial, startCore, type Back } from '../support/core.js';
import { failureOf } from '../support/jstp.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const APP = new Application<Connection>(
  'app@1.2.0',
  {
    ...API,
    codes: {
      fail: (_connection: Connection, code: number, callback: Back) => callback(new RemoteError(code)),
    },
  },
  {
    echo: {
      told: () => undefined,
      broken: () => {
        throw new Error('secret');
      },
    },
  },
);

async function counting() {
  const { server, port } = await startCore(closing, {
    applications: [APP],
    extensions: ALL_EXTENSIONS,
    metrics: true,
  });
  server.on('connectionError', () => undefined);
  return { server, port };
}

/** What was counted, as short texts. */
function shortly({ served, called, handled, emitted }: ServerMetrics): string[] {
  return [
    ...served.map(
      ({ application, interface: of, method, outcome, duration }) =>
        `served ${application} ${of}.${method} ${outcome} ${duration.count}`,
    ),
    ...called.map(
      ({ application, interface: of, method, outcome, duration }) =>
        `called ${application} ${of}.${method} ${outcome} ${duration.count}`,
    ),
    ...handled.map(
      ({ application, interface: of, method, outcome, count }) =>
        `handled ${application} ${of}.${method} ${outcome} ${count}`,
    ),
    ...emitted.map(
      ({ application, interface: of, method, outcome, count }) =>
        `emitted ${application} ${of}.${method} ${outcome} ${count}`,
    ),
  ];
}

describe('the metrics of a server', () => {
  test('count calls by application, interface, method and outcome, also what no handler sees', async () => {
    const { server, port } = await counting();
    const connection = await dial(closing, port);
    const calls: [string, string, unknown[]][] = [
      ['echo', 'back', [1]],
      ['echo', 'back', [2]],
      ['echo', 'fail', []],
      ['echo', 'circular', []],
      ['echo', 'back', []],
      ['echo', 'made up', []],
      ['made up', 'back', []],
    ];
    for (const call of calls) await connection.callMethod(...call).catch(() => undefined);
    expect(shortly(server.getMetrics())).toEqual([
      'served app@1.2.0 echo.back ok 2',
      'served app@1.2.0 echo.back 17 1',
      'served app@1.2.0 echo.fail 1 1',
      'served app@1.2.0 echo.circular 16 1',
      'served app@1.2.0 _OTHER._OTHER 14 1',
      'served app@1.2.0 _OTHER._OTHER 12 1',
    ]);
  });

  test('count a call that was cancelled, and one without arguments', async () => {
    const { server, port } = await counting();
    const connection = await dial(closing, port, { extensions: ALL_EXTENSIONS });
    const call = connection.startCall('echo', 'never', [], () => undefined);
    connection.cancelCall(call);
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.socket.destroy());
    peer.send("{handshake:[0,'app']}", "{call:[1,'echo'],back:5}");
    await peer.received(2);
    await connection.ping();
    expect(shortly(server.getMetrics()).sort()).toEqual([
      'served app@1.2.0 echo.back 17 1',
      'served app@1.2.0 echo.never -8 1',
    ]);
  });

  test('have as many series as there are declared names, however many a peer makes up', async () => {
    const { server, port } = await counting();
    const connection = await dial(closing, port);
    const made = Array.from({ length: 300 }, (_, place) => `name ${place}`);
    await Promise.all(made.map((name) => failureOf(connection.callMethod('echo', name, []))));
    await Promise.all(made.map((name) => failureOf(connection.callMethod(name, 'back', []))));
    for (const name of made) connection.emitRemoteEvent(name, 'told', []);
    for (const name of ['constructor', 'toString']) connection.emitRemoteEvent('echo', name, []);
    await connection.ping();
    expect(shortly(server.getMetrics())).toEqual([
      'served app@1.2.0 _OTHER._OTHER 14 300',
      'served app@1.2.0 _OTHER._OTHER 12 300',
      'handled app@1.2.0 _OTHER._OTHER ok 302',
    ]);
  });

  test('have a bounded number of outcomes: codes beyond the hundredth of its own are one', async () => {
    const { server, port } = await counting();
    const connection = await dial(closing, port);
    const codes = Array.from({ length: 150 }, (_, place) => 1000 + place);
    await Promise.all(codes.map((code) => failureOf(connection.callMethod('codes', 'fail', [code]))));
    const { served } = server.getMetrics();
    const outcomes = served.map(({ outcome }) => outcome);
    expect(outcomes).toHaveLength(101);
    expect(outcomes.slice(0, 2)).toEqual(['1000', '1001']);
    expect(served.find(({ outcome }) => outcome === '_OTHER')?.duration.count).toBe(50);
  });

  test('count events of both sides, and calls to clients', async () => {
    const { server, port } = await counting();
    const connection = await dial(closing, port, { application: new Application('mine', API) });
    connection.emitRemoteEvent('echo', 'told', []);
    connection.emitRemoteEvent('echo', 'broken', []);
    await connection.ping();
    server.broadcast('news', 'came');
    const [client] = server.getClientsArray();
    await client.callMethod('echo', 'back', [1]);
    await failureOf(client.callMethod('echo', 'fail', []));
    expect(shortly(server.getMetrics())).toEqual([
      'called  echo.back ok 1',
      'called  echo.fail 1 1',
      'handled app@1.2.0 echo.told ok 1',
      'handled app@1.2.0 echo.broken 16 1',
      'emitted  news.came ok 1',
    ]);
  });

  test('go on with the same series where an application was replaced by one of its name', async () => {
    const { server, port } = await counting();
    const first = await dial(closing, port);
    await first.callMethod('echo', 'back', [1]);
    server.updateApplications([new Application<Connection>('app@1.2.0', API)]);
    const second = await dial(closing, port);
    await second.callMethod('echo', 'back', [1]);
    expect(shortly(server.getMetrics())).toEqual(['served app@1.2.0 echo.back ok 2']);
  });

  test('count names that are sent one by one up to the thousandth', async () => {
    const { server, port } = await counting();
    await dial(closing, port);
    for (let count = 0; count < 1005; count += 1) server.broadcast('news', `event ${count}`);
    const { emitted } = server.getMetrics();
    expect(emitted).toHaveLength(1001);
    expect(emitted.at(-1)).toMatchObject({ method: '_OTHER', count: 5 });
  });

  test('count connections, sessions, resumes and refusals', async () => {
    const { server, port } = await counting();
    const connection = await dial(closing, port, { reconnector: () => undefined });
    (connection.getTransport() as Socket).destroy();
    await waitFor(() => server.getMetrics().connections.ended === 1, 'the loss');
    await net.reconnect(connection, port, '127.0.0.1');
    await failureOf(net.connect('other', { reconnector: () => undefined }, port, '127.0.0.1'));
    const { connections, sessions, handshakes, budgets } = server.getMetrics();
    expect({ connections, sessions, handshakes }).toEqual({
      connections: { opened: 3, refused: {}, timeouts: {}, ended: 1 },
      sessions: { opened: 1, resumed: 1, taken: 0 },
      handshakes: { refused: { application: 1 } },
    });
    expect(budgets.sessions).toEqual({ used: 1, limit: server.limits.maxSessions });
    expect(budgets.memoryBytes.limit).toBeNull();
  });

  test('count connections that were refused by the limit that has refused them', async () => {
    const { server, port } = await startCore(closing, { metrics: true, limits: { maxConnections: 1 } });
    await dial(closing, port);
    const peer = await RawPeer.connect(port);
    await peer.end();
    expect(server.getMetrics().connections).toMatchObject({ opened: 1, refused: { maxConnections: 1 } });
  });

  test('are plain data that JSON keeps', async () => {
    const { server, port } = await counting();
    const connection = await dial(closing, port);
    await connection.callMethod('echo', 'back', [1]);
    const metrics = server.getMetrics();
    expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics);
    const [{ duration }] = metrics.served;
    expect(duration.counts).toHaveLength(metrics.durationBounds.length + 1);
    expect(duration.sum).toBeGreaterThanOrEqual(0);
  });

  test('are there only if they were asked for', async () => {
    const { server } = await startCore(closing);
    expect(() => server.getMetrics()).toThrow('without the option metrics');
    expect(() => net.createServer({ applications: [], metrics: 'yes' as never })).toThrow(/metrics/);
  });
});

test('a duration is in the bucket of the first bound that it does not exceed', () => {
  const histogram = new DurationHistogram();
  for (const seconds of [0, 0.005, 0.0051, 10, 11]) histogram.record(seconds, 1);
  const { count, sum, counts } = histogram.read();
  const last = DURATION_BOUNDS.length;
  expect([count, counts[0], counts[1], counts[last - 1], counts[last]]).toEqual([5, 2, 1, 1, 1]);
  expect(sum).toBeCloseTo(21.0101);
});
