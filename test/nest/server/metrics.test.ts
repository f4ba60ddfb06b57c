import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, RpcException } from '@nestjs/microservices';
import { Application, JstpApplication, JstpClient, JstpInterface } from '../../../lib/index.js';
import { ca, serverPair } from '../../support/certificates.js';
import { Closing } from '../../support/closing.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor } from '../../support/wait-for.js';
import { startService } from './fixture.js';

const closing = new Closing();
afterEach(() => closing.run());

@JstpApplication('chat@2.0.0')
@JstpInterface('rooms')
@Controller()
class RoomsController {
  @MessagePattern('join')
  join(room: string): string {
    return `in ${room}`;
  }

  @MessagePattern('fail')
  fail(_value: unknown): never {
    throw new RpcException('no');
  }

  @EventPattern('said')
  said(_text: string): void {
    // Nobody listens.
  }
}

async function start(options: object = {}, clientOptions: object = {}) {
  const { server, app } = await startService({
    controllers: [RoomsController],
    options: { metrics: true, ...options },
  });
  const { port } = server.unwrap().address() as { port: number };
  const client = new JstpClient({
    app: 'chat@^2.0.0',
    host: LOOPBACK,
    port,
    metrics: true,
    ...clientOptions,
  });
  closing.add(() => client.close());
  await client.connect();
  return { app, server, client };
}

/** What was counted of calls and events, as short texts. */
function shortly(
  counts: readonly { application: string; interface: string; method: string; outcome: string }[],
) {
  return counts.map((one) => `${one.application} ${one.interface}.${one.method} ${one.outcome}`);
}

const code = (error: unknown): unknown => (error as { code: unknown }).code;

describe('the metrics of Nest', () => {
  test('count the calls and events of handlers, at the server and at the client', async () => {
    const { server, client } = await start();
    await client.call('rooms', 'join', 'lobby');
    await client.call('rooms', 'fail', 1).catch(code);
    await client.call('rooms', 'made up', 1).catch(code);
    client.emit('rooms.said', 'hi').subscribe();
    client.emit('rooms.made up', 'hi').subscribe();
    await client.call('rooms', 'join', 'lobby');
    const metrics = server.getMetrics();
    expect(shortly(metrics.served)).toEqual([
      'chat@2.0.0 rooms.join ok',
      'chat@2.0.0 rooms.fail 1',
      'chat@2.0.0 _OTHER._OTHER 14',
    ]);
    expect(metrics.served[0].duration.count).toBe(2);
    expect(shortly(metrics.handled)).toEqual(['chat@2.0.0 rooms.said ok', 'chat@2.0.0 _OTHER._OTHER 14']);
    const { called, emitted, connection, pendingCalls } = client.getMetrics();
    expect(shortly(called)).toEqual(['chat rooms.join ok', 'chat rooms.fail 1', 'chat rooms.made up 14']);
    expect(shortly(emitted)).toEqual(['chat rooms.said ok', 'chat rooms.made up ok']);
    expect(connection).toMatchObject({ isConnected: true, opened: 1, resumed: 0, ended: 0 });
    expect(pendingCalls).toBe(0);
  });

  test('count what the server calls and tells at the client', async () => {
    const exposed = { screen: { size: () => [80, 25] } };
    const { server, client } = await start({}, { application: exposed });
    client.fromEvent('news', 'came').subscribe();
    const [connection] = [...server.getClients()];
    await connection.callMethod('screen', 'size', []);
    server.broadcast('news', 'came', 1);
    server.broadcast('news', 'made up', 1);
    await connection.ping();
    const { served, handled } = client.getMetrics();
    expect(shortly(served)).toEqual(['jstp@1.0.0 screen.size ok']);
    expect(shortly(handled)).toEqual(['jstp@1.0.0 news.came ok', 'jstp@1.0.0 _OTHER._OTHER ok']);
  });

  test('count the returns of a client, and the calls that its cut has lost', async () => {
    // Not the defaults: a handler that never ends must not hold up the close.
    const limits = { drainTimeoutMs: 0, closeTimeoutMs: 1 };
    const { server, client } = await start(
      { applications: [STUCK], limits },
      { app: 'stuck', resumeTimeoutMs: 0, limits },
    );
    const lost = client.call('iface', 'wait').catch(code);
    await waitFor(() => server.getUsage().callsInFlight.used === 1, 'the call');
    expect(client.getMetrics()).toMatchObject({ pendingCalls: 1, journal: { messages: 1 } });
    (client.unwrap().getTransport() as Socket).destroy();
    expect(await lost).toBe(-1);
    await waitFor(() => client.getMetrics().connection.resumed === 1, 'the return');
    expect(client.getMetrics().connection).toMatchObject({
      isConnected: true,
      opened: 2,
      resumed: 1,
      ended: 1,
    });
    expect(shortly(client.getMetrics().called)).toEqual(['stuck iface.wait -1']);
    await waitFor(() => server.getMetrics().served.length === 1, 'the end of the call at the server');
    expect(shortly(server.getMetrics().served)).toEqual(['stuck@1.0.0 iface.wait -8']);
  });

  test('are there only if they were asked for', async () => {
    const { server, client } = await start({ metrics: false }, { metrics: false });
    expect(() => server.getMetrics()).toThrow('without the option metrics');
    expect(() => client.getMetrics()).toThrow('without the option metrics');
    expect(() => new JstpClient({ metrics: 1 as never })).toThrow(/metrics/);
  });
});

describe('bytes are those that have crossed the network, also when the connection is gone', () => {
  test.each([
    ['net', {}, {}],
    ['ws', {}, {}],
    ['tls', serverPair, { connectOptions: { ca } }],
  ])('over %s', async (transport, serverOptions, clientOptions) => {
    const { server, client } = await start({ transport, ...serverOptions }, { transport, ...clientOptions });
    const text = 'x'.repeat(100_000);
    expect(await client.call('rooms', 'join', text)).toBe(`in ${text}`);
    await client.close();
    await waitFor(() => server.getUsage().connections.used === 0, 'the end of the connection');
    const [{ received, sent }, there] = [server.getMetrics().bytes, client.getMetrics().bytes];
    for (const bytes of [received, sent, there.received, there.sent]) {
      expect(bytes).toBeGreaterThan(text.length);
      expect(bytes).toBeLessThan(text.length + 10_000);
    }
    if (transport !== 'tls') expect([received, sent]).toEqual([there.sent, there.received]);
  });
});

const STUCK = new Application('stuck@1.0.0', {
  iface: { wait: (_connection: unknown, _callback: unknown) => undefined },
});
