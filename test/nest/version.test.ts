import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ClientProxy } from '@nestjs/microservices';
import { JstpClient } from '../../lib/index.js';
import { isNest12 } from '../support/nest-app.js';

const require = createRequire(import.meta.url);
const major = process.env['NEST_MAJOR'] ?? '12';

describe('a run with the Nest that it asks for', () => {
  test.each(['common', 'core', 'microservices', 'platform-express'])('has its @nestjs/%s', (name) => {
    const folder = path.dirname(require.resolve(`@nestjs/${name}`));
    const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(version.split('.')[0]).toBe(major);
  });

  test('has one Nest for lib and tests', () => {
    expect(JstpClient.prototype).toBeInstanceOf(ClientProxy);
    expect(isNest12).toBe(major === '12');
  });
});
