/** What the package checks share: running a command loudly, and packing the built package. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** A program that has not ended by then is stuck: most often a handle that `close()` left open. */
const PROGRAM_TIMEOUT_MS = 300_000;

/**
 * Runs a command, shows its output, and throws unless it ends by itself with code 0.
 * @param {string} cwd
 * @param {string} command
 * @param {string[]} args
 * @param {{ timeoutMs?: number, quiet?: boolean, withErrors?: boolean, env?: Record<string, string> }} [options]
 *   quiet: show the output only after a failure; withErrors: return the standard error as well; env: what the
 *   environment has besides ours
 * @returns {string} its standard output
 */
export function run(cwd, command, args, options = {}) {
  const { timeoutMs = PROGRAM_TIMEOUT_MS, quiet = false, withErrors = false, env = {} } = options;
  console.log(`$ ${command} ${args.join(' ')}`);
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
  });
  const failed = error !== undefined || status !== 0;
  if (!quiet || failed) process.stdout.write(stdout + stderr);
  if (failed) {
    const end = signal === null ? `exit code ${String(status)}` : `killed (${signal}) after ${timeoutMs} ms`;
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? end}`);
  }
  return withErrors ? stdout + stderr : stdout;
}

/** @type {(file: string, value: unknown) => void} */
export function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** @param {(folder: string) => void | Promise<void>} use gets a fresh folder, which is gone afterwards */
export async function withTemporaryFolder(use) {
  const folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'nestjs-jstp-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Packs dist as npm would publish it. @returns {string} the tarball's path */
export function packInto(/** @type {string} */ folder) {
  if (!existsSync(path.join(root, 'dist/index.js')))
    throw new Error('dist is missing: run `npm run build` first');
  const report = run(root, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    quiet: true,
  });
  const packed = /** @type {{ filename: string, files: { path: string }[] }[]} */ (JSON.parse(report)).at(0);
  if (!packed) throw new Error('npm pack made no tarball');
  const files = packed.files.map((file) => file.path);
  const strangers = files.filter((file) => !isPublished(file));
  if (strangers.length > 0) throw new Error(`not for publishing, but packed: ${strangers.join(', ')}`);
  const sources = files.filter((file) => file.endsWith('.d.ts.map')).flatMap(sourcesOf);
  const lost = sources.filter((file) => !files.includes(file));
  if (sources.length === 0 || lost.length > 0)
    throw new Error(`declaration maps lead to what is not packed: ${lost.join(', ') || 'there are none'}`);
  return path.join(folder, packed.filename);
}

/** The files, from the package's folder, that a declaration map leads to. @returns {string[]} */
function sourcesOf(/** @type {string} */ map) {
  const { sources } = /** @type {{ sources: string[] }} */ (
    JSON.parse(readFileSync(path.join(root, map), 'utf8'))
  );
  return sources.map((source) => path.posix.join(path.posix.dirname(map), source));
}

function isPublished(/** @type {string} */ file) {
  return (
    /^(dist\/.+\.(js|d\.ts|d\.ts\.map)|lib\/.+\.ts|(package\.json|README\.md|LICENSE|CHANGELOG\.md))$/.test(
      file,
    ) || /^dist\/explorer\/page\/[^/]+\.(css|html|svg)$/.test(file)
  );
}
