/** `npm run test:faults`: bundles run.ts, with the packages outside, to a file of its own, and runs it. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
// Beside its source: packages are found from there.
const outfile = path.join(import.meta.dirname, `.run-${String(process.pid)}.mjs`);

await build({
  entryPoints: [fileURLToPath(import.meta.resolve('./run.ts'))],
  absWorkingDir: root,
  outfile,
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
    ['--enable-source-maps', '--expose-gc', outfile, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(outfile, { force: true });
}
