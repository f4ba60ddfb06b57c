import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

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
const ROOMS = [...LINE, 'redis', 'testing', 'cli'];
const PORTABLE = LINE.slice(0, LINE.indexOf('server'));
const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices', 'rxjs', 'reflect-metadata'];
const PACKAGES = [...NEST, 'semver', 'ws', 'redis', 'lodash'];
const ENTRIES = ['index', 'core', 'client', 'browser'];
const CIRCLES = {
  'lib/util/circle-a.ts': `export { x } from './circle-b.js';`,
  'lib/util/circle-b.ts': `import type { y } from './circle-c.js'; export type Y = typeof y; export const x = 1;`,
  'lib/util/circle-c.ts': `export type Y = import('./circle-a.js').x; export const y = 1;`,
};
const KINDS_OF_IMPORT = [
  `import type { X } from '../nest/x.js'; export type Y = X;`,
  `export type X = import('../nest/x.js').X;`,
  `export const x = () => import('../nest/x.js');`,
  `export { x } from '../nest/x.js';`,
  `export * from '../nest/x.js';`,
  `import '../nest/x.js';`,
  `import x = require('../nest/x.js'); export { x };`,
  `export * from '../util/../nest/x.js';`,
];
const STRANGERS = [
  '../../test/x.js',
  '../index.js',
  '../core.js',
  'nestjs-jstp',
  'nestjs-jstp/core',
  './none.js',
];

let home: string;
/** File -> the names of the rules that it breaks. */
const broken = new Map<string, string[]>();

// One small repository with a file for each question, so that one run of the program answers all of them.
beforeAll(() => {
  home = mkdtempSync(path.join(realpathSync(tmpdir()), 'nestjs-jstp-imports-'));
  for (const file of ['tsconfig.json', 'dependency-cruiser.config.js']) {
    copyFileSync(path.join(root, file), path.join(home, file));
  }
  write('package.json', JSON.stringify({ name: 'nestjs-jstp', type: 'module' }));
  for (const name of PACKAGES) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }));
    write(`node_modules/${name}/index.js`, '');
    write(`node_modules/${name}/server/index.js`, '');
  }
  for (const entry of ENTRIES) {
    write(`lib/${entry}.ts`, ROOMS.map((room) => `export * from './${room}/x.js';`).join('\n'));
  }
  for (const room of ROOMS) {
    write(`lib/${room}/x.ts`, 'export const x = 1; export type X = 1;');
    for (const target of ROOMS) write(`lib/${room}/to-${target}.ts`, `export * from '../${target}/x.js';`);
    for (const name of PACKAGES) {
      write(`lib/${room}/${fileOf(name)}`, `import type { X } from '${name}'; export type Y = X;`);
    }
    write(`lib/${room}/node.ts`, `import net from 'node:net'; export { net };`);
  }
  KINDS_OF_IMPORT.forEach((text, index) => {
    write(`lib/protocol/kind-${index}.ts`, text);
  });
  STRANGERS.forEach((target, index) => {
    write(`lib/nest/stranger-${index}.ts`, `export * from '${target}';`);
  });
  write('test/x.ts', 'export const x = 1;');
  write('lib/mdsf/scan/right.ts', `export * from '../../util/x.js'; export * from '../x.js';`);
  write('lib/mdsf/scan/wrong.ts', `export * from '../../protocol/x.js';`);
  write('lib/nest/deep.ts', `export * from '@nestjs/microservices/server/index.js';`);
  write('lib/nest/deep-folder.ts', `export * from '@nestjs/microservices/server';`);
  write('lib/extra/x.ts', `export * from '../util/x.js';`);
  for (const [file, text] of Object.entries(CIRCLES)) write(file, text);
  cruise();
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
  writeFileSync(path.join(home, file), text);
}

const fileOf = (name: string) => `package-${name.replaceAll(/[@/]/g, '')}.ts`;

function cruise(): void {
  const program = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [program, 'lib', '--config', 'dependency-cruiser.config.js', '--output-type', 'json'];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: home,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (!stdout.startsWith('{')) throw new Error(stderr);
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  for (const { from, rule } of summary.violations) broken.set(from, [...(broken.get(from) ?? []), rule.name]);
}

