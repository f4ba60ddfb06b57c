/**
 * `npm run check:readme`: the code of README.md compiles against the built package and runs. The conventions are in
 * readme-blocks.js. The blocks become files in .readme-blocks/ (ignored by git), inside the repository, so that
 * 'nestjs-jstp' is the package itself: what dist and the exports of package.json make of it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readBlocks } from './readme-blocks.js';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, '.readme-blocks');
const built = path.join(folder, 'built');

/** A block that is still running then has left something open. */
const RUN_TIMEOUT_MS = 30_000;

if (!existsSync(path.join(root, 'dist/index.js'))) fail('dist is missing: run `npm run build` first');
const blocks = readBlocks(readFileSync(path.join(root, 'README.md'), 'utf8'));
if (blocks.length === 0) fail('README.md has no code blocks');

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const { file, code } of blocks) writeFileSync(path.join(folder, file), code);
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
if (!node([tsc, '-p', folder, '--pretty', 'false']))
  fail('a code block does not compile (line-N is the block whose fence is in line N)');

const runnable = blocks.filter(({ run }) => run);
for (const { file, line } of runnable) {
  console.log(`README.md: running the block in line ${line}`);
  if (!node([path.join(built, file.replace(/ts$/, 'js'))])) fail(`the code block in line ${line} fails`);
}
console.log(`README.md: ${blocks.length} code blocks compiled, ${runnable.length} run`);

/** Runs node in the folder of the blocks. @returns {boolean} did it end by itself, with code 0 */
function node(/** @type {string[]} */ args) {
  const { status, error } = spawnSync(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  if (error) console.error(error.message);
  return status === 0;
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  console.error(`README.md: ${message}`);
  process.exit(1);
}
