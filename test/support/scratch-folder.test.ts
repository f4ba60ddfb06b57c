import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const MODULE = new URL('scratch-folder.js', import.meta.url).href;
const WAIT = 'setTimeout(() => undefined, 20_000);';

test.each([
  ['the end of its program', 'process.exitCode = 3;', undefined, 3],
  ['SIGTERM', WAIT, 'SIGTERM', 130],
  ['SIGINT', WAIT, 'SIGINT', 130],
  ['SIGHUP', WAIT, 'SIGHUP', 130],
] as const)('a scratch folder is gone after %s', async (_what, rest, signal, code) => {
  const program = `
    import { writeFileSync } from 'node:fs';
    import { scratchFolder } from '${MODULE}';
    const { folder } = scratchFolder('jstp-scratch-');
    writeFileSync(folder + '/file', 'text');
    console.log(folder);
    ${rest}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  const ended = once(child, 'exit');
  const [told] = (await once(child.stdout, 'data')) as [Buffer];
  const folder = told.toString().trim();
  if (signal) {
    expect(existsSync(`${folder}/file`)).toBe(true);
    child.kill(signal);
  }
  expect((await ended)[0]).toBe(code);
  expect(folder).toContain('jstp-scratch-');
  expect(existsSync(folder)).toBe(false);
});
