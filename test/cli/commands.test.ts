import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { COMMANDS } from '../../lib/cli/commands.js';
import { startService } from '../nest/server/fixture.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { waitFor } from '../support/wait-for.js';
import { cli, started } from './fake-io.js';
import { noticed, serve, serveReference } from './world.js';

const closing = new Closing();
let address: string;

beforeEach(async () => {
  noticed.events.length = 0;
  address = `${await serve(closing)}/chat`;
});
afterEach(() => closing.run());

test('the help names all commands, and each command explains itself', async () => {
  const { code, stdout } = await cli(['--help']);
  expect(code).toBe(0);
  for (const name of Object.keys(COMMANDS)) {
    expect(stdout).toContain(`  ${name} `);
    const help = await cli([name, '--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`^Usage: nestjs-jstp ${name} `));
    expect(help.lines.filter((line) => line.length > 100)).toEqual([]);
  }
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8'),
  ) as {
    version: string;
  };
  expect(await cli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

test.each([
  [[], 'Usage: nestjs-jstp COMMAND'],
  [['--json'], 'There is no option --json'],
  [['calll'], 'Did you mean call?'],
  [['__proto__'], 'There is no command'],
  [['call', 'jstp://localhost'], 'An argument is missing'],
  [['ping', 'jstp://localhost', 'more'], 'There is an argument too many: "more"'],
])('%j is an error of the command line', async (argv, text) => {
  const { code, stderr } = await cli(argv);
  expect(code).toBe(2);
  expect(stderr).toContain(text);
});

test('emit sends an event, and ends when the server has it', async () => {
  expect(await cli(['emit', address, 'rooms.typing', '--text', 'ann'])).toMatchObject({
    code: 0,
    stdout: '',
  });
  expect(noticed.events).toEqual(['ann']);
});

test('listen prints the events that its patterns name', async () => {
  const call = ['--call', "rooms.join('kitchen')", '--call', "rooms.join('hall')"];
  const { code, lines } = await cli(['listen', address, 'rooms', 'people.left', ...call, '--count', '2']);
  expect({ code, lines }).toEqual({ code: 0, lines: ["rooms.opened 'kitchen'", "rooms.opened 'hall'"] });
  const all = await cli(['listen', address, '--json', ...call.slice(0, 2), '-c', '2']);
  expect(all.lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { interface: 'rooms', event: 'opened', args: ['kitchen'] },
    { interface: 'people', event: 'entered', args: ['ann', 'kitchen'] },
  ]);
});

test('listen hears a server of @metarhia/jstp 2.3.0, and ends well by an interrupt', async () => {
  const old = `${await serveReference(closing)}/chat`;
  const { io, outcome, prints } = started(['listen', old, '--call', "rooms.join('kitchen')"]);
  await prints('rooms.opened');
  io.signal('SIGINT');
  expect(await outcome).toMatchObject({ code: 0, stdout: "rooms.opened 'kitchen'\n", stderr: '' });
});

test('ping measures, as often as it is told to', async () => {
  const { code, lines } = await cli(['ping', address, '--count', '2', '--interval', '1ms']);
  expect(code).toBe(0);
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatch(/^2 pongs, [\d.]+ ms at least/);
  const json = await cli(['ping', `${await serveReference(closing)}/chat`, '-c', '1', '--json']);
  expect(JSON.parse(json.stdout)).toEqual({ ping: 1, ms: expect.any(Number) });
});

test('bench counts calls and errors, over several connections', async () => {
  const argv = ['bench', address, '--count', '50', '--connections', '2', '--concurrency', '3', '--json'];
  expect(JSON.parse((await cli([...argv, 'math.add', '1', '2'])).stdout)).toMatchObject({
    calls: 50,
    callsPerSecond: expect.any(Number),
    latencyMs: { p50: expect.any(Number), 'p99.9': expect.any(Number), max: expect.any(Number) },
    errors: {},
  });
  expect(JSON.parse((await cli([...argv, 'math.none'])).stdout)).toMatchObject({
    calls: 0,
    errors: { '14, ERR_METHOD_NOT_FOUND': 50 },
  });
  const { code, stdout } = await cli(['bench', address, '--duration', '20ms']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+ calls in [\d.]+ s: \d+ a second\nlatency: p50 /);
});

test('inspect finds reserved interfaces by their names beside those of a description', async () => {
  const { port } = await startService({
    controllers: [],
    options: { reflection: true, administration: { guard: { canActivate: () => false } } },
  });
  const place = `jstp://${LOOPBACK}:${port}`;
  const { code, stdout } = await cli(['inspect', place, 'jstp.administration', 'jstp.reflection']);
  expect(code).toBe(0);
  for (const text of ['jstp.administration', 'method  watch', 'jstp.reflection', 'method  describe'])
    expect(stdout).toContain(text);
  expect((await cli(['inspect', place, 'jstp.none'])).stderr).toContain('There is no interface "jstp.none"');
});

test('inspect shows the methods of interfaces by their names, of 2.3.0, too', async () => {
  for (const place of [address, `${await serveReference(closing)}/chat`]) {
    expect(await cli(['inspect', place, 'math'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('method  add'),
    });
    const unnamed = await cli(['inspect', place]);
    expect(unnamed.code).toBe(2);
    expect(unnamed.stderr).toContain('does not describe itself');
    const none = await cli(['inspect', place, 'none']);
    expect(none).toMatchObject({ code: 5, stderr: expect.stringContaining('There is no interface "none"') });
  }
});

test('the progress of a stream is told where a person sees it, and not among the values', async () => {
  const { io, outcome, prints } = started(['call', address, 'rooms.follow'], { terminals: ['stderr'] });
  await prints('10\n');
  await waitFor(() => io.stderr.text.includes(' values, '), 'the progress');
  io.signal('SIGINT');
  await outcome;
  expect(io.stdout.text).not.toContain('values');
  expect(
    (await cli(['call', address, 'rooms.history', '-t', 'a'], { terminals: ['stderr', 'stdout'] })).stderr,
  ).toBe('');
});

test('bash completes commands, options and files by the script', async () => {
  const { stdout } = await cli(['completion', 'bash']);
  const complete = (...words: string[]): string[] => {
    const script = `${stdout}\nCOMP_WORDS=(nestjs-jstp "$@"); COMP_CWORD=$#; _nestjs_jstp; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout: output, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return output.split('\n').filter((line) => line !== '');
  };
  expect(complete('in')).toEqual(['inspect']);
  expect(complete('call', '--str')).toEqual(['--stream-input', '--strategy']);
  expect(complete('call', '--ca', 'package.j')).toEqual(['package.json']);
  expect(complete('call', 'package.j')).toEqual(['package.json']);
  expect(complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(complete('completion', 'f')).toEqual(['fish']);
});

test.each(['zsh', 'fish'])('the script for %s has all commands with their options', async (shell) => {
  const { code, stdout } = await cli(['completion', shell]);
  expect(code).toBe(0);
  for (const name of Object.keys(COMMANDS)) expect(stdout).toContain(name);
  expect(stdout).toContain('password-file');
  // What is completed behind `completion`: in the place of files.
  expect(stdout).toContain({ zsh: "':argument:(bash zsh fish)'", fish: "-f -a 'bash zsh fish'" }[shell]);
  const isHere = spawnSync(shell, ['-c', 'true']).status === 0;
  if (!isHere) return;
  const { folder, remove } = scratchFolder('jstp-completion-');
  closing.add(remove);
  // Why a file: fish reads no script from a pipe of Node.
  const script = path.join(folder, 'script');
  writeFileSync(script, stdout);
  expect(spawnSync(shell, ['-n', script], { encoding: 'utf8' })).toMatchObject({ stderr: '', status: 0 });
});
