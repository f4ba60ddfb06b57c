import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { afterEach, expect, test } from '@jest/globals';
import { Closing } from '../../support/closing.js';
import { within } from '../../support/wait-for.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const SAMPLE = path.join(ROOT, 'sample/05-streams');
/** Where the processes find Nest: as jest.config.ts has it for the tests. */
const MODULES = process.env['NEST_MAJOR'] === '11' ? 'test/matrix/nest11/node_modules' : 'node_modules';
const LIMIT_MS = 60_000;

const closing = new Closing();
afterEach(() => closing.run());

/** Brings the sample's two programs into files that run by the sources of this package. */
async function bundleSample(): Promise<string> {
  const modules = path.join(ROOT, MODULES);
  mkdirSync(modules, { recursive: true });
  const folder = mkdtempSync(path.join(modules, '.jstp-sample-'));
  closing.add(() => rmSync(folder, { recursive: true, force: true }));
  await build({
    entryPoints: ['main.ts', 'service/main.ts'].map((file) => path.join(SAMPLE, file)),
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    tsconfig: path.join(ROOT, 'tsconfig.json'),
    logLevel: 'error',
  });
  return folder;
}

test(
  'a file goes up and down between two processes, with progress, a pause and a cut',
  async () => {
    const folder = await bundleSample();
    const main = spawn(process.execPath, [path.join(folder, 'main.js')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    closing.add(() => main.kill('SIGKILL'));
    let printed = '';
    main.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    main.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const [code] = (await within(once(main, 'close'), 'the end of the sample', LIMIT_MS)) as [number];
    expect(printed).toBe(`upload     25 %
upload     50 %
upload   pauses: nothing more is sent
upload   goes on, though the connection is cut just now
upload     75 %
upload    100 %
download   25 %
download   50 %
download pauses: nothing more is read
download goes on
download   75 %
download  100 %
The copy is the same as the original.
`);
    expect(code).toBe(0);
  },
  2 * LIMIT_MS,
);
