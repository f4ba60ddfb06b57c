import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Application, ws, type Connection } from '../../lib/core.js';
import { createFaultProxy, type FaultProxy, type FaultProxyOptions } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { API, stopCore } from '../support/core.js';
import { countHandles, expectNoNewHandles, type HandleCounts } from '../support/open-handles.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';

/** One end of a TCP connection, and all that it has seen. */
class End {
  text = '';
  chunks = 0;
  /** How the end came: a FIN of the peer, a reset, or nothing yet. */
  ending: 'fin' | 'reset' | undefined;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.text += chunk.toString();
      this.chunks += 1;
    });
    socket.on('end', () => (this.ending ??= 'fin'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNRESET') this.ending = 'reset';
    });
  }
}

const closing = new Closing();
let handles: HandleCounts;

beforeEach(() => {
  // Not at module load: Jest's own timers come and go between there and a test, with workers others than in band.
  handles = countHandles();
});

afterEach(async () => {
  await closing.run();
  await expectNoNewHandles(handles);
});

async function listen(): Promise<{ server: Server; port: number; accepted: End[] }> {
  const accepted: End[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => void accepted.push(new End(socket)));
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  closing.add(() => {
    server.close();
    for (const { socket } of accepted) socket.destroy();
  });
  return { server, port: (server.address() as { port: number }).port, accepted };
}

async function proxyOf(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = await createFaultProxy(options);
  closing.add(() => proxy.close());
  return proxy;
}

function dial(port: number): End {
  const end = new End(connect({ port, host: LOOPBACK, allowHalfOpen: true }));
  closing.add(() => end.socket.destroy());
  return end;
}

/** A client and its server with a proxy between them. */
async function start(
  options: Partial<FaultProxyOptions> = {},
): Promise<{ proxy: FaultProxy; client: End; server: End; accepted: End[] }> {
  const { port, accepted } = await listen();
  const proxy = await proxyOf({ port, ...options });
  const client = dial(proxy.port);
  await waitFor(() => accepted.length === 1, 'a client');
  return { proxy, client, server: accepted[0], accepted };
}

