import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test } from '@jest/globals';
import { Application, type Connection } from '../../lib/core.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { stopCore } from '../support/core.js';
import { turns } from '../support/quiet.js';
import { waitFor } from '../support/wait-for.js';
import { guardProcess } from './arena.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

const MANY = 400;
/** Measured on Node 20: 1170 bytes, its entries in tables of the test among them; with a journal and a heartbeat, 1400. */
const MOST_BYTES = 1300;

async function heapUsed(): Promise<number> {
  for (let time = 0; time < 3; time += 1) {
    await turns(2);
    collect();
  }
  return process.memoryUsage().heapUsed;
}

test('a session that a stranger has left, and in which nothing was said, takes little memory', async () => {
  const entry = createMemoryEntry();
  const server = entry.createServer({
    applications: [new Application<Connection>('app', {})],
    heartbeatInterval: 60_000,
  });
  closing.add(() => stopCore(server));
  server.listen(0);
  await waitFor(() => server.listening, 'the server to listen');
  const { port } = server.address() as { port: number };
  const leave = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left -= 1)
      cutLine(await entry.connect('app', { reconnector: () => undefined }, port));
    await waitFor(() => server.getClientsArray().length === 0, 'all to have gone');
  };
  await leave(MANY / 2);
  const before = await heapUsed();
  await leave(MANY);
  const bytes = ((await heapUsed()) - before) / MANY;
  expect(server.getUsage().sessions.used).toBe((MANY * 3) / 2);
  expect(bytes).toBeLessThan(MOST_BYTES);
});
