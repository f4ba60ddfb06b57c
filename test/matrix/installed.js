/** The runtimes and the other Nest that the matrix runs with: fetched from the npm registry as their lock files say. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../package/shell.js';

/** @typedef {{ major: number, binary: string, env: Record<string, string> }} NodeRuntime */

const folder = import.meta.dirname;
const packages = path.join(folder, 'runtimes/node_modules');

export const BUN = path.join(packages, '@oven/bun-linux-x64/bin/bun');
export const DENO = path.join(packages, '@deno/linux-x64-glibc/deno');

/** Every Node that `engines` of package.json allows. @type {readonly NodeRuntime[]} */
export const NODES = [20, 22, 24, 26].map((major) => {
  const home = path.join(packages, `node${major}/bin`);
  // First on the PATH, so that npm and what else asks for "node" get this one, too.
  const env = { PATH: `${home}${path.delimiter}${process.env['PATH'] ?? ''}` };
  return { major, binary: path.join(home, 'node'), env };
});

/** Installs what is not there yet, and checks that each binary is what its name says. */
export function installAll() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `The matrix has binaries for linux x64, not for ${process.platform} ${process.arch}: run the tests there with a Node of your own`,
    );
  // Why not in devDependencies: `npm ci` would fetch 300 MB more for each developer, and for other platforms fail.
  for (const name of ['runtimes', 'nest11']) install(path.join(folder, name));
  for (const { major, binary } of NODES) {
    const version = run(folder, binary, ['--version']);
    if (!version.startsWith(`v${major}.`)) throw new Error(`${binary} is Node ${version.trim()}`);
  }
  run(folder, BUN, ['--version']);
  run(folder, DENO, ['--version']);
}

/** @param {string} home has a package.json and its lock file */
function install(home) {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(home, 'package-lock.json')))
    .digest('hex');
  const stamp = path.join(home, 'node_modules/.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  run(home, 'npm', ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']);
  writeFileSync(stamp, lock);
}
