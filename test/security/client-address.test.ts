import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { net, ws, type RefusedConnection } from '../../lib/core.js';
import { JstpServer } from '../../lib/index.js';
import { forwardedAddress } from '../../lib/transport/proxy/forwarded.js';
import { parseProxyHeader } from '../../lib/transport/proxy/proxy-header.js';
import { TrustedProxies } from '../../lib/transport/proxy/trusted-proxies.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { guardProcess, HANDSHAKE } from './arena.js';
import { ask, SecureArena } from './secure-arena.js';

const closing = new Closing();
guardProcess();
afterEach(() => closing.run());

const V1 = 'PROXY TCP4 192.0.2.1 192.0.2.9 4000 443\r\n';

/** A header of version 2. */
function version2(command: number, family: number, rest: Buffer, told = rest.length): Buffer {
  const fixed = Buffer.from('\r\n\r\n\0\r\nQUIT\n____', 'latin1');
  fixed[12] = command;
  fixed[13] = family;
  fixed.writeUInt16BE(told, 14);
  return Buffer.concat([fixed, rest]);
}

const IPV4 = Buffer.from([192, 0, 2, 1, 192, 0, 2, 9, 1, 2, 3, 4]);
const IPV6 = Buffer.alloc(36);
IPV6.set([0x20, 0x01, 0x0d, 0xb8]);
IPV6[15] = 7;

describe('the header of the PROXY protocol', () => {
  test.each([
    ['version 1 over IPv4', Buffer.from(V1), '192.0.2.1'],
    ['version 1 over IPv6', Buffer.from('PROXY TCP6 2001:db8::1 ::1 1 2\r\n'), '2001:db8::1'],
    ['version 1 of an unknown client', Buffer.from('PROXY UNKNOWN ffff::1 x\r\n'), undefined],
    ['version 2 over IPv4', version2(0x21, 0x11, IPV4), '192.0.2.1'],
    ['version 2 over IPv6', version2(0x21, 0x21, IPV6), '2001:db8::7'],
    [
      'version 2 with more behind the addresses',
      version2(0x21, 0x11, Buffer.concat([IPV4, Buffer.alloc(4084)])),
      '192.0.2.1',
    ],
    ['version 2 of the proxy itself', version2(0x20, 0, Buffer.alloc(0)), undefined],
    ['version 2 of an IPC client', version2(0x21, 0x31, Buffer.alloc(216)), undefined],
  ])('%s is read, however it is cut, and nothing behind it', (_name, bytes, address) => {
    for (let length = 0; length < bytes.length; length += 1)
      expect(parseProxyHeader(bytes.subarray(0, length))).toBe('more');
    const expected = { length: bytes.length, address };
    expect(parseProxyHeader(bytes)).toEqual(expected);
    expect(parseProxyHeader(Buffer.concat([bytes, Buffer.from(HANDSHAKE)]))).toEqual(expected);
  });

  test.each([
    ['JSTP', HANDSHAKE],
    ['a line without an end', `PROXY TCP4 ${'1'.repeat(107)}`],
    ['a name in the place of an address', 'PROXY TCP4 localhost 192.0.2.9 1 2\r\n'],
    ['an address of the other family', 'PROXY TCP6 192.0.2.1 192.0.2.9 1 2\r\n'],
    ['no address', 'PROXY TCP4\r\n'],
    ['another protocol', 'PROXY UDP4 192.0.2.1 192.0.2.9 1 2\r\n'],
    ['another version', version2(0x11, 0x11, IPV4)],
    ['another command', version2(0x22, 0x11, IPV4)],
    ['fewer bytes than the addresses have', version2(0x21, 0x21, IPV4)],
    ['a rest of 4097 bytes', version2(0x21, 0x11, Buffer.alloc(0), 4097)],
  ])('%s is none', (_name, bytes) => {
    expect(parseProxyHeader(Buffer.from(bytes))).toBe('bad');
  });
});

