import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { Closing } from '../support/closing.js';
import { startRawServer } from '../support/jstp.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { waitFor } from '../support/wait-for.js';
import { cli, started } from './fake-io.js';
import { caFile, EVIL, fileOf, noticed, serve, serveReference } from './world.js';

const closing = new Closing();
let address: string;

beforeEach(async () => {
  for (const list of Object.values(noticed) as unknown[][]) list.length = 0;
  address = `${await serve(closing)}/chat`;
});
afterEach(() => closing.run());

test.each(['jstp', 'jstps', 'ws', 'wss', 'path'] as const)('calls a method over %s', async (transport) => {
  const place = await serve(closing, transport);
  const app = transport === 'path' ? ['--app', 'chat'] : [];
  const secure = transport === 'jstps' || transport === 'wss' ? ['--ca', caFile(closing)] : [];
  const named = transport === 'path' ? place : `${place}/chat@^1.0.0`;
  expect(await cli(['call', named, ...app, ...secure, 'math.add', '2', '-3'])).toMatchObject({
    code: 0,
    stdout: '-1\n',
    stderr: '',
  });
});

test('calls methods of @metarhia/jstp 2.3.0, and tells its errors', async () => {
  const old = `${await serveReference(closing)}/chat@^1.0.0`;
  expect(await cli(['call', old, 'math.add', '2', '3'])).toMatchObject({ code: 0, stdout: '5\n' });
  const failed = await cli(['call', old, 'math.fail']);
  expect(failed).toMatchObject({ code: 5, stdout: '' });
  expect(failed.stderr).toBe('Error: Division by zero (1010)\n  info: 7\n');
  const told = await cli(['call', old, 'math.fail', '--json']);
  expect(JSON.parse(told.stderr)).toEqual({
    error: { message: 'Division by zero', code: 1010, info: [7], exitCode: 5 },
  });
});

test('prints the values of a stream, as MDSF for people and as JSON for pipes', async () => {
  const forPeople = await cli(['call', address, 'rooms.history', '--text', 'kitchen']);
  expect(forPeople.lines).toEqual(["{who: 'ann', text: 'hello'}", "{who: 'bob', text: 'hi'}"]);
  const forPipes = await cli(['call', address, 'rooms.history', '"kitchen"', '--json']);
  expect(forPipes.lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { who: 'ann', text: 'hello' },
    { who: 'bob', text: 'hi' },
  ]);
});

test('an interrupt cancels a stream at the server, and is told by the exit code', async () => {
  const { io, outcome, prints } = started(['call', address, 'rooms.follow']);
  await prints('100\n');
  io.signal('SIGINT');
  expect((await outcome).code).toBe(130);
  await waitFor(() => noticed.cancelled.includes('follow'), 'the cancel at the server');
});

test('a reader that closes the pipe ends a stream, without an error', async () => {
  const { io, outcome, prints } = started(['call', address, 'rooms.follow']);
  await prints('10\n');
  io.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(await outcome).toMatchObject({ code: 0, stderr: '' });
  await waitFor(() => noticed.cancelled.includes('follow'), 'the cancel at the server');
});

test('nothing that a peer sends reaches a terminal as a control character', async () => {
  for (const argv of [['--json'], [], ['--raw'], ['-v']]) {
    const terminals = ['stdout', 'stderr'] as const;
    const { code, stdout, stderr } = await cli(['call', address, 'rooms.evil', ...argv], {
      terminals,
      env: { NO_COLOR: '1' },
    });
    expect(code).toBe(0);
    // eslint-disable-next-line no-control-regex -- It is what must not be there.
    expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
  }
  const { stdout } = await cli(['call', address, 'rooms.evil', '--json']);
  expect(JSON.parse(stdout)).toEqual({ [EVIL]: EVIL, list: [EVIL] });
});

test('--raw writes strings and bytes as they are to a pipe', async () => {
  expect((await cli(['call', address, 'rooms.bytes', '--raw'])).stdout).toBe('\x01\x02\xff');
  expect((await cli(['call', address, 'rooms.bytes'])).stdout).toBe('`AQL/`\n');
  expect((await cli(['call', address, 'rooms.bytes', '--json'])).stdout).toBe('"AQL/"\n');
});

test('a method without a result prints nothing', async () => {
  expect(await cli(['call', address, 'rooms.nothing'])).toMatchObject({ code: 0, stdout: '' });
});

test('colours are for terminals alone, and not where NO_COLOR is set', async () => {
  const call = ['call', address, 'math.add', '1', '2'];
  expect((await cli(call, { terminals: ['stdout'] })).stdout).toBe('\x1b[33m3\x1b[0m\n');
  expect((await cli(call, { terminals: ['stdout'], env: { NO_COLOR: '1' } })).stdout).toBe('3\n');
});

