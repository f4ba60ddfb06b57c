/**
 * `npm run check:api`: compares the public API with test/package/api.txt, so that it changes only on purpose, and lets
 * publint and arethetypeswrong look at the packed tarball. After a wanted change: `npm run check:api -- --update`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { apiReport } from './api-report.js';
import { packInto, root, run, withTemporaryFolder } from './shell.js';

const snapshot = path.join(import.meta.dirname, 'api.txt');
const dist = path.join(root, 'dist');

const report = apiReport(
  {
    'nestjs-jstp/core': path.join(dist, 'core.d.ts'),
    'nestjs-jstp': path.join(dist, 'index.d.ts'),
    'nestjs-jstp/client': path.join(dist, 'client.d.ts'),
    'nestjs-jstp/browser': path.join(dist, 'browser.d.ts'),
    'nestjs-jstp/redis': path.join(dist, 'redis/index.d.ts'),
    'nestjs-jstp/opentelemetry': path.join(dist, 'opentelemetry/index.d.ts'),
    'nestjs-jstp/metrics': path.join(dist, 'metrics/index.d.ts'),
    'nestjs-jstp/terminus': path.join(dist, 'terminus/index.d.ts'),
    'nestjs-jstp/explorer': path.join(dist, 'explorer/index.d.ts'),
    'nestjs-jstp/testing': path.join(dist, 'testing/index.d.ts'),
  },
  dist,
);

if (process.argv.includes('--update')) {
  writeFileSync(snapshot, report);
  console.log('test/package/api.txt is up to date now');
} else {
  compare(existsSync(snapshot) ? readFileSync(snapshot, 'utf8') : '', report);
  console.log('the public API is that of test/package/api.txt');
}

await withTemporaryFolder((folder) => {
  const tarball = packInto(folder);
  run(root, 'npx', ['publint', 'run', tarball, '--strict']);
  // The package is ESM on purpose: CommonJS applications load it with require(esm).
  run(root, 'npx', ['attw', tarball, '--profile', 'esm-only']);
});

/** Ends the process with a list of the lines that differ. */
function compare(/** @type {string} */ before, /** @type {string} */ now) {
  if (before === now) return;
  const old = new Set(before.split('\n'));
  const current = new Set(now.split('\n'));
  for (const line of old) if (!current.has(line)) console.error(`- ${line}`);
  for (const line of current) if (!old.has(line)) console.error(`+ ${line}`);
  console.error(
    '\nThe public API differs from test/package/api.txt (above: the lines only one of them has).',
  );
  console.error('If that is wanted: npm run check:api -- --update, and name it in CHANGELOG.md.');
  process.exit(1);
}
