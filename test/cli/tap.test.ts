import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { net, ws } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { startRawServer, reference } from '../support/jstp.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';
import { cli, started, type Running } from './fake-io.js';
import { caFile, chat, EVIL, fileOf, folder, serve, serveReference } from './world.js';
import { serverPair } from '../support/certificates.js';

const closing = new Closing();
afterEach(() => closing.run());

interface RunningTap extends Running {
  /** Where clients connect. */
  readonly address: string;
  readonly port: number;
  /** Ends it, and returns the lines that it has printed, without times. */
  end(): Promise<string[]>;
}

async function tap(upstream: string, ...argv: string[]): Promise<RunningTap> {
  const running = started(['tap', upstream, ...argv]);
  const { io, outcome } = running;
  closing.add(() => {
    io.signal('SIGINT');
    return outcome;
  });
  await waitFor(() => io.stderr.text.includes('Listening at'), 'the tap');
  const address = /Listening at (\S+),/.exec(io.stderr.text)?.[1] ?? '';
  const end = async (): Promise<string[]> => {
    io.signal('SIGINT');
    const { code, lines } = await outcome;
    expect(code).toBe(0);
    return lines.map((line) => line.replace(/^[\d:.]+ /, '').replace(/ \([\d.]+ ms\)$/, ''));
  };
  return { ...running, address, port: Number(/:(\d+)$/.exec(address)?.[1] ?? 0), end };
}

test('prints what both sides say, readable and without secrets', async () => {
  const { address, end } = await tap(await serve(closing));
  const call = [
    'call',
    `${address}/chat@^1.0.0`,
    '--login',
    'ann',
    'rooms.join',
    '-t',
    'kitchen',
    '-m',
    '{token: "geheim"}',
  ];
  expect(await cli(call, { env: { JSTP_PASSWORD: 'secret' } })).toMatchObject({
    code: 0,
    stdout: "'in kitchen'\n",
  });
  const lines = await end();
  expect(lines.join('\n')).not.toMatch(/secret|geheim|[0-9a-f]{32}/);
  expect(lines).toEqual([
    '#1 -- connected',
    "#1 -> handshake chat@^1.0.0 login '[credentials]' {stream, source, cancel, resume, bytes, attachments, bye, max}",
    "#1 <- handshake ok '[session]' {attachments, bytes, cancel, resume, source, stream, max}",
    "#1 -> 1 call rooms.join('kitchen') metadata {token: '[masked]'}",
    "#1 <- -1 event rooms.opened('kitchen')",
    "#1 <- -2 event people.entered('ann', 'kitchen')",
    "#1 <- 1 callback ok 'in kitchen'",
    '#1 -- the client has ended',
  ]);
});

test('clients may come by another transport than that of the server', async () => {
  const socket = path.join(folder(closing), 'tap.sock');
  const [cert, key] = [fileOf(closing, serverPair.cert), fileOf(closing, serverPair.key)];
  const listen = [
    ['ws://127.0.0.1:0'],
    ['wss://127.0.0.1:0', '--listen-cert', cert, '--listen-key', key],
    ['jstps://127.0.0.1:0', '--listen-cert', cert, '--listen-key', key],
    [socket],
  ];
  const upstreams = [
    [await serve(closing, 'wss'), '--ca', caFile(closing)],
    [await serve(closing)],
    [await serve(closing, 'ws')],
    [await serve(closing, 'jstps'), '--ca', caFile(closing)],
  ];
  for (const [index, [where, ...secure]] of listen.entries()) {
    const [upstream, ...trust] = upstreams[index];
    const { address, end } = await tap(upstream, ...trust, '--listen', where, ...secure);
    const ca = secure.length > 0 ? ['--ca', caFile(closing)] : [];
    const argv = ['call', address, '--app', 'chat', ...ca, 'math.add', '1', '2'];
    expect(await cli(argv)).toMatchObject({ code: 0, stdout: '3\n', stderr: '' });
    expect((await end()).length).toBeGreaterThan(4);
  }
});

test('a client and a server of @metarhia/jstp 2.3.0 talk through it', async () => {
  const { port, prints, end } = await tap(await serveReference(closing));
  const answer = await within(
    new Promise((resolve, reject) => {
      reference.net.connect(
        'chat',
        { reconnector: () => undefined },
        port,
        LOOPBACK,
        (error: unknown, connection: { callMethod(...args: unknown[]): void; close(): void }) => {
          if (error) reject(error);
          connection.callMethod('math', 'add', [2, 3], (_: unknown, sum: number) => {
            resolve(sum);
            connection.close();
          });
        },
      );
    }),
    'the sum',
  );
  expect(answer).toBe(5);
  await prints('the client has ended');
  expect(await end()).toContain('#1 -> 1 call math.add(2, 3)');
});

test('a cut connection resumes its session through it', async () => {
  const { port, end, prints } = await tap(await serve(closing));
  const reconnected = net.connect('chat', null, port, LOOPBACK);
  const connection = await within(reconnected, 'a connect');
  closing.add(() => connection.close());
  const back = new Promise((resolve) => {
    connection.once('reconnect', resolve);
  });
  (connection.getTransport() as Socket).destroy();
  await within(back, 'the resume');
  expect(await connection.callMethod('math', 'add', [1, 2])).toBe(3);
  await prints("session ['[session]', 0");
  connection.close();
  await end();
});