describe('a server with proxyProtocol', () => {
  const start = async (
    options: object = {},
  ): Promise<{ arena: SecureArena; refused: RefusedConnection[] }> => {
    const given = { proxyProtocol: true, ...options };
    const arena = await SecureArena.start(closing, net, given, { limits: { handshakeTimeoutMs: 300 } });
    const refused: RefusedConnection[] = [];
    arena.server.on('connectionRefused', (refusal) => refused.push(refusal));
    return { arena, refused };
  };

  test('reads the header, and what comes right behind it', async () => {
    const { arena } = await start();
    const peer = await arena.socket();
    peer.socket.write(`${V1}${HANDSHAKE}\0{ping:[1]}\0`);
    await waitFor(() => peer.text.includes('{pong:[1]}'), 'a pong');
    expect(arena.server.getClientsArray()[0]?.remoteAddress).toBe('192.0.2.1');
  });

  test('reads a header that comes byte by byte', async () => {
    const { arena } = await start();
    const peer = await arena.socket();
    for (const byte of `${V1}${HANDSHAKE}\0`) {
      peer.socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor(() => peer.text !== '', 'an answer');
  });

  test('ends a connection without a header, and one that comes from no trusted proxy', async () => {
    const { arena, refused } = await start();
    const peer = await arena.socket();
    peer.socket.write(`${HANDSHAKE}\0`);
    expect(await peer.end()).toBe('');
    const other = await start({ trustProxy: ['192.0.2.0/24'] });
    const stranger = await other.arena.socket();
    stranger.socket.write(`${V1}${HANDSHAKE}\0`);
    expect(await stranger.end()).toBe('');
    const refusal = { by: 'proxyProtocol', address: '127.0.0.1', count: 1 };
    expect([refused, other.refused]).toEqual([[refusal], [refusal]]);
  });

  test('ends one whose header does not end in time, is cut in it, or is closed in it', async () => {
    const { arena } = await start();
    const slow = await arena.socket();
    slow.socket.write(V1.slice(0, 20));
    const closed = await arena.socket();
    closed.socket.end(V1.slice(0, 20));
    const reset = await arena.socket();
    reset.socket.write(V1.slice(0, 20), () => reset.socket.resetAndDestroy());
    await Promise.all([slow.end(), closed.end()]);
    const peer = await arena.socket();
    peer.socket.write(`${V1}${HANDSHAKE}\0`);
    await waitFor(() => peer.text !== '', 'an answer');
  });
});

describe('the address in a header of HTTP', () => {
  const proxies = new TrustedProxies('trustProxy', '127.0.0.1, 10.0.0.0/8, fd00::/8');
  const told = (value: string | undefined, header: 'x-forwarded-for' | 'forwarded', own = '127.0.0.1') =>
    forwardedAddress(own, { headers: { [header]: value } } as unknown as IncomingMessage, header, proxies);

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    // What a client has written itself comes first.
    ['1.1.1.1, 192.0.2.1', '192.0.2.1'],
    ['1.1.1.1, 192.0.2.1, 10.1.2.3', '192.0.2.1'],
    ['192.0.2.1:4000', '192.0.2.1'],
    ['[2001:db8::1]:4000', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['192.0.2.1, unknown', '127.0.0.1'],
    ['192.0.2.1, unknown, 10.1.2.3', '10.1.2.3'],
    ['', '127.0.0.1'],
    [undefined, '127.0.0.1'],
    ['[', '127.0.0.1'],
  ])('X-Forwarded-For: %s is %s', (value, address) => {
    expect(told(value, 'x-forwarded-for')).toBe(address);
  });

  test.each([
    ['for=192.0.2.1', '192.0.2.1'],
    ['for=1.1.1.1, proto=http;For="192.0.2.1:4000";by=10.0.0.1', '192.0.2.1'],
    ['for="[2001:db8::1]:4000"', '2001:db8::1'],
    ['for=_hidden', '127.0.0.1'],
    ['proto=http', '127.0.0.1'],
    ['for="192.0.2.1', '127.0.0.1'],
  ])('Forwarded: %s is %s', (value, address) => {
    expect(told(value, 'forwarded')).toBe(address);
  });

  test('is not read of a peer that is no trusted proxy', () => {
    expect(told('192.0.2.1', 'x-forwarded-for', '198.51.100.1')).toBe('198.51.100.1');
    expect(told('192.0.2.1', 'x-forwarded-for', '::ffff:127.0.0.1')).toBe('192.0.2.1');
  });

  test('decides whose limit a WebSocket counts for', async () => {
    const limits = { maxConnectionsPerAddress: 1 };
    const arena = await SecureArena.start(closing, ws, { trustProxy: 'loopback' }, { limits });
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const first = await arena.webSocket(from('192.0.2.1'));
    await ask(first, HANDSHAKE);
    expect(arena.server.getClientsArray()[0]?.remoteAddress).toBe('192.0.2.1');
    expect(await arena.refusal('metarhia-jstp', from('1.1.1.1, 192.0.2.1'))).toBe(503);
    await arena.webSocket(from('192.0.2.2'));
    // Without the option, the header is a stranger's word.
    const open = await SecureArena.start(closing, ws, {}, { limits });
    const liar = await open.webSocket(from('192.0.2.1'));
    await ask(liar, HANDSHAKE);
    expect(open.server.getClientsArray()[0]?.remoteAddress).toBe('127.0.0.1');
  });
});

