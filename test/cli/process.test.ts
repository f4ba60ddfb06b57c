import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { bundleProgram, killProgram } from '../support/bundled-program.js';
import { Closing } from '../support/closing.js';
import { waitFor, within } from '../support/wait-for.js';
import { noticed, serve } from './world.js';

const closing = new Closing();
let program: string;
let address: string;

beforeAll(async () => {
  program = await bundleProgram({ file: 'lib/cli/main.ts' }, closing);
  address = `${await serve(closing)}/chat`;
});
beforeEach(() => {
  noticed.cancelled.length = 0;
});
afterAll(() => closing.run());

function start(argv: readonly string[]): ChildProcess {
  const env = { ...process.env, NODE_ENV: 'production', NODE_COMPILE_CACHE: '', JSTP_PASSWORD: 'secret' };
  const child = spawn(process.execPath, [program, ...argv], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  closing.add(() => killProgram(child));
  return child;
}

async function outcome({ stdout, stderr }: ChildProcess): Promise<[stdout: string, stderr: string]> {
  if (!stdout || !stderr) throw new Error('A pipe is missing');
  return within(Promise.all([text(stdout), text(stderr)]), 'the output');
}

test('runs as a process, whose standard input stays open, and in production, too', async () => {
  const child = start(['call', '--login', 'ann', address, 'math.add', '1', '2', '--verbose']);
  const closed = once(child, 'close');
  const [stdout, stderr] = await outcome(child);
  expect(stdout).toBe('3\n');
  expect(stderr).toContain('-> 1 call math.add(1, 2)');
  expect(await within(closed, 'the end')).toEqual([0, null]);
});

test('SIGINT ends a stream at the server, and the process with 130', async () => {
  const child = start(['call', address, 'rooms.follow', '--json']);
  const closed = once(child, 'close');
  if (!child.stdout) throw new Error('A pipe is missing');
  child.stdout.resume();
  await within(once(child.stdout, 'data'), 'the first value');
  child.kill('SIGINT');
  await waitFor(() => noticed.cancelled.includes('follow'), 'the cancel at the server');
  expect(await within(closed, 'the end')).toEqual([130, null]);
});

test('a reader that leaves, as head does, ends a stream without an error', async () => {
  const child = start(['call', address, 'rooms.follow']);
  const closed = once(child, 'close');
  if (!child.stdout || !child.stderr) throw new Error('A pipe is missing');
  const errors = text(child.stderr);
  await within(once(child.stdout, 'data'), 'the first value');
  child.stdout.destroy();
  expect(await within(closed, 'the end')).toEqual([0, null]);
  expect(await errors).toBe('');
  await waitFor(() => noticed.cancelled.includes('follow'), 'the cancel at the server');
});
