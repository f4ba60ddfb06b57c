import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import {
  acceptedSocket,
  heldBytes,
  isMidMessage,
  joinChunks,
  latin1Slice,
  peerAddress,
  readInto,
  setMaxPayload,
  takenBytes,
  unwrittenBytes,
  utf8Slice,
  writesAtOnce,
} from '../../lib/transport/node-internals.js';
import { unacknowledgedBytes } from '../../lib/transport/unacknowledged-bytes.js';

import { serverPair } from '../support/certificates.js';
import { Closing } from '../support/closing.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** Larger than what the system takes for a peer that reads nothing. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'a');

interface Connected {
  readonly client: net.Socket;
  readonly accepted: net.Socket;
}

async function connected(address: object = { port: 0, host: '127.0.0.1' }): Promise<Connected> {
  const server = net.createServer({ pauseOnConnect: true });
  server.listen(address);
  await once(server, 'listening');
  const bound = server.address();
  const client =
    typeof bound === 'string' ? net.connect(bound) : net.connect(bound?.port ?? 0, bound?.address);
  closing.add(() => {
    client.destroy();
    server.close();
  });
  const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [net.Socket],
    unknown,
  ];
  closing.add(() => accepted.destroy());
  return { client, accepted };
}

/** A TLS connection: the socket that the server accepted, and the TLS socket that Node has made of it. */
async function secured(): Promise<{ accepted: net.Socket; wrapping: tls.TLSSocket; client: tls.TLSSocket }> {
  const server = tls.createServer(serverPair);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  closing.add(() => {
    client.destroy();
    server.close();
  });
  const [[accepted], [wrapping]] = (await Promise.all([
    once(server, 'connection'),
    once(server, 'secureConnection'),
  ])) as [[net.Socket], [tls.TLSSocket]];
  closing.add(() => wrapping.destroy());
  return { accepted, wrapping, client };
}

/** Asks until the system tells what is wanted. */
async function unacknowledged(socket: net.Socket, isWanted: (bytes: number) => boolean): Promise<void> {
  await waitFor(
    async () => socket.destroyed || isWanted((await unacknowledgedBytes(socket)) ?? NaN),
    'what the system is to tell',
  );
}

async function ipcPath(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'jstp-'));
  closing.add(() => rm(folder, { recursive: true }));
  return path.join(folder, 'socket');
}

