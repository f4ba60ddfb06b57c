import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { Closing } from '../support/closing.js';
import { within } from '../support/wait-for.js';
import { bundleForBrowser } from '../tools/browser-bundle.js';
import { startProgramServer } from './program-server.js';
import { EXPECTED, runProgram } from './program.js';

const PROGRAM_LIMIT_MS = 20_000;

const closing = new Closing();
afterEach(() => closing.run());

describe('the browser build', () => {
  test(
    'does everything over a WebSocket that the program brings',
    async () => {
      const { url, deadUrl } = await startProgramServer(closing);
      const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
      Object.defineProperty(globalThis, 'WebSocket', {
        value: WebSocket,
        configurable: true,
        writable: true,
      });
      closing.add(() => {
        if (before) Object.defineProperty(globalThis, 'WebSocket', before);
        else Reflect.deleteProperty(globalThis, 'WebSocket');
      });
      expect(await within(runProgram(url, deadUrl), 'the program', PROGRAM_LIMIT_MS)).toEqual(EXPECTED);
    },
    PROGRAM_LIMIT_MS,
  );

  test(
    "does everything over Node's own WebSocket, and lets the process end",
    async () => {
      const { url, deadUrl } = await startProgramServer(closing);
      const folder = await mkdtemp(path.join(tmpdir(), 'jstp-browser-'));
      closing.add(() => rm(folder, { recursive: true }));
      const file = path.join(folder, 'program.mjs');
      const { text } = await bundleForBrowser(`
      import { runProgram } from './test/browser/program.ts';
      console.log(JSON.stringify(await runProgram('${url}', '${deadUrl}')));
    `);
      await writeFile(file, text);
      // From Node 22 on it is there without the flag.
      const flags = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-websocket'] : [];
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--no-warnings', file], {
        timeout: PROGRAM_LIMIT_MS,
      });
      expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(EXPECTED)));
    },
    PROGRAM_LIMIT_MS,
  );
});