const rulesBrokenBy = (file: string) => broken.get(file) ?? [];

const mayImport = (room: string, target: string) => rulesBrokenBy(`lib/${room}/to-${target}.ts`).length === 0;

const targetsOf = (room: string) => ROOMS.filter((target) => mayImport(room, target));

describe('import arrows of lib', () => {
  test.each(LINE)('%s imports from itself and from the rooms to its left', (room) => {
    expect(targetsOf(room)).toEqual(LINE.slice(0, LINE.indexOf(room) + 1));
    for (const target of ROOMS.filter((target) => !mayImport(room, target))) {
      expect(rulesBrokenBy(`lib/${room}/to-${target}.ts`)).toEqual([`arrows of lib/${room}`]);
    }
  });

  test.each([
    ['redis', 'server'],
    ['testing', 'transport'],
    ['cli', 'transport'],
  ])('%s imports from itself and from the rooms up to %s', (room, last) => {
    expect(targetsOf(room)).toEqual([...LINE.slice(0, LINE.indexOf(last) + 1), room]);
  });

  test.each(KINDS_OF_IMPORT.map((text, index) => [text, index] as const))(
    '%s is an import, too',
    (_, index) => {
      expect(rulesBrokenBy(`lib/protocol/kind-${index}.ts`)).toEqual(['arrows of lib/protocol']);
    },
  );

  test('a file deeper in a room is held to the same arrows', () => {
    expect(rulesBrokenBy('lib/mdsf/scan/right.ts')).toEqual([]);
    expect(rulesBrokenBy('lib/mdsf/scan/wrong.ts')).toEqual(['arrows of lib/mdsf']);
  });

  test.each(STRANGERS.map((target, index) => [target, index] as const))(
    'no room imports %s: from outside lib, an entry file, the package by its name, or nowhere',
    (_, index) => {
      expect(rulesBrokenBy(`lib/nest/stranger-${index}.ts`)).toEqual(['arrows of lib/nest']);
    },
  );

  test('an unknown room is refused until its arrows are written down', () => {
    expect(rulesBrokenBy('lib/extra/x.ts')).toEqual([
      'every room has its rules in dependency-cruiser.config.js',
    ]);
  });

  test.each([
    ['index', ['redis', 'testing', 'cli']],
    ['core', ['nest', 'redis', 'testing', 'cli']],
    ['client', ['server', 'redis', 'testing', 'cli']],
    ['browser', ['server', 'nest', 'redis', 'testing', 'cli']],
  ])('the entry %s exports from no room of %j', (entry, refused) => {
    expect(rulesBrokenBy(`lib/${entry}.ts`)).toEqual(refused.map(() => `arrows of lib/${entry}.ts`));
  });

  test('a circle is refused, even one of types', () => {
    // Told once for each circle, at the file where it was found.
    expect(Object.keys(CIRCLES).flatMap(rulesBrokenBy)).toEqual(['no circle']);
  });
});

describe('packages in lib', () => {
  test.each([
    ...NEST.map((name) => [name, ['nest']] as const),
    ['semver', ['application', 'connection', 'server', 'nest']] as const,
    ['ws', ['transport']] as const,
    ['redis', ['redis']] as const,
    ['lodash', []] as const,
  ])('%s is imported in the rooms %j', (name, allowed) => {
    const found = ROOMS.filter((room) => rulesBrokenBy(`lib/${room}/${fileOf(name)}`).length === 0);
    expect(found).toEqual(allowed);
  });

  test('Nest is imported from its roots, as deep paths differ between its versions', () => {
    for (const file of ['deep', 'deep-folder']) {
      expect(rulesBrokenBy(`lib/nest/${file}.ts`)).toContain('Nest is imported from its roots');
    }
  });

  test("no portable room imports Node's modules", () => {
    const refused = ROOMS.filter((room) => rulesBrokenBy(`lib/${room}/node.ts`).length > 0);
    expect(refused).toEqual(PORTABLE);
  });
});
