import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { afterEach, expect, test } from '@jest/globals';
import { Closing } from '../../support/closing.js';
import { reservedPort } from '../../support/ports.js';
import { within } from '../../support/wait-for.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
/** Where the process finds Nest: as jest.config.ts has it for the tests. */
const MODULES = process.env['NEST_MAJOR'] === '11' ? 'test/matrix/nest11/node_modules' : 'node_modules';
const LIMIT_MS = 60_000;

const closing = new Closing();
afterEach(() => closing.run());

test(
  'one order is seen as a trace and among the metrics, beside the explorer',
  async () => {
    const modules = path.join(ROOT, MODULES);
    mkdirSync(modules, { recursive: true });
    const folder = mkdtempSync(path.join(modules, '.jstp-sample-'));
    closing.add(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    await build({
      entryPoints: [path.join(ROOT, 'sample/06-observability/main.ts')],
      outdir: folder,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      // The sample lies in this package, whose modules have no side effects; the one that sets up tracing has.
      ignoreAnnotations: true,
      tsconfig: path.join(ROOT, 'tsconfig.json'),
      logLevel: 'error',
    });
    const port = await reservedPort(closing);
    const main = spawn(process.execPath, [path.join(folder, 'main.js'), '--once'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PORT: String(port) },
    });
    closing.add(() => main.kill('SIGKILL'));
    let printed = '';
    main.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    main.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const [code] = (await within(once(main, 'close'), 'the end of the sample', LIMIT_MS)) as [number];
    expect(printed.replace(/trace [\da-f]{32}/, 'trace ID').replace(/of \d+ lines/, 'of some lines'))
      .toBe(`POST /orders/tea: 201 {"article":"tea","left":1199}

trace ID
POST SERVER of shop
└─ orders/place CLIENT of shop
   └─ orders/place SERVER of shop
      ├─ stock/take CLIENT of shop
      │  └─ stock/take SERVER of shop
      └─ emit stock/taken PRODUCER of shop
         └─ handle stock/taken CONSUMER of shop (a trace of its own, with a link)

GET /metrics, of some lines:
rpc_server_call_duration_seconds_count{jstp_name="shop",rpc_system_name="jstp",rpc_method="orders/place",jstp_application="shop@1.0.0"} 1
rpc_server_call_duration_seconds_count{jstp_name="shop",rpc_system_name="jstp",rpc_method="stock/take",jstp_application="shop@1.0.0"} 1
`);
    expect(code).toBe(0);
  },
  2 * LIMIT_MS,
);