describe("what is used of Node's private parts", () => {
  test('latin1Slice and utf8Slice decode a part of a plain Uint8Array', () => {
    const bytes = new TextEncoder().encode('ascii, héllo €');
    expect(latin1Slice(bytes, 0, 5)).toBe('ascii');
    expect(utf8Slice(bytes, 7, bytes.length)).toBe('héllo €');
    expect(utf8Slice(bytes, 0, 0)).toBe('');
  });

  test('the address of a peer is the one that Node tells, and Node keeps no object for it', async () => {
    const { client, accepted } = await connected();
    expect([peerAddress(client), peerAddress(accepted)]).toEqual(['127.0.0.1', '127.0.0.1']);
    for (const socket of [client, accepted]) expect(socket).not.toHaveProperty('_peername.address');
    expect([client.remoteAddress, accepted.remoteAddress]).toEqual(['127.0.0.1', '127.0.0.1']);
    // What the test above looks at is where Node keeps it.
    for (const socket of [client, accepted]) expect(socket).toHaveProperty('_peername.address');
  });

  test('the address of a peer is known by its socket, whoever was asked before', async () => {
    const one = await connected();
    const two = await connected({ port: 0, host: '127.0.0.2' });
    const asked = [one.client, two.client, two.client, two.client, one.client, one.client].map(peerAddress);
    const [first, second] = ['127.0.0.1', '127.0.0.2'];
    expect(asked).toEqual([first, second, second, second, first, first]);
    expect(peerAddress(two.client)).toBe(second);
    two.client.destroy();
    expect(peerAddress(two.client)).toBeUndefined();
  });

  test('the address of the peer of a TLS socket is the one that Node tells', async () => {
    const { wrapping, client } = await secured();
    expect([peerAddress(wrapping), peerAddress(client)]).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  test('an IPC peer has no address, and neither has that of a closed socket', async () => {
    const { client, accepted } = await connected({ path: await ipcPath() });
    expect([peerAddress(client), peerAddress(accepted)]).toEqual([undefined, undefined]);
    const { client: closed } = await connected();
    closed.destroy();
    expect(peerAddress(closed)).toBeUndefined();
  });

  test('the bytes that the system has taken are those that were written without those that wait', async () => {
    const { client, accepted } = await connected();
    client.write('few');
    expect(takenBytes(client)).toBe(3);
    client.write(LARGE);
    client.write(LARGE);
    const taken = takenBytes(client);
    expect(taken).toBe(3 + LARGE.length - unwrittenBytes(client));
    accepted.resume();
    await once(client, 'drain');
    expect(takenBytes(client)).toBe(3 + 2 * LARGE.length);
    // Where libuv does not tell.
    const other = { bytesWritten: 10, writableLength: 4 } as typeof client;
    expect(takenBytes(other)).toBe(6);
  });

  test('the unwritten bytes are those that the system has not taken, down to none when the peer reads', async () => {
    const { client, accepted } = await connected();
    expect(unwrittenBytes(client)).toBe(0);
    client.write(LARGE);
    const waiting = unwrittenBytes(client);
    expect(waiting).toBeGreaterThan(0);
    expect(waiting).toBeLessThanOrEqual(LARGE.length);
    const drained = once(client, 'drain');
    accepted.resume();
    await waitFor(() => unwrittenBytes(client) < waiting, 'the peer to read some');
    await drained;
    expect(unwrittenBytes(client)).toBe(0);
    client.destroy();
    expect(unwrittenBytes(client)).toBe(0);
  });

  test('the accepted socket of a TLS socket is the one of the event of its server, a plain one is its own', async () => {
    const { accepted, wrapping } = await secured();
    expect(acceptedSocket(wrapping)).toBe(accepted);
    expect(acceptedSocket(accepted)).toBe(accepted);
  });

  test('a plain socket writes at once: what the system has taken is gone when the write returns', async () => {
    const { client, accepted } = await connected();
    expect(writesAtOnce(client)).toBe(true);
    const bytes = Buffer.from('first');
    client.write(bytes);
    expect(client.writableLength).toBe(0);
    bytes.fill('x');
    const [chunk] = (await once(accepted.resume(), 'data')) as [Buffer];
    expect(chunk.toString()).toBe('first');
  });

  test('a TLS socket does not write at once, nor does one with a method of somebody else', async () => {
    const { wrapping, client } = await secured();
    expect([writesAtOnce(wrapping), writesAtOnce(client)]).toEqual([false, false]);
    const { client: replaced } = await connected();
    const { write } = replaced;
    replaced.write = (...args: unknown[]) => Reflect.apply(write, replaced, args);
    expect(writesAtOnce(replaced)).toBe(false);
    const { client: deeper } = await connected();
    deeper._write = (_chunk, _encoding, callback) => callback();
    expect(writesAtOnce(deeper)).toBe(false);
  });

  test('a socket reads into the memory that it is given for each read, stops where it is paused, and ends', async () => {
    const { client, accepted } = await connected();
    const memories = ['....', '......'].map((text) => Buffer.from(text));
    const reads: string[] = [];
    let ended = false;
    accepted.on('end', () => (ended = true));
    let next = 0;
    const memoryOf = (): Buffer => memories[next++ % 2];
    expect(readInto(accepted, memoryOf, (count, memory) => reads.push(`${count} ${String(memory)}`))).toBe(
      true,
    );
    accepted.resume();
    client.write('abcdefghijk');
    await waitFor(() => reads.length === 3, 'three reads');
    expect(reads).toEqual(['4 abcd', '6 efghij', '1 kbcd']);
    accepted.pause();
    client.write('lm');
    await unacknowledged(client, (bytes) => bytes === 0);
    expect(reads).toHaveLength(3);
    accepted.resume();
    await waitFor(() => reads.length === 4, 'the read that has waited');
    expect(reads[3]).toBe('2 lmghij');
    client.end();
    await waitFor(() => ended, 'the end');
    expect(accepted.bytesRead).toBe(13);
  });

  test('a TLS socket, one with bytes that wait, and one that is closed are not given memory', async () => {
    const { wrapping } = await secured();
    const { client, accepted } = await connected();
    const given = jest.fn(() => Buffer.alloc(1));
    expect(readInto(wrapping, given, given)).toBe(false);
    client.write('a');
    accepted.read(0);
    await waitFor(() => accepted.readableLength === 1, 'a byte that waits');
    expect(readInto(accepted, given, given)).toBe(false);
    accepted.destroy();
    expect(readInto(accepted, given, given)).toBe(false);
    expect(given).not.toHaveBeenCalled();
  });

  test('what a WebSocket of ws receives at most can be set, and is told; of another object nothing', () => {
    const webSocket = { _receiver: { _maxPayload: 10 } };
    expect(setMaxPayload(webSocket, 5)).toBe(10);
    expect(webSocket).toEqual({ _receiver: { _maxPayload: 5 } });
    for (const other of [{}, { _receiver: undefined }, { _receiver: {} }]) {
      const before = JSON.stringify(other);
      expect(setMaxPayload(other, 5)).toBeUndefined();
      expect(JSON.stringify(other)).toBe(before);
    }
  });

  test('a WebSocket of ws tells whether a message has come in part; another object tells nothing', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const client = new WebSocket(`ws://127.0.0.1:${String(port)}`);
    const [[accepted, { socket }]] = (await Promise.all([
      once(server, 'connection'),
      once(client, 'open'),
    ])) as [[WebSocket, { socket: net.Socket }], unknown];
    closing.add(() => {
      client.terminate();
      server.close();
    });
    const steps: boolean[] = [];
    const held: number[] = [];
    socket.on('data', () => {
      steps.push(isMidMessage(accepted));
      held.push(heldBytes(accepted));
    });
    // Unmasked bytes would break the rules: a mask of zeros leaves the text as it is.
    for (const bytes of [
      [0x81, 0x82],
      [0, 0, 0, 0],
      [0x68],
      [0x69],
      [0x01, 0x81, 0, 0, 0, 0, 0x68],
      [0x80, 0x81, 0, 0, 0, 0, 0x69],
    ]) {
      const { length } = steps;
      (client as unknown as { _socket: net.Socket })._socket.write(Buffer.from(bytes));
      await waitFor(() => steps.length > length, 'the bytes');
    }
    expect(steps).toEqual([true, true, true, false, true, false]);
    expect(held).toEqual([0, 0, 1, 0, 1, 0]);
    for (const other of [{}, { _receiver: undefined }, { _receiver: {} }]) {
      expect([isMidMessage(other), heldBytes(other)]).toEqual([false, 0]);
      expect(() => joinChunks(other)).not.toThrow();
    }
  });

  test('the chunks of a frame that come one by one are joined, and each byte stays in its place', () => {
    const chunks: Buffer[] = [];
    const expected: Buffer[] = [];
    let most = 0;
    for (let count = 0; count < 100_000; count++) {
      const chunk = count % 1000 === 999 ? Buffer.alloc(70_000, count % 251) : Buffer.from([count % 256]);
      chunks.push(chunk);
      expected.push(chunk);
      joinChunks({ _receiver: { _buffers: chunks } });
      most = Math.max(most, chunks.length);
    }
    // Each of the hundred large ones, those between them, and the last ones.
    expect(most).toBeLessThanOrEqual(2 * 100 + 2 * 256);
    expect(Buffer.concat(chunks).equals(Buffer.concat(expected))).toBe(true);
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;

  onLinux(
    'Linux tells the bytes that a peer has not acknowledged, and none once it has read all',
    async () => {
      const { client, accepted } = await connected();
      client.write(LARGE);
      await within(
        unacknowledged(client, (bytes) => bytes > 0),
        'bytes that the system holds',
      );
      const drained = once(client, 'drain');
      accepted.resume();
      await drained;
      await within(
        unacknowledged(client, (bytes) => bytes === 0),
        'the peer to have read all',
      );
    },
  );

  test('nothing is told of the unacknowledged bytes of an IPC socket, or of a closed one', async () => {
    const { client } = await connected({ path: await ipcPath() });
    expect(await unacknowledgedBytes(client)).toBeUndefined();
    client.destroy();
    expect(await unacknowledgedBytes(client)).toBeUndefined();
  });
});
