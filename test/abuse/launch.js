/** `npm run test:abuse`: bundles the programs of this folder, with the packages outside, and runs run.ts. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
// Beside their sources: packages are found from there.
const folder = path.join(import.meta.dirname, `.built-${String(process.pid)}`);
const programs = ['run', 'server-program', 'client-program', 'attacker-program'];

await build({
  entryPoints: programs.map((name) => path.join(import.meta.dirname, `${name}.ts`)),
  absWorkingDir: root,
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  // The one file that asks where it is: test/support/certificates.ts.
  define: { 'import.meta.dirname': JSON.stringify(path.join(root, 'test/support')) },
});
try {
  const { status } = spawnSync(
    process.execPath,
    ['--enable-source-maps', path.join(folder, 'run.mjs'), folder, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
