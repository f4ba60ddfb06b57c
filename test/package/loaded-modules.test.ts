import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { Application, net, ws, type Connection, type Server } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { within } from '../support/wait-for.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const closing = new Closing();

/** The library, file by file, as it is built: what one program loads of it can be told. */
let lib = '';

/** Notes each file that Node loads, on each Node in its own way. */
const WATCH = `
import * as nodeModule from 'node:module';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
const urls = [];
const { port1, port2 } = new MessageChannel();
if (nodeModule.registerHooks) nodeModule.registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
else {
  const hooks = 'let to; export const initialize = (port) => { to = port }; export const load = (url, context, next) => (to.postMessage(url), next(url, context));';
  nodeModule.register('data:text/javascript,' + encodeURIComponent(hooks), { data: port2, transferList: [port2] });
}
globalThis.loadedFiles = () => {
  for (let got = receiveMessageOnPort(port1); got; got = receiveMessageOnPort(port1)) urls.push(got.message);
  const required = Object.keys(nodeModule.createRequire(import.meta.url).cache);
  return [...urls, ...required];
};
port1.unref();
`;

beforeAll(async () => {
  // Beside the packages that it imports.
  lib = mkdtempSync(path.join(ROOT, 'node_modules/.jstp-loaded-'));
  closing.add(() => rmSync(lib, { recursive: true, force: true }));
  const files = readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
  await build({
    entryPoints: files.filter((file) => file.endsWith('.ts')).map((file) => path.join(ROOT, 'lib', file)),
    outdir: lib,
    outbase: path.join(ROOT, 'lib'),
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
  writeFileSync(path.join(lib, 'package.json'), '{ "type": "module" }');
  writeFileSync(path.join(lib, 'watch.mjs'), WATCH);
});

afterAll(() => closing.run());

/** Starts a server that adds numbers. @returns its port */
async function listen(entry: typeof net | typeof ws): Promise<number> {
  const add = async (_connection: Connection, a: number, b: number): Promise<number> =>
    Promise.resolve(a + b);
  const server: Server = entry.createServer([new Application('app', { calc: { add } })]);
  closing.add(() => {
    server.closeConnections();
    server.close();
  });
  await within(new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve)), 'a server');
  return (server.address() as { port: number }).port;
}

/** What a program has loaded: files of this package, and packages. */
interface Loaded {
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

/** Runs a program that calls each of some servers. @returns what it has loaded after each call */
async function loadedBy(entry: string, addresses: readonly object[]): Promise<Loaded[]> {
  const program = `
    import 'reflect-metadata';
    const { JstpClient } = await import('./${entry}.js');
    const loaded = [];
    for (const address of ${JSON.stringify(addresses)}) {
      const client = new JstpClient({ app: 'app', ...address });
      const sum = await client.call('calc', 'add', 2, 3);
      await client.close();
      loaded.push({ sum, urls: globalThis.loadedFiles() });
    }
    process.stdout.write('\\n' + JSON.stringify(loaded));
  `;
  const file = path.join(lib, `program-${entry}.mjs`);
  writeFileSync(file, program);
  const child = spawn(process.execPath, ['--import', path.join(lib, 'watch.mjs'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closing.add(() => child.kill('SIGKILL'));
  const [output] = await within(Promise.all([text(child.stdout), once(child, 'close')]), 'the program');
  // Behind the lines of Nest's log.
  const loaded = JSON.parse(output.split('\n').at(-1) ?? '') as { sum: number; urls: string[] }[];
  return loaded.map(({ sum, urls }) => {
    expect(sum).toBe(5);
    return loadedOf(urls);
  });
}

function loadedOf(urls: readonly string[]): Loaded {
  const own = urls.flatMap((url) => /\.jstp-loaded-[^/]*\/(.+)$/.exec(url)?.[1] ?? []);
  const packages = urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/.][^/]*)\//.exec(url)?.[1] ?? []);
  return { files: own, packages };
}

/** Runs the command `nestjs-jstp`. @returns what it has loaded, and printed */
async function loadedByCommand(...args: string[]): Promise<Loaded & { readonly printed: string }> {
  const file = path.join(lib, `command-${args[0]}.mjs`);
  writeFileSync(
    file,
    `import { writeSync } from 'node:fs';
    process.on('exit', () => writeSync(2, '\\n' + JSON.stringify(globalThis.loadedFiles())));
    await import('./cli/main.js');`,
  );
  const child = spawn(process.execPath, ['--import', path.join(lib, 'watch.mjs'), file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  closing.add(() => child.kill('SIGKILL'));
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const [printed, told] = await within(ended, 'the command');
  return { ...loadedOf(JSON.parse(told.split('\n').at(-1) ?? '') as string[]), printed };
}

test('the command loads what it needs: for help nothing that acts, for a call no server, no ws and no other command', async () => {
  const help = await loadedByCommand('--help');
  expect(help.printed).toContain('Usage: nestjs-jstp');
  expect(help.files).toContain('cli/help.js');
  const helpOfCall = await loadedByCommand('call', '--help');
  expect(helpOfCall.printed).toContain('Usage: nestjs-jstp call');
  for (const { files } of [help, helpOfCall])
    expect(files.filter((file) => /^(connection|transport|server|nest|cli\/actions\/)/.test(file))).toEqual(
      [],
    );
  const loadedOfMdsf = [...help.files, ...helpOfCall.files].filter((file) => file.startsWith('mdsf/'));
  expect(new Set(loadedOfMdsf)).toEqual(new Set(['mdsf/quote.js']));
  expect(help.files.filter((file) => file.startsWith('cli/commands/'))).toEqual([]);
  const call = await loadedByCommand(
    'call',
    `jstp://${LOOPBACK}:${await listen(net)}/app`,
    'calc.add',
    '2',
    '3',
  );
  expect(call.printed).toBe('5\n');
  expect(call.files.filter((file) => /^cli\/(commands|actions)\//.test(file))).toEqual([
    'cli/commands/call.js',
    'cli/actions/call.js',
  ]);
  expect(call.files.filter((file) => /^(server|nest|reflection|explorer|redis)\//.test(file))).toEqual([]);
  expect([...help.packages, ...call.packages]).toEqual([]);
});

const OF_SERVERS = /^(server|nest\/server|redis|testing|index\.js|core\.js)/;

test('a process that only calls, by nestjs-jstp/client, loads nothing of a server, and ws with its first WebSocket', async () => {
  const url = `ws://${LOOPBACK}:${await listen(ws)}/`;
  const [overNet, overWs] = await loadedBy('client', [{ host: LOOPBACK, port: await listen(net) }, { url }]);
  expect(overNet.files).toContain('nest/client/jstp-client.js');
  expect(overNet.packages).toContain('@nestjs/microservices');
  expect(overNet.packages.filter((name) => ['ws', 'semver', 'redis', 'devalue'].includes(name))).toEqual([]);
  expect(overWs.files.filter((file) => OF_SERVERS.test(file))).toEqual([]);
  expect(overWs.packages).toContain('ws');
});

test('a process that calls over net by nestjs-jstp loads no ws', async () => {
  const [loaded] = await loadedBy('index', [{ host: LOOPBACK, port: await listen(net) }]);
  expect(loaded.files).toContain('nest/server/jstp-server.js');
  expect(loaded.packages).not.toContain('ws');
});
