import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  net,
  tls,
  ws,
  type ClientOptions,
  type Connection,
  type IncomingCall,
} from '../../lib/core.js';
import { AttachedMessage } from '../../lib/protocol/attached-message.js';
import { Lease } from '../../lib/protocol/lease.js';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { Journal } from '../../lib/session/journal.js';
import { SocketTransport } from '../../lib/transport/socket/socket-transport.js';
import { createFaultProxy, type FaultProxy } from '../../lib/testing/index.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { ca, serverPair } from '../support/certificates.js';
import { Closing } from '../support/closing.js';
import { stopCore } from '../support/core.js';
import { waitFor, within } from '../support/wait-for.js';

const LOOPBACK = '127.0.0.1';
const CLIENTS = 4;
const CALLS = 40;
const MOST_AT_ONCE = 4;
const LARGEST = 300_000;
const MS = 60_000;

const closing = new Closing();
afterEach(() => closing.run());

/** Bytes of which each part tells whose they are, and of which call. */
function bytesOf(client: number, call: number, size: number): Buffer {
  return Buffer.alloc(size, `client ${client}, call ${call}; `);
}

/** Answers with the bytes that it was sent, where they are right. */
class Answers extends Application<Connection> {
  handleCall(call: IncomingCall<Connection>): void {
    const [client, number, bytes] = call.args as [number, number, Buffer];
    if (bytes.equals(bytesOf(client, number, bytes.length))) call.succeed([bytes]);
    else call.fail(['wrong bytes at the server']);
  }
}

const applications = [new Answers('app', {})];

const TRANSPORTS = {
  net: {
    listen: () => net.createServer({ applications }),
    dial: (options: ClientOptions, port: number) => net.connect('app', options, port, LOOPBACK),
  },
  tls: {
    listen: () => tls.createServer({ applications, ...serverPair }),
    dial: (options: ClientOptions, port: number) => tls.connect('app', options, { port, host: LOOPBACK, ca }),
  },
  ws: {
    listen: () => ws.createServer({ applications }),
    dial: (options: ClientOptions, port: number) =>
      ws.connect('app', options, {}, `ws://${LOOPBACK}:${port}`),
  },
};

/** Makes calls with large bytes, several at once, while its line is cut again and again. @returns what was wrong */
async function runClient(
  client: number,
  random: SeededRandom,
  connection: Connection,
  proxy: FaultProxy,
): Promise<string[]> {
  const wrongs: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < CALLS) {
      const call = next++;
      if (random.happens(0.3))
        proxy.cutAfter(random.between(0, 2 * LARGEST), random.pick(['toServer', 'toClient']));
      const bytes = bytesOf(client, call, random.between(16_000, LARGEST));
      const answer = connection.callMethod('any', 'echo', [client, call, bytes]);
      // What the program does with its bytes then is of no matter.
      bytes.fill(0);
      try {
        const result = (await within(answer, 'an answer', MS)) as Buffer;
        if (!result.equals(bytesOf(client, call, result.length)) || result.length !== bytes.length)
          wrongs.push(`client ${client}, call ${call}: wrong bytes at the client`);
      } catch (error) {
        wrongs.push(`client ${client}, call ${call}: ${String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, work));
  return wrongs;
}

describe('large bytes of several clients, whose copies share memory one after the other', () => {
  test.each(['net', 'tls', 'ws'] as const)(
    'arrive as they were sent over %s, whatever is cut',
    async (name) => {
      const { listen, dial } = TRANSPORTS[name];
      const server = listen();
      closing.add(() => stopCore(server));
      await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
      const { port } = server.address() as { port: number };
      const runs = Array.from({ length: CLIENTS }, async (_, client) => {
        const random = new SeededRandom(100 + client);
        const proxy = await createFaultProxy({ port, seed: client });
        closing.add(() => proxy.close());
        const reconnector = (_connection: Connection, reconnectFn: () => void): void => reconnectFn();
        const connection = await within(dial({ reconnector }, proxy.port), 'a connect');
        closing.add(async () => {
          connection.close();
          await waitFor(() => proxy.links.length === 0, 'the end of a connection');
        });
        const wrongs = await runClient(client, random, connection, proxy);
        return { wrongs, links: proxy.linkCount };
      });
      const results = await Promise.all(runs);
      expect(results.flatMap(({ wrongs }) => wrongs)).toEqual([]);
      // A run without cuts proves nothing.
      for (const { links } of results) expect(links).toBeGreaterThan(3);
    },
    2 * MS,
  );

  test('arrive as they were sent at a peer that acknowledges what it has not read', async () => {
    const size = 1024 * 1024;
    const count = 6;
    const server = createServer({ pauseOnConnect: true });
    closing.add(() => server.close());
    await once(server.listen(0, LOOPBACK), 'listening');
    const { port } = server.address() as { port: number };
    const socket = connect(port, LOOPBACK);
    closing.add(() => socket.destroy());
    const [[peer]] = await Promise.all([
      once(server, 'connection') as Promise<[Socket]>,
      once(socket, 'connect'),
    ]);
    closing.add(() => peer.destroy());
    const transport = new SocketTransport(socket, DEFAULT_LIMITS);
    const journal = new Journal();
    for (let n = 1; n <= count; n++) {
      const lease = Lease.of(size);
      const bytes = lease?.view(size);
      if (!lease || !bytes) throw new Error('No memory is lent');
      bytes.fill(n);
      const message = Object.assign(new AttachedMessage('{}', bytes), { lease });
      journal.append(message);
      transport.sendAttached(message, lease.write());
      journal.acknowledge(n);
    }
    let received = 0;
    const wrong = new Set<number>();
    const length = 9 + 2 + size;
    peer.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length;) {
        const place = (received + at) % length;
        const end = Math.min(chunk.length, at + length - place);
        const n = 1 + Math.floor((received + at) / length);
        const bytes = chunk.subarray(at + Math.max(0, 11 - place), end);
        if (!bytes.equals(Buffer.alloc(bytes.length, n))) wrong.add(n);
        at = end;
      }
      received += chunk.length;
    });
    peer.resume();
    await waitFor(() => received === count * length, 'all bytes');
    expect([...wrong]).toEqual([]);
  });
});