describe('a fault proxy', () => {
  test('without faults passes bytes and ends on, each way by itself', async () => {
    const { proxy, client, server } = await start();
    client.socket.end('question');
    await waitFor(() => server.ending === 'fin', 'the end of the question');
    expect(server.text).toBe('question');
    server.socket.end('answer');
    await waitFor(() => client.ending === 'fin', 'the end of the answer');
    expect(client.text).toBe('answer');
    await waitFor(() => proxy.links.length === 0, 'the end of the connection');
    expect(proxy.linkCount).toBe(1);
  });

  test('cut resets both sides', async () => {
    const { proxy, client, server } = await start();
    proxy.cut();
    await waitFor(() => client.ending === 'reset' && server.ending === 'reset', 'the resets');
  });

  test('end ends both sides in order', async () => {
    const { proxy, client, server } = await start();
    client.socket.write('before');
    await waitFor(() => server.text === 'before', 'the text');
    proxy.end();
    await waitFor(() => client.ending === 'fin' && server.ending === 'fin', 'the ends');
  });

  test('cutAfter passes exactly so many bytes on, on the present connection', async () => {
    const { proxy, client, server } = await start();
    proxy.cutAfter(7, 'toServer');
    client.socket.write('0123456789');
    await waitFor(() => server.ending === 'reset' && client.ending === 'reset', 'the resets');
    expect(server.text).toBe('0123456');
  });

  test('cutAfter is kept for the next connection where there is none, and for that one alone', async () => {
    const { port, accepted } = await listen();
    const proxy = await proxyOf({ port });
    proxy.cutAfter(3, 'toClient');
    const first = dial(proxy.port);
    await waitFor(() => accepted.length === 1, 'a client');
    accepted[0].socket.write('0123456789');
    await waitFor(() => first.ending === 'reset', 'a reset');
    expect(first.text).toBe('012');
    const second = dial(proxy.port);
    await waitFor(() => accepted.length === 2, 'another client');
    accepted[1].socket.write('0123456789');
    await waitFor(() => second.text === '0123456789', 'all of it');
  });

  test('a stalled direction waits, the other one does not; release lets all of it go', async () => {
    const { proxy, client, server } = await start();
    proxy.stall('toServer');
    client.socket.end('held');
    // Both go through the same process: what comes later the other way comes after what would have come this way.
    for (const word of ['fr', 'ee']) {
      const before = client.text;
      server.socket.write(word);
      await waitFor(() => client.text === before + word, 'the other direction');
    }
    expect([server.text, server.ending]).toEqual(['', undefined]);
    proxy.release('toServer');
    await waitFor(() => server.ending === 'fin', 'what was held');
    expect(server.text).toBe('held');
  });

  test('half-open: the server is gone, and the client is not told', async () => {
    const { proxy, client, server } = await start();
    proxy.halfOpen();
    await waitFor(() => server.ending === 'reset', 'a reset');
    client.socket.write('x'.repeat(1_000_000));
    await waitFor(() => client.socket.writableLength === 0, 'a socket that takes all');
    expect(client.ending).toBeUndefined();
    expect(proxy.links[0].isUp).toBe(false);
  });

  test('half-open the other way round: the client is gone, and the server is not told', async () => {
    const { proxy, client, server, accepted } = await start();
    proxy.halfOpen('server');
    await waitFor(() => client.ending === 'reset', 'a reset');
    // A later client comes and goes through the same proxy.
    dial(proxy.port).socket.end();
    await waitFor(() => accepted[1]?.ending === 'fin', 'the end of a later client');
    expect(server.ending).toBeUndefined();
  });

  test('single bytes are written one by one', async () => {
    const { client, server } = await start({ chunkBytes: 1 });
    client.socket.write('0123456789');
    await waitFor(() => server.text === '0123456789', 'all of it');
    expect(server.chunks).toBeGreaterThan(5);
  });

  test('a delay makes each piece late', async () => {
    const { client, server } = await start({ delayMs: 60 });
    const before = performance.now();
    client.socket.write('late');
    await waitFor(() => server.text === 'late', 'the text');
    // Timers may fire a little early by this clock.
    expect(performance.now() - before).toBeGreaterThan(55);
  });

  test('who connects while it refuses is reset', async () => {
    const { proxy, accepted } = await start();
    proxy.isRefusing = true;
    const refused = dial(proxy.port);
    await waitFor(() => refused.ending === 'reset', 'a reset');
    expect(accepted).toHaveLength(1);
    proxy.isRefusing = false;
    dial(proxy.port);
    await waitFor(() => accepted.length === 2, 'a client');
  });

  test('a server that nobody listens for is a reset to the client', async () => {
    const proxy = await proxyOf({ port: await reservedPort(closing) });
    const client = dial(proxy.port);
    await waitFor(() => client.ending === 'reset', 'a reset');
  });

  test('a fast sender waits for a slow receiver: the proxy keeps little', async () => {
    const { proxy, client, server, accepted } = await start();
    server.socket.pause();
    // More than the system keeps of two connections.
    const much = Buffer.alloc(32 * 1024 * 1024, 'x');
    client.socket.write(much);
    // What would be taken of it meanwhile: another client's as much goes through.
    dial(proxy.port).socket.write(much);
    await waitFor(() => accepted[1]?.text.length === much.length, 'as much of another client');
    expect(client.socket.writableLength).toBeGreaterThan(0);
    server.socket.resume();
    await waitFor(() => client.socket.writableLength === 0, 'the rest');
  });

  test('close ends connections of all kinds and leaves nothing open', async () => {
    const { proxy, server } = await start();
    dial(proxy.port);
    await waitFor(() => proxy.links.length === 2, 'a second client');
    proxy.links[0].stall('toServer');
    proxy.links[1].halfOpen('client');
    await within(proxy.close(), 'the end of the proxy');
    await waitFor(() => server.ending !== undefined, 'the end of a connection');
    expect(proxy.links).toEqual([]);
  });

  test('a WebSocket that is cut behind it comes back with its session', async () => {
    const server = ws.createServer([new Application<Connection>('app', API)]);
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    closing.add(() => stopCore(server));
    const proxy = await proxyOf({ port: (server.address() as { port: number }).port });
    const client = await within(
      ws.connect(
        'app',
        { reconnector: (_connection, reconnectFn) => reconnectFn() },
        {},
        `ws://${LOOPBACK}:${proxy.port}`,
      ),
      'a connect',
    );
    closing.add(() => client.close());
    const { session } = client;
    proxy.cutAfter(5, 'toServer');
    const answer = client.callMethod('echo', 'back', ['again']);
    expect(await within(answer, 'an answer')).toBe('again');
    expect(client.session).toBe(session);
    expect(proxy.linkCount).toBe(2);
  });
});
