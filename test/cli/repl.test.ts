import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { complete } from '../../lib/cli/repl/completer.js';
import { readStatement } from '../../lib/cli/repl/statement.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { cli, started, type Running } from './fake-io.js';
import { folder, noticed, serve, serveReference } from './world.js';

const closing = new Closing();
let address: string;

beforeEach(async () => {
  for (const list of Object.values(noticed) as unknown[][]) list.length = 0;
  address = `${await serve(closing)}/chat`;
});
afterEach(() => closing.run());

/** Starts a repl at a terminal. */
function terminal(argv: readonly string[], env: Record<string, string> = {}): Running {
  const running = started(['repl', ...argv], {
    terminals: ['stdin', 'stdout', 'stderr'],
    env: { NO_COLOR: '1', TERM: 'xterm', JSTP_HISTORY: '', ...env },
  });
  closing.add(() => {
    running.io.stdin.end();
    return running.outcome;
  });
  return running;
}

test('reads calls, events and commands from a pipe, over several lines', async () => {
  const input = [
    "rooms.join('kitchen')",
    'math.add(1,',
    '  // a comment',
    '  2)',
    'call math.add 3, 4',
    'call math add 5, 6',
    'emit rooms.typing "ann"',
    'event rooms typing "bob"',
    '{a: 1}',
    'math.add(1 2)',
    'math.none()',
    'people.kick({"json": [1, 2]});',
    'ping',
    'inspect math',
    'exit',
    'math.add(100, 200)',
  ];
  const { code, lines, stderr } = await cli(['repl', address], { input: input.join('\n') });
  expect(code).toBe(0);
  expect(
    lines.filter((line) => !line.startsWith('rooms.opened') && !line.startsWith('people.entered')),
  ).toEqual([
    "'in kitchen'",
    '3',
    '7',
    '11',
    '{json: [1, 2]}',
    expect.stringMatching(/^[\d.]+ ms$/),
    'chat',
    'math',
    '  method  add',
  ]);
  expect(lines).toContain("rooms.opened 'kitchen'");
  expect(noticed.events).toEqual(['ann', 'bob']);
  expect(stderr).toContain('"{a: 1}" is no call and no command');
  expect(stderr).toContain("',' or ']' expected");
  expect(stderr).toContain('Method not found');
});

test('talks to @metarhia/jstp 2.3.0, and to one server after the other', async () => {
  const old = `${await serveReference(closing)}/chat`;
  const input = `math.add(1, 2)\nconnect ${old}\nmath.add(3, 4)\ndisconnect\nmath.add(5, 6)\n`;
  const { lines, stderr } = await cli(['repl', address], { input });
  expect(lines).toEqual(['3', '7']);
  expect(stderr).toContain('Not connected');
});

test.each([
  'math.add(1, {',
  'math.add("',
  "call a.b [1, 'x",
  'emit a.b {a: `QQ',
  'math.add(1',
  'call a.b /* c',
])('the statement %j goes on', (text) => {
  expect(readStatement(text)).toBeUndefined();
});

test.each([
  ["a.b.c('x', 1)", { kind: 'call', interfaceName: 'a.b', name: 'c', args: ['x', 1] }],
  ["a.b(')')", { kind: 'call', interfaceName: 'a', name: 'b', args: [')'] }],
  ['a.b()', { kind: 'call', args: [] }],
  ['call a.b', { kind: 'call', interfaceName: 'a', name: 'b', args: [] }],
  ['call a b', { kind: 'call', interfaceName: 'a', name: 'b', args: [] }],
  ['call join true', { kind: 'call', interfaceName: 'default', name: 'join', args: [true] }],
  ['emit a.b(1)', { kind: 'emit', interfaceName: 'a', name: 'b', args: [1] }],
  ['  ', { kind: 'nothing' }],
  ['quit', { kind: 'command', name: 'exit' }],
  ['inspect a b', { kind: 'command', name: 'inspect', words: ['a', 'b'] }],
])('reads the statement %j', (text, expected) => {
  expect(readStatement(text)).toMatchObject(expected);
});

