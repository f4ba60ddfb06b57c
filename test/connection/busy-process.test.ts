import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, net, type Api, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, startCore, type Back } from '../support/core.js';
import { clockWait, turns } from '../support/quiet.js';
import { within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** Work that lets nothing else run. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('a process that is busy for longer than a timer waits', () => {
  test('takes the answer to a handshake that has arrived meanwhile, and the request', async () => {
    const limits = { handshakeTimeoutMs: 60 };
    const { server, port } = await startCore(closing, { limits });
    const timeouts: unknown[] = [];
    server.on('handshakeTimeout', (connection) => timeouts.push(connection));
    // The line is there, the request is on its way.
    server.on('connect', () => work(200));
    for (let round = 0; round < 5; round++) await dial(closing, port, { limits });
    expect(timeouts).toEqual([]);
  });

  test('takes a line that was made meanwhile', async () => {
    const { port } = await startCore(closing);
    const limits = { connectTimeoutMs: 50 };
    const connecting = net.connect('app', { limits }, port, '127.0.0.1');
    work(200);
    const connection = await within(connecting, 'a connect');
    closing.add(() => connection.close());
    expect(connection.state.name).toBe('open');
  });

  test('hears the pongs that have arrived meanwhile', async () => {
    const { server, port } = await startCore(closing, { heartbeatInterval: 50 });
    const clients: Connection[] = [];
    for (let count = 0; count < 10; count++)
      clients.push(await dial(closing, port, { heartbeatInterval: 50 }));
    for (let round = 0; round < 4; round++) {
      await clockWait('heartbeats under way', 40);
      work(250);
      await turns(1);
    }
    for (const client of clients) await within(client.ping(), 'a pong');
    expect(server.getClientsArray()).toHaveLength(10);
    expect(clients.every(({ state }) => state.name === 'open')).toBe(true);
  });

  test('sees that a peer has read meanwhile', async () => {
    const text = 'x'.repeat(7 * 1024 * 1024);
    const api: Api = {
      large: {
        get: (_connection: Connection, callback: Back) => {
          callback(null, text);
          work(200);
        },
      },
    };
    const { server, port } = await startCore(closing, {
      applications: [new Application<Connection>('app', api)],
      limits: { sendStallTimeoutMs: 50 },
    });
    const errors: unknown[] = [];
    server.on('connectionError', (error) => errors.push(error));
    const connection = await dial(closing, port);
    for (let round = 0; round < 3; round++) {
      const answer = connection.callMethod('large', 'get', []);
      expect((await within(answer, 'an answer')) === text).toBe(true);
    }
    expect(errors).toEqual([]);
  });
});
