import { rmSync } from 'node:fs';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  net,
  SimpleConnectPolicy,
  tls,
  ws,
  type Connection,
  type Server,
} from '../../lib/core.js';
import { createMemoryEntry } from '../../lib/testing/index.js';
import { serverPair } from '../support/certificates.js';
import { Closing } from '../support/closing.js';
import { API, stopCore } from '../support/core.js';
import { LOOPBACK } from '../support/ports.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';
import { Arena, CHASER, guardProcess, HANDSHAKE } from './arena.js';
import { ask, Attacker, closeOf, SecureArena } from './secure-arena.js';

const LIMIT = 16 * 1024;
const TOO_LARGE = /^Message of more than 16384 bytes: that is limits\.maxHandshakeBytes of this side/;
const IN = /^\{handshake:\[0\],ok:'/;

const closing = new Closing();
guardProcess();
afterEach(() => closing.run());

/** A handshake of so many bytes. */
function handshakeOf(bytes: number): string {
  const start = "{handshake:[0,'app','',{padding:'";
  const end = "'}]}";
  return start + 'x'.repeat(bytes - start.length - end.length) + end;
}

/** What a stranger can be, over one transport. */
interface Stranger {
  readonly errors: readonly unknown[];
  /** Sends a text, and waits for the answer or the end. */
  ask(text: string): Promise<string>;
}

function overSocket(errors: readonly unknown[], { socket }: Attacker, attacker: Attacker): Stranger {
  return {
    errors,
    async ask(text) {
      const before = attacker.text.length;
      socket.write(`${text}\0`);
      const isAnswered = (): boolean => attacker.text.length > before && attacker.text.endsWith('\0');
      await waitFor(() => attacker.isEnded || isAnswered(), 'an answer or the end');
      return attacker.isEnded ? 'ended' : attacker.text.slice(before, -1);
    },
  };
}

/** A server behind the path of a socket (IPC). */
async function overPath(): Promise<Stranger> {
  const name = `jstp-${String(process.pid)}-${String(Math.random()).slice(2)}`;
  const isWindows = process.platform === 'win32';
  const address = isWindows ? `\\\\.\\pipe\\${name}` : path.join(tmpdir(), `${name}.sock`);
  const server: Server = net.createServer({ applications: [new Application<Connection>('app', API)] });
  const errors: unknown[] = [];
  server.on('connectionError', (error) => errors.push(error));
  closing.add(() => {
    if (!isWindows) rmSync(address, { force: true });
  });
  closing.add(() => stopCore(server));
  await within(new Promise<void>((resolve) => server.listen(address, resolve)), 'a server at a path');
  const socket: Socket = connectSocket({ path: address, allowHalfOpen: true });
  closing.add(() => socket.destroy());
  const attacker = new Attacker(socket);
  await waitFor(() => !socket.connecting, 'a socket at a path');
  return overSocket(errors, attacker, attacker);
}

const OVER: readonly [transport: string, open: () => Promise<Stranger>][] = [
  [
    'net',
    async () => {
      const arena = await SecureArena.start(closing, net);
      const attacker = await arena.socket();
      return overSocket(arena.errors, attacker, attacker);
    },
  ],
  ['a path (IPC)', overPath],
  [
    'tls',
    async () => {
      const arena = await SecureArena.start(closing, tls, serverPair);
      const attacker = await arena.secured();
      return overSocket(arena.errors, attacker, attacker);
    },
  ],
  [
    'ws',
    async () => {
      const arena = await SecureArena.start(closing, ws);
      const webSocket = await arena.webSocket();
      return { errors: arena.errors, ask: (text) => ask(webSocket, text).catch(() => 'ended') };
    },
  ],
];

describe.each(OVER)('before the handshake is done, over %s', (_transport, open) => {
  test('a handshake of limits.maxHandshakeBytes is read, and a larger message after it', async () => {
    const stranger = await open();
    expect(await stranger.ask(handshakeOf(LIMIT))).toMatch(IN);
    const text = 'x'.repeat(1024 * 1024);
    expect(await stranger.ask(`{call:[1,'echo'],back:['${text}']}`)).toBe(`{callback:[1],ok:['${text}']}`);
    expect(stranger.errors).toEqual([]);
  });

  test('one of a byte more ends the transport, and the server hears which limit that was', async () => {
    const stranger = await open();
    expect(await stranger.ask(handshakeOf(LIMIT + 1))).toBe('ended');
    await waitFor(() => stranger.errors.length > 0, 'the error');
    expect(stranger.errors).toEqual([
      expect.objectContaining({ name: 'OversizeError', message: expect.stringMatching(TOO_LARGE) }),
    ]);
  });
});

describe('of what a stranger sends', () => {
  test('no more than limits.maxHandshakeBytes are kept, whether its message ends or not', async () => {
    const arena = await Arena.start(closing);
    const peer = await arena.stranger();
    const text = handshakeOf(LIMIT + 1);
    peer.socket.write(text.slice(0, LIMIT));
    await arena.hasRead();
    expect(peer.ended).toBe(false);
    peer.socket.write('x');
    await arena.expectEnded(peer);
    expect(arena.errors).toContainEqual(expect.objectContaining({ name: 'OversizeError' }));
  });

  test('a WebSocket announces too much: it is closed with 1009 before the bytes have come', async () => {
    const arena = await SecureArena.start(closing, ws);
    const webSocket = await arena.webSocket();
    webSocket.send('x'.repeat(LIMIT + 1), { fin: false });
    expect(await closeOf(webSocket)).toBe(1009);
  });

  test('nothing larger is parsed where messages arrive whole, as in memory', async () => {
    const memory = createMemoryEntry();
    const server = memory.createServer({ applications: [new Application<Connection>('app', API)] });
    closing.add(() => stopCore(server));
    const errors: unknown[] = [];
    server.on('connectionError', (error) => errors.push(error));
    await within(new Promise<void>((resolve) => server.listen(0, resolve)), 'a server in memory');
    const { port } = server.address() as { port: number };
    const connectPolicy = new SimpleConnectPolicy('ann', 'x'.repeat(LIMIT));
    const connecting = memory.connect(
      'app',
      { connectPolicy, limits: { maxHandshakeBytes: Infinity } },
      port,
    );
    await expect(within(connecting, 'a refusal')).rejects.toMatchObject({ code: -2 });
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringMatching(TOO_LARGE) })]);
  });

  test('limits.maxMessageBytes holds, where it is less', async () => {
    const arena = await Arena.start(closing, { limits: { maxMessageBytes: 100 } });
    const peer = await arena.stranger();
    peer.send(handshakeOf(101));
    await peer.end();
    await waitFor(() => arena.errors.length > 0, 'the error');
    expect(String(arena.errors[0])).toContain('that is limits.maxMessageBytes of this side');
  });

  test('Infinity lets in as much as any message may have', async () => {
    const arena = await Arena.start(closing, {
      limits: { maxHandshakeBytes: Infinity, maxHandshakeDepth: Infinity },
    });
    const peer = await arena.guest(handshakeOf(1024 * 1024));
    expect(peer.messages[0]).toMatch(IN);
    const deep = await arena.guest(`{handshake:[0,'app'],anonymous:${'['.repeat(255)}${']'.repeat(255)}}`);
    expect(deep.messages[0]).toMatch(IN);
  });
});