test('completes words, interfaces and methods, and no name that a terminal would act on', async () => {
  const names = {
    interfaces: async () => ['rooms', 'rooms2', '\x1b[2J', 'with blank'],
    methods: async (name: string) => (name === 'rooms' ? ['join', 'join\x07', 'leave'] : []),
  };
  expect(await complete('ro', names)).toEqual([['rooms.', 'rooms2.'], 'ro']);
  expect(await complete('rooms.', names)).toEqual([['rooms.join(', 'rooms.leave('], 'rooms.']);
  expect(await complete('call rooms.j', names)).toEqual([['rooms.join'], 'rooms.j']);
  expect(await complete('inspect r', names)).toEqual([['rooms', 'rooms2'], 'r']);
  expect(await complete('dis', names)).toEqual([['disconnect'], 'dis']);
  expect(await complete('rooms.join(', names)).toEqual([[], '']);
});

test('the tabulator completes what the server tells by introspection', async () => {
  const { io, prints } = terminal([address]);
  await prints('chat> ');
  io.stdin.write('math.\t');
  await prints('math.add(');
  io.stdin.write('1, 2)\r');
  await prints('\n3\n');
});

test('Ctrl-C ends a call, then what is typed, then the repl', async () => {
  const { io, outcome, prints } = terminal([address]);
  await prints('chat> ');
  io.stdin.write('rooms.follow()\r');
  await prints('100\n');
  io.stdin.write('\x03');
  await waitFor(() => noticed.cancelled.includes('follow'), 'the cancel at the server');
  io.stdin.write('math.add(1,\r');
  await prints('... ');
  io.stdin.write('\x03math.add(4, 5)\r');
  await waitFor(() => /\n9\n.*chat> \S*$/s.test(io.stdout.text), 'the next question');
  io.stdin.write('\x03');
  expect((await outcome).code).toBe(0);
});

test('keeps a history that its owner alone can read, without lines that may hold a secret', async () => {
  const file = path.join(folder(closing), 'history');
  writeFileSync(file, 'inspect rooms\n');
  chmodSync(file, 0o644);
  const { io, outcome, prints } = terminal([address], { JSTP_HISTORY: file });
  await prints('chat> ');
  const lines = [
    'math.add(1, 2)',
    "auth.login('ann', 'geheim')",
    'people.kick({',
    '  password: "geheim"',
    '})',
    ' math.add(7, 7)',
    'math.add(8, 8)',
  ];
  for (const line of lines) io.stdin.write(`${line}\r`);
  await prints('16\n');
  io.stdin.write('\x04');
  expect((await outcome).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe('inspect rooms\nmath.add(1, 2)\nmath.add(8, 8)\n');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const next = terminal([address], { JSTP_HISTORY: file });
  await next.prints('chat> ');
  next.io.stdin.write('\x1b[A\r');
  await next.prints('16\n');
});

test('leaves alone what is no file, as /dev/null, in the place of a history', async () => {
  const file = path.join(folder(closing), 'pipe');
  execFileSync('mkfifo', ['-m', '666', file]);
  // Opened for both, so that nobody waits for the other side.
  const opened = openSync(file, 'r+');
  closing.add(() => closeSync(opened));
  const { io, outcome, prints } = terminal([address], { JSTP_HISTORY: file });
  await prints('chat> ');
  io.stdin.write('\x04');
  expect((await outcome).code).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o666);
});

test('a history that cannot be kept is told, and disturbs nothing', async () => {
  const file = path.join(folder(closing), 'none', 'history');
  const { io, prints } = terminal([address], { JSTP_HISTORY: file });
  await prints('chat> ');
  io.stdin.write('math.add(1, 2)\r');
  await prints('\n3\n');
  expect(io.stderr.text).toContain('The history is not kept: ENOENT');
  expect(existsSync(file)).toBe(false);
});
