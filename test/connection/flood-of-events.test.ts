import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { Application, net, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';

const EVENTS = 2000;
/** One more than handlers are begun before these go on. */
const AT_ONCE = 33;

const closing = new Closing();
afterEach(() => closing.run());

/** A server with a handler of events, and a client. */
async function linked(handler: (connection: Connection, index: number) => unknown): Promise<Connection> {
  const server = net.createServer({
    applications: [new Application('app', {}, { api: { tick: handler } })],
  });
  closing.add(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = await net.connect('app', undefined, port, '127.0.0.1');
  closing.add(() => {
    client.close();
  });
  return client;
}

function emitMany(client: Connection): void {
  for (let index = 0; index < EVENTS; index++) client.emitRemoteEvent('api', 'tick', [index]);
}

test('of a flood of events, few have begun that could go on', async () => {
  const ended: number[] = [];
  let running = 0;
  let most = 0;
  const client = await linked(async (_connection, index) => {
    running += 1;
    most = Math.max(most, running);
    for (let step = 0; step < 40; step++) await Promise.resolve();
    running -= 1;
    ended.push(index);
  });
  emitMany(client);
  await waitFor(() => ended.length === EVENTS, 'all events');
  expect(ended).toEqual(Array.from({ length: EVENTS }, (_, index) => index));
  expect(most).toBeLessThanOrEqual(AT_ONCE);
});

test('handlers that wait for something else do not hold up the events behind them', async () => {
  let begun = 0;
  let goOn: (() => void) | undefined;
  const until = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const client = await linked(() => {
    begun += 1;
    return until;
  });
  emitMany(client);
  await waitFor(() => begun === EVENTS, 'all events');
  goOn?.();
});

test('all events of a flood are served whose client has closed its connection behind them', async () => {
  let begun = 0;
  const client = await linked(async () => {
    begun += 1;
    await Promise.resolve();
  });
  emitMany(client);
  client.close();
  await waitFor(() => begun === EVENTS, 'all events');
});
