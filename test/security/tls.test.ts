import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { net, tls, ws, wss } from '../../lib/core.js';
import { ca, clientPair, expiredClientPair, otherClientPair, serverPair } from '../support/certificates.js';
import { Closing } from '../support/closing.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { LOOPBACK } from '../support/ports.js';
import { startRawServer } from '../support/jstp.js';
import { waitFor, within } from '../support/wait-for.js';
import { guardProcess } from './arena.js';
import { SecureArena } from './secure-arena.js';

const closing = new Closing();
guardProcess();
afterEach(() => closing.run());

const CASES = [
  { name: 'tls', entry: tls },
  { name: 'wss', entry: wss },
] as const;

describe.each(CASES)('a $name server', ({ name, entry }) => {
  const start = (options: object = {}): Promise<SecureArena> =>
    SecureArena.start(closing, entry, { ...serverPair, ...options }, { limits: { handshakeTimeoutMs: 150 } });

  /** A client of the core is served. */
  async function expectServing({ port }: SecureArena, pair: object = {}): Promise<void> {
    const client = { reconnector: (): undefined => undefined };
    const connecting =
      name === 'tls'
        ? tls.connect('app', client, { port, host: LOOPBACK, ca, ...pair })
        : wss.connect('app', client, { ca, ...pair }, `wss://${LOOPBACK}:${String(port)}`);
    const connection = await within(connecting, 'a connect');
    expect(await within(connection.callMethod('echo', 'back', [1]), 'an echo')).toBe(1);
    connection.close();
  }

  test.each([
    ['plain JSTP', "{handshake:[0,'app']}\0"],
    ['plain HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['garbage', '\u0016\u0003\u0001\u0000\u0005garba'],
  ])('ends %s, and serves others', async (_title, text) => {
    const arena = await start();
    const before = countHandles();
    const attacker = await arena.socket();
    attacker.socket.write(text);
    await attacker.end();
    attacker.socket.destroy();
    await arena.expectNothingLeft(before);
    await expectServing(arena);
  });

  test('ends who says nothing, or only half of a TLS handshake: the time counts from the accept', async () => {
    const arena = await start();
    const before = countHandles();
    const silent = await arena.socket();
    const half = await arena.socket();
    // The head of a record, and a part of what it announces.
    half.socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]));
    const secured = await arena.secured();
    await Promise.all([silent.end(), half.end(), secured.end()]);
    for (const { socket } of [silent, half, secured]) socket.destroy();
    await arena.expectNothingLeft(before);
    await expectServing(arena);
  });

  test('a peer that is in is not ended by the time of its arrival', async () => {
    const arena = await start();
    const client = { reconnector: (): undefined => undefined };
    const connection =
      name === 'tls'
        ? await tls.connect('app', client, { port: arena.port, host: LOOPBACK, ca })
        : await wss.connect('app', client, { ca }, `wss://${LOOPBACK}:${String(arena.port)}`);
    const silent = await arena.socket();
    // Accepted later, ended before: so the other's time is over, too.
    await silent.end();
    expect(connection.handshakeDone).toBe(true);
    connection.close();
  });

  test.each([
    ['no certificate', {}],
    ['an expired one', expiredClientPair],
    ['one of another authority', otherClientPair],
  ])('with mTLS refuses %s, and leaves nothing open', async (_title, pair) => {
    const arena = await start({ requestCert: true, ca });
    const before = countHandles();
    const attacker = await arena.secured(pair);
    await attacker.end();
    attacker.socket.destroy();
    await arena.expectNothingLeft(before);
    expect(arena.server.getClientsArray()).toEqual([]);
    await expectServing(arena, clientPair);
  });
});

describe('TLS to a port without', () => {
  test.each([
    ['net', net, tls],
    ['ws', ws, wss],
  ])('%s is refused on both sides, and leaves nothing open', async (_name, entry, dialer) => {
    const arena = await SecureArena.start(closing, entry, {}, { limits: { handshakeTimeoutMs: 150 } });
    const before = countHandles();
    const args =
      dialer === tls
        ? [{ port: arena.port, host: LOOPBACK, ca }]
        : [{ ca }, `wss://${LOOPBACK}:${String(arena.port)}`];
    const failure = await within(
      dialer.connect('app', null, ...args).catch((error: unknown) => error),
      'a refusal',
    );
    expect(failure).toMatchObject({ message: expect.any(String) });
    await arena.expectNothingLeft(before);
  });
});

describe('a client on TLS', () => {
  test('gives up a server that accepts and says nothing, after handshakeTimeoutMs, as on every transport', async () => {
    const { port, sockets } = await startRawServer(createServer(), closing);
    const before = countHandles();
    // From the moment that a peer has accepted on, its time for the handshake counts.
    const client = { limits: { connectTimeoutMs: 0, handshakeTimeoutMs: 50 } };
    for (const attempt of [
      () => tls.connect('app', client, { port, host: LOOPBACK, ca }),
      () => ws.connect('app', client, {}, `ws://${LOOPBACK}:${String(port)}`),
      () => wss.connect('app', client, { ca }, `wss://${LOOPBACK}:${String(port)}`),
    ]) {
      await expect(within(attempt(), 'an end')).rejects.toMatchObject({
        code: 'ETIMEDOUT',
        message: expect.stringContaining('limits.handshakeTimeoutMs'),
      });
    }
    for (const socket of sockets) socket.resume();
    await waitFor(() => sockets.size === 0, 'the end of the lines');
    await expectNoNewHandles(before);
  });
});
