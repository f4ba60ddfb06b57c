import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { JstpClient, type JstpClientOptions } from '../../../lib/index.js';
import { createMemoryEntry } from '../../../lib/testing/index.js';
import { Closing } from '../../support/closing.js';
import { LOOPBACK } from '../../support/ports.js';
import { startRawServer } from '../../support/jstp.js';
import { countHandles, expectNoNewHandles } from '../../support/open-handles.js';
import { waitFor, within } from '../../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

describe.each<JstpClientOptions['transport'] & string>(['net', 'tls', 'ws', 'wss'])(
  'a client over %s whose server says nothing',
  (transport) => {
    test('gives up its attempt when it is closed, and leaves nothing open', async () => {
      const { port, sockets } = await startRawServer(createServer(), closing);
      const before = countHandles();
      const client = new JstpClient({ transport, host: LOOPBACK, port });
      const attempt = client.connect().catch((error: unknown) => error);
      await waitFor(() => sockets.size === 1, 'the attempt');
      await within(client.close(), 'the close');
      expect(await within(attempt, 'the end of the attempt')).toMatchObject({
        message: 'The client was closed while it was connecting',
      });
      for (const socket of sockets) socket.resume();
      await waitFor(() => sockets.size === 0, 'the end of the line');
      await expectNoNewHandles(before);
    });

    test('gives up by itself, when its time for the handshake is over', async () => {
      const { port, sockets } = await startRawServer(createServer(), closing);
      const limits = { connectTimeoutMs: 0, handshakeTimeoutMs: 40 };
      const client = new JstpClient({ transport, host: LOOPBACK, port, limits });
      closing.add(() => client.close());
      await expect(within(client.connect(), 'the end of the attempt')).rejects.toBeDefined();
      for (const socket of sockets) socket.resume();
      await waitFor(() => sockets.size === 0, 'the end of the line');
    });
  },
);

test('a client over a memory entry is closed while it connects', async () => {
  const transport = createMemoryEntry();
  const server = transport.createServer([]);
  server.listen(5);
  closing.add(() => server.close());
  const client = new JstpClient({ transport, port: 5 });
  const attempt = client.connect().catch((error: unknown) => error);
  await client.close();
  expect(await within(attempt, 'the end of the attempt')).toMatchObject({ code: expect.any(Number) });
});
