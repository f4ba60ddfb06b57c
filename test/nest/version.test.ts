import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ClientProxy } from '@nestjs/microservices';
import { JstpClient } from '../../lib/index.js';
import { bundleProgram, startProgram } from '../support/bundled-program.js';
import { Closing } from '../support/closing.js';
import { isNest12 } from '../support/nest-app.js';
import { within } from '../support/wait-for.js';

const require = createRequire(import.meta.url);
const major = process.env['NEST_MAJOR'] ?? '12';

/** @param main the main file of a package of Nest */
function majorOf(main: string): string {
  const manifest = readFileSync(path.join(path.dirname(main), 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version.split('.')[0];
}

const closing = new Closing();
afterEach(() => closing.run());

describe('a run with the Nest that it asks for', () => {
  test.each(['common', 'core', 'microservices', 'platform-express'])('has its @nestjs/%s', (name) => {
    expect(majorOf(require.resolve(`@nestjs/${name}`))).toBe(major);
  });

  test('has one Nest for lib and tests', () => {
    expect(JstpClient.prototype).toBeInstanceOf(ClientProxy);
    expect(isNest12).toBe(major === '12');
  });

  test('has it in processes of its own, too', async () => {
    const text = `
      import { JstpClient } from './lib/index.js';
      import { createRequire } from 'node:module';
      process.send([createRequire(import.meta.url).resolve('@nestjs/microservices'), typeof JstpClient]);
    `;
    const child = startProgram(await bundleProgram({ text }, closing), [], closing);
    const [[file, type]] = (await within(once(child, 'message'), 'its Nest')) as [[string, string]];
    expect([majorOf(file), type]).toEqual([major, 'function']);
  });
});
