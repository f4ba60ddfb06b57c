/**
 * `npm run test:matrix`: the tests on every Node that `engines` allows, with Nest 11 and 12, the packed package on each
 * Node, a smoke program on each Node, Bun and Deno, and a trace by Sentry's SDK. `--quick` runs what differs most from one Node to the next, on
 * the newest Node other than the running one. `--only PATTERN` runs the rows whose title matches the regular expression, for
 * one that failed. Everything is run, whatever failed before; the end lists what failed.
 */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packInto, root, run, withTemporaryFolder, writeJson } from '../package/shell.js';
import { BUN, DENO, installAll, NODES } from './installed.js';

/** A run of Jest that takes longer hangs. */
const JEST_TIMEOUT_MS = 20 * 60_000;
const PACKAGE_TIMEOUT_MS = 15 * 60_000;
const SMOKE_TIMEOUT_MS = 60_000;

/** Where Node itself shows: sockets, TLS, WebSockets, timers and contexts of async calls, and Nest on top of them. */
const QUICK_TESTS = [
  'test/application/',
  'test/session/',
  'test/connection/(async-context|connect|heartbeat|messages|reconnect|resume|robustness|streams)',
  'test/transport/(?!conformance)[^/]+\\.test',
  'test/security/(tls|websocket)',
  'test/nest/contract/jstp-(net|wss)',
  'test/nest/version',
];
const QUICK_NEST_11_TESTS = [
  'test/nest/version',
  'test/nest/contract/jstp-ws\\.test',
  'test/nest/server/hybrid',
  'test/redis/rooms-processes',
];
/** What uses Nest. */
const NEST_11_TESTS = ['test/nest/', 'test/redis/(rooms|broadcaster)'];

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const { quick } = options;
const only = new RegExp(options.only);
const running = Number(process.versions.node.split('.')[0]);
/** @type {{ title: string, outcome: string, seconds: number, failed: boolean }[]} */
const results = [];

installAll();
if (!quick) run(root, 'bash', ['test/tools/get-servers.sh']);
for (const node of quick ? NODES.filter(({ major }) => major !== running).slice(-1) : NODES) {
  const title = `Node ${node.major}`;
  step(`${title}: tests`, () => jest(node, '12', quick ? QUICK_TESTS : []));
  if (!quick) step(`${title}: tests with Nest 11`, () => jest(node, '11', NEST_11_TESTS));
}
if (quick) step(`Node ${running}: tests with Nest 11`, () => jest(undefined, '11', QUICK_NEST_11_TESTS));
await withTemporaryFolder((home) => {
  installPackage(home);
  for (const [name, command, flags] of smokeRuntimes())
    step(`${name}: smoke`, () => smoke(home, command, flags));
  if (!quick) step('Sentry: a trace of two processes', () => sentry(home));
});
if (!quick) for (const node of NODES) step(`Node ${node.major}: packed package`, () => packedPackage(node));
finish();

/** @param {string} title @param {() => string} work gives what it came to, or throws */
function step(title, work) {
  if (!only.test(title)) return;
  console.log(`\n== ${title}`);
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  /** @param {string} outcome @param {boolean} failed */
  const note = (outcome, failed) => {
    const result = { title, outcome, seconds: seconds(), failed };
    results.push(result);
    console.log(lineOf(result));
  };
  try {
    note(work(), false);
  } catch (error) {
    note(`FAILED: ${error instanceof Error ? error.message : String(error)}`, true);
  }
}

/** @param {{ title: string, outcome: string, seconds: number }} result */
function lineOf({ title, outcome, seconds }) {
  return `  ${title} (${seconds} s): ${outcome}`;
}

/**
 * Runs Jest.
 * @param {import('./installed.js').NodeRuntime | undefined} node undefined for the running one
 * @param {'11' | '12'} nest
 * @param {readonly string[]} tests patterns of files, none for all
 */
function jest(node, nest, tests) {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const limits = ['--maxWorkers=2', '--workerIdleMemoryLimit=2GB'];
  const output = run(
    root,
    node?.binary ?? process.execPath,
    [...flags, 'node_modules/jest/bin/jest.js', ...limits, ...tests],
    { timeoutMs: JEST_TIMEOUT_MS, quiet: true, withErrors: true, env: { ...node?.env, NEST_MAJOR: nest } },
  );
  const totals = /^tests: (\d+) passed, 0 failed.*$/m.exec(output);
  if (!totals || totals[1] === '0') throw new Error('No test was run');
  return totals[0];
}

/** @param {string} home gets the packed package as a user has it, without Nest */
function installPackage(home) {
  const dependencies = { 'nestjs-jstp': `file:${packInto(home)}` };
  writeJson(path.join(home, 'package.json'), { private: true, type: 'module', dependencies });
  run(home, 'npm', ['install', '--omit=peer', '--prefer-offline', '--no-audit', '--no-fund'], {
    quiet: true,
  });
  copyFileSync(path.join(import.meta.dirname, 'smoke/program.js'), path.join(home, 'program.js'));
}

/** @returns {[name: string, command: string, flags: string[]][]} */
function smokeRuntimes() {
  return [
    // From Node 22 on the global WebSocket is there without the flag.
    ...NODES.map(
      ({ major, binary }) =>
        /** @type {[string, string, string[]]} */ ([
          `Node ${major}`,
          binary,
          major < 22 ? ['--experimental-websocket'] : [],
        ]),
    ),
    ['Bun', BUN, []],
    ['Deno', DENO, ['run', '--allow-all', '--node-modules-dir=manual']],
  ];
}

/** @type {(home: string, command: string, flags: readonly string[]) => string} */
function smoke(home, command, flags) {
  const certificates = path.join(root, 'test/support/certificates');
  return smoked(run(home, command, [...flags, 'program.js', certificates], { timeoutMs: SMOKE_TIMEOUT_MS }));
}

/**
 * Runs with Sentry's SDK, which sends nothing.
 * @param {string} home
 */
function sentry(home) {
  const packages = ['@sentry/node@11', '@opentelemetry/api@1', '@opentelemetry/instrumentation'];
  run(home, 'npm', ['install', '--omit=peer', '--prefer-offline', '--no-audit', '--no-fund', ...packages], {
    quiet: true,
  });
  copyFileSync(path.join(import.meta.dirname, 'smoke/sentry.js'), path.join(home, 'sentry.js'));
  return smoked(run(home, process.execPath, ['sentry.js'], { timeoutMs: SMOKE_TIMEOUT_MS }));
}

/** @param {string} output */
function smoked(output) {
  if (!output.endsWith('smoke passed\n')) throw new Error('The program ended before its end');
  return 'passed';
}

/** @param {import('./installed.js').NodeRuntime} node */
function packedPackage({ binary, env }) {
  const output = run(root, binary, ['test/package/run.js'], {
    timeoutMs: PACKAGE_TIMEOUT_MS,
    quiet: true,
    env,
  });
  const totals = /^package: .+ passed$/m.exec(output);
  if (!totals) throw new Error('The checks of the package ended before their end');
  return totals[0];
}

function finish() {
  console.log('\nThe matrix:');
  for (const result of results) console.log(lineOf(result));
  const failed = results.filter((result) => result.failed);
  console.log(`${results.length - failed.length} of ${results.length} passed`);
  if (results.length === 0) throw new Error(`No row matches --only ${options.only}`);
  if (failed.length > 0) process.exitCode = 1;
}
