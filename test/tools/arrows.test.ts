import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ESLint } from 'eslint';

const root = path.resolve(import.meta.dirname, '../..');
const LINE = [
  'util',
  'mdsf',
  'protocol',
  'session',
  'application',
  'connection',
  'server',
  'transport',
  'nest',
];
const PORTABLE = LINE.slice(0, LINE.indexOf('server'));
const RULES = [
  'rooms/arrows',
  'no-restricted-globals',
  'no-restricted-properties',
  'no-restricted-syntax',
  'no-console',
];

let eslint: ESLint;

beforeAll(() => {
  // The repository's own configuration; only the rules under test, so that a snippet needs no types. The files do not
  // exist, so the type-aware parser is told not to look for them.
  eslint = new ESLint({
    cwd: root,
    overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: false } } },
    ruleFilter: ({ ruleId }) => RULES.includes(ruleId),
  });
});

/** What lint says about `text` as the content of `file`. */
async function complaints(file: string, text: string): Promise<string[]> {
  const results = await eslint.lintText(text, { filePath: path.join(root, file), warnIgnored: true });
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message }) => `${ruleId ?? 'parser'}: ${message}`),
  );
}

const from = (room: string, target: string) =>
  complaints(`lib/${room}/some-file.ts`, `export * from '../${target}/x.js';`);

describe('import arrows of lib', () => {
  for (const [index, room] of LINE.entries()) {
    test(`${room} imports from the rooms to its left`, async () => {
      for (const target of LINE.slice(0, index + 1)) expect(await from(room, target)).toEqual([]);
    });

    test(`${room} imports from no room to its right`, async () => {
      for (const target of [...LINE.slice(index + 1), 'redis', 'testing', 'cli']) {
        expect(await from(room, target)).toEqual([
          `rooms/arrows: lib/${room} may not import from lib/${target}`,
        ]);
      }
    });
  }

  test.each([
    ['redis', ['session', 'server'], ['transport', 'nest', 'testing', 'cli']],
    ['testing', ['connection', 'transport'], ['nest', 'redis', 'cli']],
    ['cli', ['connection', 'transport'], ['nest', 'redis', 'testing']],
  ])('%s imports from what it needs and not from nest', async (room, right, wrong) => {
    for (const target of right) expect(await from(room, target)).toEqual([]);
    for (const target of wrong) expect(await from(room, target)).toHaveLength(1);
  });

  test.each([
    `import type { X } from '../nest/x.js'; export type Y = X;`,
    `export type X = import('../nest/x.js').X;`,
    `export const x = () => import('../nest/x.js');`,
    `export { x } from '../nest/x.js';`,
    `export * from '../nest/x.js';`,
    `import '../nest/x.js';`,
    `import x = require('../nest/x.js'); export { x };`,
    `export * from '../util/../nest/x.js';`,
  ])('%s is an import, too', async (text) => {
    expect(await complaints('lib/protocol/some-file.ts', text)).toEqual([
      'rooms/arrows: lib/protocol may not import from lib/nest',
    ]);
  });

  test('a file deeper in a room is held to the same arrows', async () => {
    const file = 'lib/mdsf/scan/some-file.ts';
    expect(await complaints(file, `export * from '../../util/x.js'; export * from '../parse.js';`)).toEqual(
      [],
    );
    expect(await complaints(file, `export * from '../../protocol/x.js';`)).toHaveLength(1);
  });

  test('no room imports from outside lib, from an entry file, or from the package by its name', async () => {
    for (const target of [
      '../../test/x.js',
      '../index.js',
      '../core.js',
      'nestjs-jstp',
      'nestjs-jstp/core',
    ]) {
      expect(await complaints('lib/nest/some-file.ts', `export * from '${target}';`)).toHaveLength(1);
    }
  });

  test('an unknown room is refused until its arrows are written down', async () => {
    expect(await complaints('lib/extra/some-file.ts', `export * from '../util/x.js';`)).toEqual([
      'rooms/arrows: lib/extra is no room: add it to test/tools/arrows.js with its arrows',
    ]);
  });
});

describe('packages in lib', () => {
  const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices', 'rxjs', 'reflect-metadata'];

  test('only nest imports Nest and rxjs, and from their roots', async () => {
    for (const name of NEST) {
      for (const room of LINE) {
        const found = await complaints(
          `lib/${room}/some-file.ts`,
          `import type { X } from '${name}'; export type Y = X;`,
        );
        expect(found).toHaveLength(room === 'nest' ? 0 : 1);
      }
    }
    expect(await complaints('lib/nest/x.ts', `export * from '@nestjs/microservices/server';`)).toEqual([
      'rooms/arrows: import from @nestjs/microservices, not @nestjs/microservices/server',
    ]);
  });

  test.each(LINE)('%s uses Node as far as it may', async (room) => {
    const refused = PORTABLE.includes(room) ? 1 : 0;
    expect(await complaints(`lib/${room}/x.ts`, `import net from 'node:net'; export { net };`)).toHaveLength(
      refused,
    );
    expect(await complaints(`lib/${room}/x.ts`, `import net from 'net'; export { net };`)).toHaveLength(1);
    for (const use of ['Buffer.alloc(1)', 'process.env', 'setImmediate(() => {})', 'globalThis.process']) {
      expect(await complaints(`lib/${room}/x.ts`, `export const x = ${use};`)).toHaveLength(refused);
    }
  });

  test('semver belongs to application, connection, server and nest', async () => {
    for (const room of LINE) {
      const allowed = ['application', 'connection', 'server', 'nest'].includes(room);
      const found = await complaints(`lib/${room}/x.ts`, `import semver from 'semver'; export { semver };`);
      expect(found).toHaveLength(allowed ? 0 : 1);
    }
  });

  test('a package that is not named for the room is refused', async () => {
    expect(await complaints('lib/nest/x.ts', `export * from 'lodash';`)).toHaveLength(1);
  });
});

describe('files of lib', () => {
  test('have no default export', async () => {
    expect(await complaints('lib/util/x.ts', 'export default class X {}')).toHaveLength(1);
    expect(await complaints('lib/util/x.ts', 'class X {} export { X as default };')).toHaveLength(1);
  });

  test('write nothing to the console', async () => {
    expect(await complaints('lib/nest/x.ts', `console.log('x');`)).toHaveLength(1);
  });

  test('are only exports where they are entries, and core knows no Nest', async () => {
    expect(await complaints('lib/core.ts', `export { x } from './transport/x.js';`)).toEqual([]);
    expect(await complaints('lib/core.ts', `export { x } from './nest/x.js';`)).toHaveLength(1);
    expect(await complaints('lib/core.ts', `export const x = 1;`)).toHaveLength(1);
    expect(
      await complaints('lib/index.ts', `export * from './core.js'; export { x } from './nest/x.js';`),
    ).toEqual([]);
    expect(await complaints('lib/index.ts', `import { x } from './nest/x.js'; export { x };`)).toHaveLength(
      2,
    );
  });
});
