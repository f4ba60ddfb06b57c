import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');

/**
 * Bundles a program of TypeScript, with the packages outside, to a file of its own, and runs it with the arguments of this
 * process.
 * @param {string} entry the program's file
 * @param {object} options
 * @param {string[]} options.nodeOptions the options of Node
 * @param {string} options.dirname what `import.meta.dirname` is for the one source file that asks for it
 */
export async function launchBundle(entry, { nodeOptions, dirname }) {
  // Beside its source: packages are found from there.
  const outfile = path.join(path.dirname(entry), `.run-${String(process.pid)}.mjs`);
  await build({
    entryPoints: [entry],
    absWorkingDir: root,
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    define: { 'import.meta.dirname': JSON.stringify(dirname) },
  });
  try {
    const { status } = spawnSync(
      process.execPath,
      ['--enable-source-maps', ...nodeOptions, outfile, ...process.argv.slice(2)],
      { stdio: 'inherit' },
    );
    process.exitCode = status ?? 1;
  } finally {
    rmSync(outfile, { force: true });
  }
}