test('--json prints a value a line, and --full whole messages', async () => {
  const json = await tap(await serve(closing), '--json');
  await cli(['call', `${json.address}/chat`, 'math.add', '1', '2']);
  await json.prints('"closed"');
  json.io.signal('SIGINT');
  const told = (await json.outcome).lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told.find(({ message }) => JSON.stringify(message ?? '').includes('call"'))).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    connection: 1,
    from: 'client',
    bytes: 27,
    message: { call: [1, 'math'], add: [1, 2] },
  });
  const full = await tap(await serve(closing), '--full');
  await cli(['call', `${full.address}/chat`, 'math.add', '1', '2']);
  expect(await full.end()).toContain("#1 -> {call: [1, 'math'], add: [1, 2]}");
});

test('the headers of an upgrade request are passed on, and pings are shown where that is wanted', async () => {
  const requests: unknown[] = [];
  const server = ws.createServer({
    applications: [chat()],
    authPolicy: async (connection) => {
      requests.push(connection.getUpgradeRequest()?.headers);
      return null;
    },
  });
  server.listen(0, LOOPBACK);
  await once(server as never, 'listening');
  closing.add(() => server.close());
  const upstream = `ws://${LOOPBACK}:${(server.address() as { port: number }).port}`;
  const { address, end } = await tap(upstream, '--listen', 'ws://127.0.0.1:0', '--pings');
  const headers = fileOf(closing, 'Cookie: sid=geheim\nOrigin: https://example.org\n');
  expect(
    (
      await cli(['ping', `${address}/chat`, '--headers-file', headers, '--strategy', 'a'], {
        env: { JSTP_CREDENTIALS: 'x' },
      })
    ).code,
  ).toBe(4);
  expect((await end()).join('\n')).not.toContain('geheim');
  expect(requests).toEqual([
    expect.objectContaining({ cookie: 'sid=geheim', origin: 'https://example.org' }),
  ]);
});

test('what cannot be read is passed on, and neither printed nor a danger for the terminal', async () => {
  const got: string[] = [];
  const raw = createServer((socket) => {
    socket.on('data', (data) => got.push(data.toString()));
    socket.write(`{event:[-1,'a'],b:[${JSON.stringify(EVIL)}]}\0${EVIL}geheim\0`);
  });
  const { port: upstream } = await startRawServer(raw, closing);
  const { port, prints, end, io } = await tap(`jstp://${LOOPBACK}:${upstream}`);
  const socket = connect(port, LOOPBACK);
  closing.add(() => socket.destroy());
  socket.write("{handshake:[0,'a'],login:['geheim'\0");
  await waitFor(() => got.join('').includes("login:['geheim'\0"), 'what the server gets');
  await prints('-> 34 characters that are no message');
  socket.end(Buffer.from([0xff, 0]));
  await prints('the client has sent bytes that are no UTF-8');
  const text = (await end()).join('\n');
  expect(text).not.toContain('geheim');
  // eslint-disable-next-line no-control-regex -- It is what must not be there.
  expect(io.stdout.text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
});

test('many and large messages arrive whole and in order, while nobody reads what is printed', async () => {
  const { address, io, end } = await tap(await serve(closing));
  const blocked: (() => void)[] = [];
  const write = io.stdout._write.bind(io.stdout);
  let isBlocked = true;
  io.stdout._write = (chunk, encoding, done) => {
    if (isBlocked) blocked.push(() => write(chunk, encoding, done));
    else write(chunk, encoding, done);
  };
  const outcome = cli(['call', `${address}/chat`, 'rooms.total', '--stream-input', '--json'], {
    input: Array.from({ length: 1000 }, (_, n) => `${n}\n`).join(''),
  });
  await waitFor(() => blocked.length > 0, 'the first line');
  isBlocked = false;
  for (const go of blocked) go();
  expect(await outcome).toMatchObject({ code: 0, stdout: `${(999 * 1000) / 2}\n` });
  const large = JSON.stringify('x'.repeat(2_000_000));
  expect(
    (await cli(['call', `${address}/chat`, 'people.kick', '@-', '--json'], { input: large })).stdout,
  ).toBe(`${large}\n`);
  expect((await end()).length).toBeGreaterThan(1000);
});

test('a server that cannot be reached is told, and ends the client', async () => {
  const { address, end } = await tap(`jstp://${LOOPBACK}:${await reservedPort(closing)}`);
  expect((await cli(['ping', `${address}/chat`])).code).toBe(3);
  expect((await end()).join('\n')).toContain('ECONNREFUSED');
});

test('a place that is taken is an error', async () => {
  const place = await serve(closing);
  expect(await cli(['tap', place, '--listen', place])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('EADDRINUSE'),
  });
  expect((await cli(['tap', place, '--listen', 'jstps://127.0.0.1:0'])).code).toBe(2);
});
