/**
 * `npm run check:docs`: the code of README.md, sample/README.md and docs/ compiles against the built package, runs, and
 * comes to what it says. The conventions are in code-blocks.js; doc-programs/ has what runs the blocks that do not run by
 * themselves. The blocks become files in .doc-blocks/ (ignored by git), inside the repository, so that 'nestjs-jstp' is
 * the package itself: what dist and the exports of package.json make of it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { documents } from './documents.js';
import { importedBlocks, joinBlocks, portsOf, readBlocks, unprovenBlocks } from './code-blocks.js';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, '.doc-blocks');
const built = path.join(folder, 'built');

/** A program that is still running then has left something open. */
const RUN_TIMEOUT_MS = 30_000;

/** What runs now. @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();

/**
 * @typedef {object} Program
 * @property {string} name for people
 * @property {string} file
 * @property {readonly string[]} ports that it needs for itself
 * @property {(run: Run) => string | undefined} fault what is wrong with what it printed
 *
 * @typedef {object} Run how a program ended
 * @property {number | string} code or the signal that ended it
 * @property {string} output
 * @property {string} errors what it wrote to its standard error: Nest's errors go there, its warnings to the output
 */

if (!existsSync(path.join(root, 'dist/index.js'))) fail('dist is missing: run `npm run build` first');
const blocks = joinBlocks(
  documents().flatMap((document) => readBlocks(readFileSync(path.join(root, document), 'utf8'), document)),
);
const sources = readdirSync(path.join(import.meta.dirname, 'doc-programs')).map((file) => ({
  file: `program-${file}`,
  code: readFileSync(path.join(import.meta.dirname, 'doc-programs', file), 'utf8'),
}));
const codes = sources.map(({ code }) => code);
const unproven = unprovenBlocks(blocks, codes).map(({ place }) => place);
if (unproven.length > 0)
  fail(`these blocks only compile: ${unproven.join(', ')}: let them run, or import them in one that does`);

compile();
const programs = [
  ...blocks.filter(({ run }) => run).map((block) => programOf(block.place, block, outcomeOf(block))),
  ...sources.map((source) => programOf(source.file, source, () => undefined)),
];
await runAll(programs);
console.log(`documents: ${blocks.length} code blocks compiled, and run by ${programs.length} programs`);

function compile() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const { file, code } of [...blocks, ...sources]) writeFileSync(path.join(folder, file), code);
  // Variables that an example only shows are no error; everything else is as strict as for us.
  const compilerOptions = {
    noEmit: false,
    checkJs: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    moduleDetection: 'force',
    rootDir: '.',
    outDir: 'built',
    paths: {},
  };
  const config = { extends: '../tsconfig.json', compilerOptions, include: ['*'], exclude: [] };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  console.log(`documents: compiling ${blocks.length} code blocks`);
  const tsc = path.join(root, 'node_modules/typescript-7/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    stdio: 'inherit',
  });
  if (status !== 0) fail('a code block does not compile (its file is named by its document and line)');
}

/**
 * @param {string} name
 * @param {{ file: string, code: string }} source
 * @param {Program['fault']} fault
 * @returns {Program}
 */
function programOf(name, { file, code }, fault) {
  const all = [code, ...[...importedBlocks(code, blocks)].map((block) => block.code)].join('\n');
  return { name, file: path.join(built, file.replace(/ts$/, 'js')), ports: portsOf(all), fault };
}

/** @type {(block: import('./code-blocks.js').Block) => Program['fault']} */
function outcomeOf({ code, warns, prints }) {
  if (code.includes("from 'node:test'"))
    return ({ output }) => (/^\S pass [1-9]/m.test(output) ? undefined : 'its tests did not run');
  return ({ output, errors }) => {
    const warnings = errors + (/^\[Nest\].* WARN .*$/m.exec(output)?.[0] ?? '');
    if (warnings !== '' && !warns) return `it must not warn: ${warnings}`;
    const printed = output.split('\n').filter((text) => text !== '' && !text.startsWith('[Nest]'));
    if (printed.join('\n') === prints.join('\n')) return undefined;
    return `it must print ${JSON.stringify(prints)}, and printed ${JSON.stringify(printed)}`;
  };
}

/**
 * Runs as many programs at once as there are cores; those that need the same port one after the other.
 * @param {readonly Program[]} all
 */
async function runAll(all) {
  const waiting = [...all];
  /** @type {Map<Program, Promise<void>>} */
  const running = new Map();
  while (waiting.length > 0 || running.size > 0) {
    const taken = new Set([...running.keys()].flatMap(({ ports }) => ports));
    const next = waiting.findIndex(({ ports }) => !ports.some((port) => taken.has(port)));
    if (next === -1 || running.size >= availableParallelism()) {
      await Promise.race(running.values());
      continue;
    }
    const [program] = waiting.splice(next, 1);
    running.set(
      program,
      runOne(program).finally(() => running.delete(program)),
    );
  }
}

/** @param {Program} program */
async function runOne({ name, file, fault }) {
  const started = performance.now();
  const run = await node(file);
  const wrong = run.code === 0 ? fault(run) : `it ended with ${run.code}`;
  if (wrong !== undefined) fail(`${name}: ${wrong}\n${run.output}${run.errors}`);
  console.log(`documents: ${name} ran, ${Math.round(performance.now() - started)} ms`);
}

/**
 * Runs a program in the folder of the blocks.
 * @param {string} file
 * @returns {Promise<Run>}
 */
function node(file) {
  const child = spawn(process.execPath, [file], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  children.add(child);
  const run = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    run.output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    run.errors += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      children.delete(child);
      resolve({ code: code ?? String(signal), ...run });
    });
  });
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  for (const child of children) child.kill('SIGKILL');
  console.error(`documents: ${message}`);
  process.exit(1);
}