describe('the function clientAddress', () => {
  test('tells the address of a socket, and of an upgrade request; its throw refuses the client, and is told', async () => {
    const limits = { maxConnectionsPerAddress: 1 };
    const overNet = await SecureArena.start(closing, net, { clientAddress: () => '192.0.2.1' }, { limits });
    const peer = await overNet.socket();
    peer.socket.write(`${HANDSHAKE}\0`);
    await waitFor(() => peer.text !== '', 'an answer');
    expect(overNet.server.getClientsArray()[0]?.remoteAddress).toBe('192.0.2.1');
    expect(await (await overNet.socket()).end()).toBe('');
    const refused: RefusedConnection[] = [];
    const clientAddress = (_socket: unknown, request?: IncomingMessage): string => {
      const address = request?.headers['cf-connecting-ip'];
      if (typeof address !== 'string') throw new Error('no address');
      return address;
    };
    const overWs = await SecureArena.start(closing, ws, { clientAddress }, { limits });
    overWs.server.on('connectionRefused', (refusal) => refused.push(refusal));
    await ask(await overWs.webSocket({ headers: { 'cf-connecting-ip': '192.0.2.3' } }), HANDSHAKE);
    expect(overWs.server.getClientsArray()[0]?.remoteAddress).toBe('192.0.2.3');
    expect(await overWs.refusal('metarhia-jstp')).toBe(503);
    const error = new Error('no address');
    expect(refused).toEqual([{ by: 'clientAddress', address: '127.0.0.1', count: 1, error }]);
  });

  test.each([
    ['net', net],
    ['ws', ws],
  ] as const)('that returns a Promise refuses the client, and is told, over %s', async (_name, entry) => {
    let asked = 0;
    const clientAddress = (): string => {
      asked += 1;
      const answer = asked === 1 ? Promise.resolve('192.0.2.1') : Promise.reject(new Error('no address'));
      return answer as unknown as string;
    };
    const arena = await SecureArena.start(closing, entry, { clientAddress });
    const refused: RefusedConnection[] = [];
    arena.server.on('connectionRefused', (refusal) => refused.push(refusal));
    for (let count = 1; count <= 2; count++) {
      if (entry === net) expect(await (await arena.socket()).end()).toBe('');
      else expect(await arena.refusal('metarhia-jstp')).toBe(503);
      await waitFor(() => refused.length === count, 'the refusal');
      expect(refused.at(-1)).toMatchObject({ by: 'clientAddress', address: '127.0.0.1', count });
      expect(String(refused.at(-1)?.error)).toContain(
        'clientAddress must be a function that returns the address',
      );
    }
  });

  test('of a socket tells what it throws, whatever that is', async () => {
    const thrower = (): string => {
      throw undefined;
    };
    const arena = await SecureArena.start(closing, net, { clientAddress: thrower });
    const refused: RefusedConnection[] = [];
    arena.server.on('connectionRefused', (refusal) => refused.push(refusal));
    expect(await (await arena.socket()).end()).toBe('');
    expect(refused).toEqual([{ by: 'clientAddress', address: '127.0.0.1', count: 1, error: undefined }]);
  });
});

test.each([
  [{ trustProxy: '10.0.0.0/33' }, 'trustProxy'],
  [{ trustProxy: 'localhost' }, 'trustProxy'],
  [{ trustProxy: [] }, 'trustProxy'],
  [{ trustProxy: true }, 'trustProxy'],
  [{ proxyProtocol: 'yes' }, 'proxyProtocol'],
  [{ clientAddress: '1.1.1.1' }, 'clientAddress'],
  [{ clientAddress: () => undefined, proxyProtocol: true }, 'clientAddress'],
  [{ transport: 'ws', forwardedHeader: 'x-real-ip' }, 'forwardedHeader'],
  [{ transport: 'net', forwardedHeader: 'forwarded' }, 'forwardedHeader'],
  [{ transport: 'ws', proxyProtocol: true }, 'options'],
])('%j is an error of %s', (options, option) => {
  expect(() => new JstpServer(options as object)).toThrow(expect.objectContaining({ option }));
});
