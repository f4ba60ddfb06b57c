/**
 * `npm run check:readme`: the code of README.md compiles against the built package, runs, and comes to what it says. The
 * conventions are in readme-blocks.js; readme-programs/ has what runs the blocks that do not run by themselves. The blocks become files in .readme-blocks/ (ignored by git), inside the repository, so that
 * 'nestjs-jstp' is the package itself: what dist and the exports of package.json make of it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readBlocks, unprovenBlocks } from './readme-blocks.js';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, '.readme-blocks');
const built = path.join(folder, 'built');

/** A block that is still running then has left something open. */
const RUN_TIMEOUT_MS = 30_000;

if (!existsSync(path.join(root, 'dist/index.js'))) fail('dist is missing: run `npm run build` first');
const blocks = readBlocks(readFileSync(path.join(root, 'README.md'), 'utf8'));
if (blocks.length === 0) fail('README.md has no code blocks');

const programFolder = path.join(import.meta.dirname, 'readme-programs');
const programs = readdirSync(programFolder).map((file) => ({
  file: `program-${file}`,
  code: readFileSync(path.join(programFolder, file), 'utf8'),
}));
const unproven = unprovenBlocks(
  blocks,
  programs.map(({ code }) => code),
);
if (unproven.length > 0) {
  const lines = unproven.map(({ line }) => line).join(', ');
  fail(`the blocks in line ${lines} only compile: let them run, or import them in one that does`);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const { file, code } of [...blocks, ...programs]) writeFileSync(path.join(folder, file), code);
// Variables that an example only shows are no error; everything else is as strict as for us.
writeFileSync(
  path.join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: '../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      checkJs: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
      moduleDetection: 'force',
      rootDir: '.',
      outDir: 'built',
      paths: {},
    },
    include: ['*'],
    exclude: [],
  }),
);

console.log(`README.md: compiling ${blocks.length} code blocks`);
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
if (node([tsc, '-p', folder, '--pretty', 'false']) === null)
  fail('a code block does not compile (line-N is the block whose fence is in line N)');

const runnable = blocks.filter(({ run }) => run);
for (const { file, line, prints, code } of runnable) {
  console.log(`README.md: running the block in line ${line}`);
  const output = node([builtOf(file)]);
  if (output === null) fail(`the code block in line ${line} fails`);
  const printed = output.split('\n').filter((text) => text !== '' && !text.startsWith('[Nest]'));
  if (code.includes("from 'node:test'")) {
    if (!/^\S pass [1-9]/m.test(output)) fail(`the tests of the block in line ${line} did not run`);
  } else if (printed.join('\n') !== prints.join('\n'))
    fail(
      `the block in line ${line} must print ${JSON.stringify(prints)}, and printed ${JSON.stringify(printed)}`,
    );
}
for (const { file } of programs) {
  console.log(`README.md: running ${file}`);
  if (node([builtOf(file)]) === null) fail(`${file} fails`);
}
const total = `${blocks.length} code blocks compiled, ${runnable.length} run`;
console.log(`README.md: ${total}, the others by ${programs.length} programs or by those that import them`);

function builtOf(/** @type {string} */ file) {
  return path.join(built, file.replace(/ts$/, 'js'));
}

/**
 * Runs node in the folder of the blocks, and shows what it prints.
 * @param {string[]} args
 * @returns {string | null} what it printed; null unless it ended by itself, with code 0
 */
function node(args) {
  const { status, error, stdout } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  process.stdout.write(stdout);
  if (error) console.error(error.message);
  return status === 0 ? stdout : null;
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(`README.md: ${message}`);
  process.exit(1);
}