describe('credentials', () => {
  const nested = (levels: number): string =>
    `{handshake:[0,'app'],anonymous:${'['.repeat(levels)}${']'.repeat(levels)}}`;

  test('may be as deep as limits.maxHandshakeDepth, the message itself being the first level', async () => {
    const arena = await Arena.start(closing);
    const peer = await arena.guest(nested(7));
    expect(peer.messages[0]).toMatch(IN);
  });

  test('end the transport where they are deeper', async () => {
    const arena = await Arena.start(closing);
    const peer = await arena.stranger();
    peer.send(nested(8), HANDSHAKE, CHASER);
    await arena.expectEnded(peer);
    expect(peer.messages).toEqual([]);
    expect(arena.errors).toContainEqual(expect.objectContaining({ code: 'ERR_JSTP_PROTOCOL' }));
  });
});

describe('before the handshake, only a handshake is parsed', () => {
  test.each(['call', 'callback', 'event', 'inspect', 'ping', 'stream', 'cancel', 'bye', 'anything'])(
    'of a message of the kind %s no more than the kind is read',
    async (kind) => {
      const arena = await Arena.start(closing);
      const logged: unknown[] = [];
      arena.server.on('log', (_connection, event, message) => {
        if (event === 'messageRejected' || event === 'incomingMessage') logged.push(message);
      });
      const peer = await arena.stranger();
      // No text of MDSF: whoever parsed it would find that out, and say so.
      peer.send(`{${kind}:]]]`, HANDSHAKE, CHASER);
      await peer.end();
      expect(logged).toEqual([{ [kind]: undefined }, { [kind]: undefined }]);
      expect(arena.errors).toEqual([]);
      await arena.expectServing();
      expect(arena.executed).not.toContain('chaser');
    },
  );
});

describe('a client', () => {
  /** A server that answers every handshake by a text. */
  async function rogue(answer: string): Promise<number> {
    const server = createServer((socket) => {
      const peer = new RawPeer(socket);
      closing.add(() => peer.destroy());
      socket.once('data', () => peer.send(answer));
    });
    closing.add(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    return (server.address() as { port: number }).port;
  }

  const answerOf = (bytes: number): string => {
    const [start, end] = ["{handshake:[0,null,{padding:'", "'}],ok:'id'}"] as const;
    return start + 'x'.repeat(bytes - start.length - end.length) + end;
  };

  test('takes an answer to its handshake of limits.maxHandshakeBytes', async () => {
    const connection = await within(
      net.connect('app', null, await rogue(answerOf(LIMIT)), LOOPBACK),
      'a client',
    );
    closing.add(() => connection.close());
    expect(connection.session?.id).toBe('id');
  });

  test('cuts a server off that answers by a byte more', async () => {
    const connecting = net.connect('app', null, await rogue(answerOf(LIMIT + 1)), LOOPBACK);
    await expect(within(connecting, 'a refusal')).rejects.toMatchObject({ code: -2 });
  });

  test('does not send a handshake that is larger: the error names the limit', async () => {
    const arena = await Arena.start(closing);
    const connectPolicy = new SimpleConnectPolicy('ann', 'x'.repeat(LIMIT));
    const connecting = net.connect('app', { connectPolicy }, arena.port, LOOPBACK);
    await expect(within(connecting, 'an error')).rejects.toMatchObject({
      code: 'ERR_JSTP_MESSAGE_TOO_LARGE',
      message: expect.stringContaining('limits.maxHandshakeBytes of this side'),
    });
  });
});
