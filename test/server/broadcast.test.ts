import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  Application,
  type Connection,
  type ExtensionName,
  type Server,
  type ServerOptions,
} from '../../lib/core.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { ALL_EXTENSIONS } from '../support/core.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(async () => {
  jest.restoreAllMocks();
  await closing.run();
});

/** How Node makes base64 of a Buffer. */
interface Base64 {
  base64Slice(this: Uint8Array, start: number, end: number): string;
}

const entry = createMemoryEntry();

function serve(options: Partial<ServerOptions> = {}): { server: Server; port: number } {
  const server = entry.createServer({
    applications: [new Application('app', {})],
    extensions: ALL_EXTENSIONS,
    ...options,
  });
  server.on('connectionError', () => undefined);
  server.listen(0);
  closing.add(() => {
    server.closeConnections();
    server.close();
  });
  return { server, port: (server.address() as { port: number }).port };
}

/** A client that comes back at the test's word, and the events that it gets. */
async function client(
  port: number,
  extensions = ALL_EXTENSIONS,
): Promise<{ connection: Connection; events: unknown[] }> {
  const connection = await entry.connect('app', { extensions, reconnector: () => undefined }, port);
  const events: unknown[] = [];
  connection.on('event', (_interfaceName, event, args) => events.push([event, ...(args as unknown[])]));
  closing.add(() => connection.close());
  return { connection, events };
}

async function goAway(server: Server, connection: Connection): Promise<void> {
  const before = server.getClientsArray().length;
  cutLine(connection);
  await waitFor(() => server.getClientsArray().length < before, 'the end of the line');
}

describe('a broadcast', () => {
  test.each([
    ['with resume', ALL_EXTENSIONS],
    ['as the reference has it', []],
  ])('reaches the sessions that wait for their resume, %s: once, in order', async (_title, extensions) => {
    const { server, port } = serve();
    const away = await client(port, extensions);
    const there = await client(port, extensions);
    server.broadcast('news', 'one', 1);
    await waitFor(() => away.events.length === 1, 'the first event');
    await goAway(server, away.connection);
    server.broadcast('news', 'two', 2);
    server.broadcast('news', 'three', 3);
    await within(entry.reconnect(away.connection, port), 'the resume');
    server.broadcast('news', 'four', 4);
    const all = [
      ['one', 1],
      ['two', 2],
      ['three', 3],
      ['four', 4],
    ];
    await waitFor(() => away.events.length >= 4 && there.events.length >= 4, 'the events');
    expect([away.events, there.events]).toEqual([all, all]);
  });

  test('brings bytes as such to those who take them, as text to the others', async () => {
    const { server, port } = serve();
    const taking = await client(port);
    const other = await client(
      port,
      ALL_EXTENSIONS.filter((name) => name !== 'bytes'),
    );
    const content = Buffer.from('hello');
    const text = content.toString('base64');
    server.broadcast('news', 'one', content, '`');
    server.broadcast('news', 'two', [{ large: Buffer.alloc(100_000, content) }]);
    server.broadcast('news', 'three', '`');
    await waitFor(() => taking.events.length >= 3 && other.events.length >= 3, 'the events');
    const large = Buffer.alloc(100_000, content);
    expect(taking.events).toEqual([
      ['one', content, '`'],
      ['two', [{ large }]],
      ['three', '`'],
    ]);
    expect(other.events).toEqual([
      ['one', text, '`'],
      ['two', [{ large: large.toString('base64') }]],
      ['three', '`'],
    ]);
  });

  test('makes the text of its bytes once for all who take it, whatever else they take', async () => {
    const { server, port } = serve();
    const without = (...names: string[]): ExtensionName[] =>
      ALL_EXTENSIONS.filter((name) => !names.includes(name));
    const kinds = [ALL_EXTENSIONS, without('attachments'), without('bytes', 'attachments')];
    const clients = await Promise.all([...kinds, ...kinds, ...kinds].map((names) => client(port, names)));
    const content = Buffer.alloc(40_000, 'hello');
    let read = 0;
    let encoded = 0;
    const { base64Slice } = Buffer.prototype as unknown as Base64;
    jest.spyOn(Buffer.prototype as unknown as Base64, 'base64Slice').mockImplementation(function (
      this: Uint8Array,
      start,
      end,
    ) {
      if (end - start === content.length) encoded += 1;
      return base64Slice.call(this, start, end);
    });
    server.broadcast('news', 'one', content, { toJSON: () => (read += 1) });
    await waitFor(() => clients.every(({ events }) => events.length === 1), 'the events');
    const kindsGot = clients.map(({ events: [event] }) => typeof (event as unknown[])[1]);
    expect([...new Set(kindsGot)]).toEqual(['object', 'string']);
    expect({ encoded, read }).toEqual({ encoded: 2, read: 1 });
  });

  test('reaches no session that has ended', async () => {
    const { server, port } = serve();
    const { connection } = await client(port);
    const [peer] = server.getClientsArray();
    connection.close();
    await waitFor(() => server.getClientsArray().length === 0, 'the end');
    server.broadcast('news', 'late');
    expect([...server.getReachableClients()]).toEqual([]);
    expect(peer.session?.journal.size).toBe(0);
  });

  test.each([
    ['entries', { journalMaxEntries: 8 }, 1],
    ['bytes', { journalMaxBytes: 8000 }, 1000],
  ])(
    'ends the session of who is away where its journal has no room (%s), and no other',
    async (_title, limits, size) => {
      const { server, port } = serve({ limits });
      const [full, there] = [await client(port), await client(port)];
      await goAway(server, full.connection);
      const second = await client(port);
      await goAway(server, second.connection);
      for (let count = 1; count <= 6; count++) server.broadcast('news', 'fits', 'x'.repeat(size));
      await within(entry.reconnect(second.connection, port), 'the resume');
      for (let count = 1; count <= 3; count++) {
        server.broadcast('news', 'more', 'x'.repeat(size));
        await waitFor(() => there.events.length === 6 + count, 'the event');
        await waitFor(() => second.events.length === 6 + count, 'the event');
      }
      await expect(within(entry.reconnect(full.connection, port), 'the answer')).rejects.toMatchObject({
        code: -3,
      });
      expect([...server.getReachableClients()]).toHaveLength(2);
    },
  );
});
