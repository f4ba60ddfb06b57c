import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { bundleProgram, startProgram } from '../../support/bundled-program.js';
import { Closing } from '../../support/closing.js';
import { waitFor, within } from '../../support/wait-for.js';
import { Bench } from './fixture.js';

const closing = new Closing();
const bench = new Bench();

afterEach(() => closing.run());

test('an application in another process connects, calls, serves its server, and closes its client at SIGTERM', async () => {
  const { port, sockets, server } = await bench.serve();
  const program = await bundleProgram({ file: 'test/nest/client/client-application-program.ts' }, closing);
  const child = startProgram(program, [String(port)], closing);
  const messages: unknown[] = [];
  child.on('message', (message) => messages.push(message));
  await waitFor(() => messages.length > 0, 'the call');
  expect(messages).toEqual([{ isConnected: true, sum: 5 }]);
  expect(sockets.size).toBe(1);

  const [connection] = server.getClientsArray();
  expect(await within(connection.callMethod('screen', 'size', []), 'an answer')).toEqual([80, 25]);
  for (const text of ['one', 'two']) connection.emitRemoteEvent('news', 'published', [text]);
  await waitFor(() => messages.length === 3, 'the events');
  expect(messages.splice(1)).toEqual(['one', 'two']);

  const ended = once(child, 'close');
  child.kill('SIGTERM');
  // Nest ends the process with the signal when its hooks are done.
  expect(await within(ended, 'the end of the process')).toEqual([null, 'SIGTERM']);
  expect(messages.slice(1)).toEqual(['closed']);
  await waitFor(() => sockets.size === 0, 'the end of the connection');
});
