import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { afterEach, expect, test } from '@jest/globals';
import { Closing } from '../../support/closing.js';
import { within } from '../../support/wait-for.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const SAMPLE = path.join(ROOT, 'sample/04-tracing');
/** Where the processes find Nest: as jest.config.ts has it for the tests. */
const MODULES = process.env['NEST_MAJOR'] === '11' ? 'test/matrix/nest11/node_modules' : 'node_modules';

/** Three processes that start one after the other take a while on a busy machine. */
const LIMIT_MS = 60_000;

const closing = new Closing();
afterEach(() => closing.run());

/** Brings the sample's three programs into files that run by the sources of this package. */
async function bundleSample(): Promise<string> {
  const modules = path.join(ROOT, MODULES);
  mkdirSync(modules, { recursive: true });
  const folder = mkdtempSync(path.join(modules, '.jstp-sample-'));
  closing.add(() => rmSync(folder, { recursive: true, force: true }));
  await build({
    entryPoints: ['main.ts', 'service/main.ts', 'gateway/main.ts'].map((file) => path.join(SAMPLE, file)),
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    // One copy of the package in each process: what observes must be what is observed.
    splitting: true,
    // The sample lies in this package, whose modules have no side effects; the one that sets up tracing has.
    ignoreAnnotations: true,
    tsconfig: path.join(ROOT, 'tsconfig.json'),
    logLevel: 'error',
  });
  return folder;
}

test(
  'one trace goes from an HTTP request through a gateway and a service to a third process',
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
    expect(printed.replace(/trace [\da-f]{32}/, 'trace ID'))
      .toBe(`POST /orders/tea: 201 {"article":"tea","left":11}

trace ID
POST SERVER of gateway
└─ orders/place CLIENT of gateway
   └─ orders/place SERVER of orders
      ├─ stock/take CLIENT of orders
      │  └─ stock/take SERVER of stock
      └─ emit stock/taken PRODUCER of orders
         └─ handle stock/taken CONSUMER of stock (a trace of its own, with a link)
`);
    expect(code).toBe(0);
  },
  2 * LIMIT_MS,
);
