/** Type-checks a consumer of the packed package by several compilers with several settings: type-settings.js. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { run, writeJson } from './shell.js';
import { COMPILERS, optionsFor, TYPE_SETTINGS } from './type-settings.js';

/** What a compiler says that will not have an ES module imported by CommonJS. */
const REFUSED = 'TS1479';

/**
 * @param {string} folder where the compilers are installed
 * @param {Record<'module' | 'commonjs', string>} homes the fresh applications that have the package
 * @returns {number} how many checks passed
 */
export function checkCompilers(folder, homes) {
  const home = path.join(folder, 'compilers');
  mkdirSync(home);
  const versions = COMPILERS.map((version) => [aliasOf(version), `npm:typescript@~${version}.0`]);
  writeJson(path.join(home, 'package.json'), { private: true, dependencies: Object.fromEntries(versions) });
  run(home, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline']);
  for (const target of Object.values(homes))
    copyFileSync(path.join(import.meta.dirname, 'fixtures/consumer.ts'), path.join(target, 'consumer.ts'));
  for (const setting of TYPE_SETTINGS) {
    for (const compiler of COMPILERS) {
      const tsc = path.join(home, 'node_modules', aliasOf(compiler), 'bin/tsc');
      checkOne(tsc, compiler, setting, homes[setting.type]);
    }
  }
  return COMPILERS.length * TYPE_SETTINGS.length;
}

/** @type {(tsc: string, compiler: string, setting: import('./type-settings.js').TypeSetting, home: string) => void} */
function checkOne(tsc, compiler, setting, home) {
  const config = path.join(home, 'tsconfig.consumer.json');
  writeJson(config, {
    extends: './tsconfig.json',
    compilerOptions: { noEmit: true, ...optionsFor(setting, compiler) },
    files: ['consumer.ts'],
  });
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', config, '--pretty', 'false'], {
    cwd: home,
    encoding: 'utf8',
  });
  const errors = stdout.match(/\bTS\d+\b/g) ?? [];
  const isRefused = setting.refusedBy.includes(compiler);
  const isAsTold = isRefused
    ? errors.length > 0 && errors.every((code) => code === REFUSED)
    : status === 0 && errors.length === 0;
  const title = `TypeScript ${compiler}, ${setting.title}`;
  if (!isAsTold) {
    process.stdout.write(stdout + stderr);
    throw new Error(`${title}: must ${isRefused ? `be refused with ${REFUSED} alone` : 'compile'}`);
  }
  console.log(`${title}: ${isRefused ? `refused (${REFUSED}), as the README tells` : 'compiles'}`);
}

function aliasOf(/** @type {string} */ version) {
  return `typescript-${version}`;
}
