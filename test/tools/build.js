/**
 * `npm run build`: makes dist anew, with the declarations, the bundled package and the explorer's page.
 * With `-- --parts` also the parts that benchmarks load for themselves; they are not packed.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { rollup } from 'rollup';
import { buildExplorerPage } from './explorer-page.js';
import { PARTS } from '../bench/built.js';

const root = path.resolve(import.meta.dirname, '../..');
const dist = path.join(root, 'dist');
/** What the compiler makes of each file, for the bundler. */
const compiled = path.join(root, '.compiled');
// Why not the compiler that the linter uses: this one takes a fifth of the time.
const tsc = path.join(root, 'node_modules/typescript-7/bin/tsc');

for (const folder of [dist, compiled]) rmSync(folder, { recursive: true, force: true });
compile();
await bundle();
rmSync(compiled, { recursive: true });
// Why: npm makes a command executable when it installs one, and not again when a clone has been built anew.
chmodSync(path.join(dist, 'cli/main.js'), 0o755);
await buildExplorerPage(path.join(dist, 'explorer/page'));

/** Why not by the bundler alone: it makes no declarations, and no metadata of decorators. */
function compile() {
  const folders = ['--outDir', compiled, '--declarationDir', dist];
  const args = [tsc, '-p', path.join(root, 'tsconfig.build.json'), ...folders];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Makes a file of each entry, and of what several of them share. Why: Node takes longer to load four hundred small modules
 * than to run them (docs/decisions/0025-bundled.md).
 */
async function bundle() {
  const files = [...entries(), ...(process.argv.includes('--parts') ? PARTS : [])];
  const bundled = await rollup({
    input: Object.fromEntries(files.map((file) => [file.slice(0, -'.js'.length), path.join(compiled, file)])),
    external: (name) => !name.startsWith('.') && !path.isAbsolute(name),
    onLog: (_, log) => {
      // Decorators are compiled to code that asks for `this`, of the module.
      if (log.code !== 'THIS_IS_UNDEFINED') throw new Error(log.message);
    },
  });
  await bundled.write({
    dir: dist,
    format: 'es',
    entryFileNames: '[name].js',
    // In a folder of its own: package.json is as far from there as from the sources that read it.
    chunkFileNames: 'chunks/[name].js',
    minifyInternalExports: false,
    hoistTransitiveImports: false,
  });
}

/** What package.json has entries for, and the command. */
function entries() {
  const { exports, bin } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const files = [...Object.values(exports).map((entry) => entry.default), ...Object.values(bin)];
  return files.filter(Boolean).map((file) => path.relative('dist', file));
}