test('arguments come from a file, from the standard input, or as a stream of its lines', async () => {
  const file = fileOf(closing, '{a: 1} // a comment');
  expect((await cli(['call', address, 'people.kick', `@${file}`])).stdout).toBe('{a: 1}\n');
  expect((await cli(['call', address, 'people.kick', '@-'], { input: '[1, 2]' })).stdout).toBe('[1, 2]\n');
  const lines = await cli(['call', address, 'rooms.total', '--stream-input'], { input: '1\n2\n\n39\n' });
  expect(lines.stdout).toBe('42\n');
});

test('a line of a streamed input that is no value fails the call, and names the line', async () => {
  const { code, stderr } = await cli(['call', address, 'rooms.total', '--stream-input'], { input: '1\n{\n' });
  expect(code).toBe(2);
  expect(stderr).toContain('Line 2 of the standard input is no value');
});

test('metadata is sent, from a file too', async () => {
  const file = fileOf(closing, '{"token": "geheim"}');
  await cli(['call', address, 'rooms.tell', '-m', '{tenant: "acme"}']);
  await cli(['call', address, 'rooms.tell', '-m', `@${file}`]);
  expect(noticed.metadata).toEqual([{ tenant: 'acme' }, { token: 'geheim' }]);
});

test.each([
  ['no value', ['math.add', 'two'], 'A string needs quotes'],
  ['no metadata', ['math.add', '-m', '1'], 'The metadata must be an object'],
  [
    'no time',
    ['math.add', '--timeout', 'soon'],
    '--timeout must be a time as 500ms, 10s or 2m, but is "soon"',
  ],
  ['an unknown option', ['math.add', '--jsno'], 'Did you mean --json?'],
  ['a file that is not there', ['math.add', '@/none'], '"/none" cannot be read: ENOENT'],
  ['TLS options without TLS', ['math.add', '--insecure'], '--insecure is for jstps:// and wss://'],
])('%s is an error of the command line', async (_, argv, text) => {
  const { code, stdout, stderr } = await cli(['call', address, ...argv]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(text);
});

test('exit codes tell what has failed', async () => {
  const closed = await reservedPort(closing);
  expect((await cli(['call', `jstp://${LOOPBACK}:${closed}/chat`, 'a.b'])).code).toBe(3);
  expect((await cli(['call', address.replace('/chat', '/none'), 'a.b'])).code).toBe(4);
  expect((await cli(['call', address, 'math.none'])).code).toBe(5);
  expect((await cli(['call', address, 'rooms.wait', '--timeout', '50ms'])).code).toBe(6);
  const { code, stderr } = await cli(['call', (await serve(closing, 'wss')) + '/chat', 'math.add', '1', '2']);
  expect(code).toBe(3);
  expect(stderr).toContain('--ca FILE');
});

test('a server that accepts and stays silent is given up in time', async () => {
  const { port } = await startRawServer(createServer(), closing);
  const { code, stderr } = await cli([
    'call',
    `jstp://${LOOPBACK}:${port}/chat`,
    'a.b',
    '--timeout',
    '100ms',
  ]);
  expect([3, 6]).toContain(code);
  expect(stderr).toContain(`jstp://${LOOPBACK}:${port}`);
});

test('a connection that is lost during a call is told as such', async () => {
  const { port, sockets } = await startRawServer(
    createServer((socket) => {
      socket.on('data', (data) => {
        if (data.includes('handshake')) socket.write("{handshake:[0],ok:'id'}\0");
        else for (const each of sockets) each.destroy();
      });
    }),
    closing,
  );
  const { code, stderr } = await cli(['call', `jstp://${LOOPBACK}:${port}/chat`, 'a.b']);
  expect(code).toBe(3);
  expect(stderr).toContain('The connection was lost before the answer came');
});

test('an interrupt while it connects ends at once', async () => {
  const { port, sockets } = await startRawServer(createServer(), closing);
  const { io, outcome } = started(['call', `jstp://${LOOPBACK}:${port}/chat`, 'a.b']);
  await waitFor(() => sockets.size > 0, 'the connection');
  io.signal('SIGTERM');
  expect((await outcome).code).toBe(143);
});

test('--verbose prints the messages without their secrets', async () => {
  const { stderr } = await cli(
    ['call', '--login', 'ann', address, '-v', 'rooms.tell', '-m', '{token: "geheim", tenant: "acme"}'],
    { env: { JSTP_PASSWORD: 'secret' } },
  );
  expect(noticed.logins).toEqual([['login', ['ann', 'secret']]]);
  expect(stderr).toContain("call rooms.tell() metadata {token: '[masked]', tenant: 'acme'}");
  expect(stderr).not.toMatch(/secret|geheim|[0-9a-f]{32}/);
});
