import { afterEach, describe, expect, test } from '@jest/globals';
import { net, tls, ws, type Connection, type RefusedConnection } from '../../lib/core.js';
import { ca, serverPair } from '../support/certificates.js';
import { Closing } from '../support/closing.js';
import { startHaproxy } from '../support/haproxy.js';
import { LOOPBACK } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';
import { SecureArena } from '../security/secure-arena.js';

const closing = new Closing();
afterEach(() => closing.run());

const client = { reconnector: (): undefined => undefined };
/** The clients' addresses: all of 127.0.0.0/8 is this machine. */
const [ALICE, BOB] = ['127.0.0.2', '127.0.0.3'];

interface Way {
  readonly name: string;
  readonly entry: object;
  readonly options: object;
  readonly proxy: Parameters<typeof startHaproxy>[2];
  connect(port: number, localAddress: string): Promise<Connection>;
}

const overNet = (port: number, localAddress: string): Promise<Connection> =>
  net.connect('app', client, { port, host: LOOPBACK, localAddress });
const overTls = (port: number, localAddress: string): Promise<Connection> =>
  tls.connect('app', client, { port, host: LOOPBACK, localAddress, ca });
const overWs = (port: number, localAddress: string): Promise<Connection> =>
  ws.connect('app', client, { localAddress }, `ws://${LOOPBACK}:${String(port)}`);

const proxyProtocol = { proxyProtocol: true, trustProxy: '127.0.0.1' };
const WAYS: Way[] = [
  {
    name: 'version 1 over net',
    entry: net,
    options: proxyProtocol,
    proxy: { server: 'send-proxy' },
    connect: overNet,
  },
  {
    name: 'version 2 over net',
    entry: net,
    options: proxyProtocol,
    proxy: { server: 'send-proxy-v2' },
    connect: overNet,
  },
  {
    name: 'version 1 before TLS',
    entry: tls,
    options: { ...serverPair, ...proxyProtocol },
    proxy: { server: 'send-proxy' },
    connect: overTls,
  },
  {
    name: 'version 2 before TLS',
    entry: tls,
    options: { ...serverPair, ...proxyProtocol },
    proxy: { server: 'send-proxy-v2' },
    connect: overTls,
  },
  {
    name: 'X-Forwarded-For over ws',
    entry: ws,
    options: { trustProxy: ['loopback'] },
    proxy: { mode: 'http' },
    connect: overWs,
  },
];

describe.each(WAYS)('behind HAProxy, with $name', ({ entry, options, proxy, connect }) => {
  test('a client has its own address, and its own share of connections', async () => {
    // Trusts the proxy alone: 127.0.0.2 is a client.
    const limits = { maxConnectionsPerAddress: 1 };
    const arena = await SecureArena.start(
      closing,
      entry,
      { ...options, trustProxy: '127.0.0.1' },
      { limits },
    );
    const refused: RefusedConnection[] = [];
    arena.server.on('connectionRefused', (refusal) => {
      // HAProxy's own first connection, which the test has made to see it listen, is the proxy's address.
      if (refusal.address !== LOOPBACK) refused.push(refusal);
    });
    const port = await startHaproxy(closing, arena.port, proxy);
    const alice = await within(connect(port, ALICE), 'a connect');
    closing.add(() => alice.close());
    const bob = await within(connect(port, BOB), 'a connect');
    closing.add(() => bob.close());
    expect(arena.server.getClientsArray().map(({ remoteAddress }) => remoteAddress)).toEqual([ALICE, BOB]);
    expect(await bob.callMethod('echo', 'back', ['x'.repeat(100_000)])).toHaveLength(100_000);
    await expect(within(connect(port, ALICE), 'a refusal')).rejects.toThrow();
    expect(refused).toEqual([{ by: 'maxConnectionsPerAddress', address: ALICE, count: 1 }]);
    alice.close();
    await waitFor(() => arena.server.getClientsArray().length === 1, 'the end of a client');
    expect(await bob.callMethod('echo', 'back', [1])).toBe(1);
  });
});
