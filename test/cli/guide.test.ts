import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { COMMANDS } from '../../lib/cli/commands.js';
import { waitFor } from '../support/wait-for.js';
import { cli, started } from './fake-io.js';
import { serveGuide } from './guide-server.js';

const guide = readFileSync(path.resolve(import.meta.dirname, '../../docs/guides/command-line.md'), 'utf8');

/** A command line of the guide, and what it prints there. */
interface Example {
  readonly line: string;
  readonly prints: readonly string[];
}

const blocks = Array.from(guide.matchAll(/^```console\n(.*?)\n```$/gms), ([, block]) => examplesOf(block));
const examples = blocks.flat();

function examplesOf(block: string): Example[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [line, ...prints] = text.split('\n');
      return { line, prints: prints.filter((each) => each !== '') };
    });
}

/** The words of a line, as a shell cuts it. */
function wordsOf(line: string): string[] {
  return line.match(/"[^"]*"|'[^']*'|\S+/g)?.map((word) => word.replace(/^(["'])(.*)\1$/, '$2')) ?? [];
}

/** Without what differs each time. */
function plain(lines: readonly string[], isMeasured: boolean): string[] {
  return lines.map((line) =>
    isMeasured
      ? line.replace(/\d+(\.\d+)?(e-\d+)?/g, '#')
      : line.replace(/^[\d:.]{12} /, '').replace(/\([\d.]+ ms\)/, '(# ms)'),
  );
}

async function runLine(line: string, address: string): Promise<string[]> {
  const [program, ...argv] = wordsOf(
    line.replace('; echo $?', '').replaceAll('jstp://localhost:3000', address),
  );
  expect(program).toBe('nestjs-jstp');
  const { code, lines, stderr } = await cli(argv, { env: { JSTP_PASSWORD: 'secret' } });
  const told = stderr.split('\n').filter((each) => each !== '');
  return [...lines, ...told, ...(line.endsWith('echo $?') ? [String(code)] : [])];
}

describe('docs/guides/command-line.md', () => {
  test('has an example of each command', () => {
    for (const name of Object.keys(COMMANDS)) {
      expect(guide).toContain(`\n## ${name}\n`);
      expect(guide).toContain(`nestjs-jstp ${name}`);
    }
  });

  test('its examples print what it says', async () => {
    const address = await serveGuide();
    const simple = examples.filter(({ line }) => !/ (repl|tap|types|asyncapi) |:4000/.test(line));
    expect(simple.length).toBeGreaterThan(8);
    for (const { line, prints } of simple) {
      const isMeasured = / (ping|bench) /.test(line);
      expect([line, ...plain(await runLine(line, address), isMeasured)]).toEqual([
        line,
        ...plain(prints, isMeasured),
      ]);
    }
    const [types, asyncApi] = examples.filter(({ line }) => / (types|asyncapi) /.test(line));
    const text = (await runLine(types.line, address)).join('\n');
    expect(text).toContain('history(room: string): AsyncIterable<unknown>;');
    expect(JSON.parse((await runLine(asyncApi.line, address)).join('\n'))).toMatchObject({
      asyncapi: expect.stringMatching(/^3\./),
      info: { title: 'chat', version: '1.2.0' },
      servers: { server: { host: address.replace('jstp://', ''), protocol: 'jstp' } },
    });
  });

  test('its repl says what it says', async () => {
    const address = await serveGuide();
    const [{ line, prints }] = examples.filter((example) => example.line.includes(' repl '));
    const isTyped = (each: string): boolean => /^(chat>|\.\.\.) /.test(each);
    const [, ...argv] = wordsOf(line.replace('jstp://localhost:3000', address));
    const input = prints.filter(isTyped).map((each) => each.replace(/^\S+ /, ''));
    const { lines } = await cli(argv, { input: input.join('\n') });
    expect(lines.sort()).toEqual(prints.filter((each) => !isTyped(each)).sort());
  });

  test('its tap shows what it says', async () => {
    const address = await serveGuide();
    const [tap, call] = examples.filter(({ line }) => / tap |:4000/.test(line));
    const [, ...tapArgv] = wordsOf(tap.line.replace(' &', '').replace('jstp://localhost:3000', address));
    const { io, outcome, prints } = started(
      tapArgv.map((word) => word.replace('localhost:4000', '127.0.0.1:0')),
    );
    await waitFor(() => io.stderr.text.includes('Listening at'), 'the tap');
    const where = /Listening at jstp:\/\/(\S+),/.exec(io.stderr.text)?.[1] ?? '';
    const called = await runLine(call.line.replace('localhost:4000', where), address);
    await prints('the client has ended');
    io.signal('SIGINT');
    const { lines } = await outcome;
    expect(called).toEqual(['5']);
    expect(plain(lines, false)).toEqual(
      plain(
        call.prints.filter((each) => each !== '5'),
        false,
      ),
    );
  });
});

test('a server that describes itself is inspected whole, or by interfaces', async () => {
  const address = `${await serveGuide()}/chat`;
  const whole = JSON.parse((await cli(['inspect', address, '--json'])).stdout) as {
    interfaces: { rooms: { methods: object } };
  };
  expect(whole).toMatchObject({ format: 1, name: 'chat', version: '1.2.0' });
  expect(Object.keys(whole.interfaces.rooms.methods)).toEqual(['join', 'history', 'add']);
  expect((await cli(['inspect', address, 'none'])).code).toBe(5);
  expect((await cli(['inspect', address, 'rooms'])).stdout).toContain('add(a: number, b: number): number');
});
