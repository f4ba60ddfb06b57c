import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import type { Closing } from './closing.js';
import { within } from './wait-for.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** Where a program finds its packages first: with Nest 11, that one and what it has come with, then those of the root. */
const PACKAGES = process.env['NEST_MAJOR'] === '11' ? 'test/matrix/nest11/node_modules' : 'node_modules';

/**
 * Brings a program of TypeScript into one file, as Node runs it.
 * @param source its file, from the repository's root, or its text
 * @param closing removes the file
 */
export async function bundleProgram(
  source: { file: string } | { text: string },
  closing: Closing,
): Promise<string> {
  // Beside the packages that it imports.
  const folder = mkdtempSync(path.join(ROOT, PACKAGES, '.jstp-program-'));
  closing.add(() => rmSync(folder, { recursive: true, force: true }));
  const outfile = path.join(folder, 'program.mjs');
  const input: BuildOptions =
    'file' in source
      ? { entryPoints: [path.join(ROOT, source.file)] }
      : { stdin: { contents: source.text, resolveDir: ROOT, loader: 'ts' } };
  await build({
    ...input,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  return outfile;
}

/** Starts such a program as a process of its own; `closing` ends it. */
export function startProgram(program: string, args: readonly string[], closing: Closing): ChildProcess {
  const child = fork(program, args, { execArgv: [] });
  closing.add(() => killProgram(child));
  return child;
}

/** Ends a process where it is. */
export async function killProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await within(ended, 'the end of a process');
}
