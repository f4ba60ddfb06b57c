import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Application, net, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';

const AT_ONCE = 500;
const CALLS = 10_000;

const closing = new Closing();
afterEach(() => closing.run());

function answer(_connection: Connection, callback: (error: unknown) => void): void {
  callback(null);
}

test('a client may keep as many calls under way as the server journals messages', async () => {
  const server = net.createServer({
    applications: [new Application('app', { api: { answer } })],
    limits: { journalMaxEntries: AT_ONCE, maxCallsInFlight: 10 },
  });
  closing.add(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = await net.connect('app', undefined, port, '127.0.0.1');
  closing.add(() => {
    client.close();
  });
  let begun = 0;
  const callAgain = async (): Promise<void> => {
    for (begun += 1; begun <= CALLS; begun += 1) await client.callMethod('api', 'answer', []);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, callAgain));
  expect(begun).toBeGreaterThan(CALLS);
});
