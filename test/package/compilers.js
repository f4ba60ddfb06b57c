/** Type-checks a consumer of the packed package by several compilers with several settings: type-settings.js. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run, writeJson } from './shell.js';
import { COMPILERS, optionsFor, TYPE_SETTINGS } from './type-settings.js';

/**
 * @param {string} folder where the compilers are installed
 * @param {Record<'module' | 'commonjs', string>} homes the fresh applications that have the package
 * @returns {Promise<number>} how many checks passed
 */
export async function checkCompilers(folder, homes) {
  const home = path.join(folder, 'compilers');
  mkdirSync(home);
  const versions = COMPILERS.map((version) => [aliasOf(version), `npm:typescript@~${version}.0`]);
  writeJson(path.join(home, 'package.json'), { private: true, dependencies: Object.fromEntries(versions) });
  run(home, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline']);
  for (const target of Object.values(homes))
    copyFileSync(path.join(import.meta.dirname, 'fixtures/consumer.ts'), path.join(target, 'consumer.ts'));
  const checks = TYPE_SETTINGS.flatMap((setting) =>
    COMPILERS.map((compiler) => () => {
      const tsc = path.join(home, 'node_modules', aliasOf(compiler), 'bin/tsc');
      return checkOne(tsc, compiler, setting, homes[setting.type]);
    }),
  );
  const total = checks.length;
  const worker = async () => {
    for (let check = checks.shift(); check; check = checks.shift()) await check();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return total;
}

/** @type {(tsc: string, compiler: string, setting: import('./type-settings.js').TypeSetting, home: string) => Promise<void>} */
async function checkOne(tsc, compiler, setting, home) {
  const config = path.join(home, `tsconfig.${compiler}-${TYPE_SETTINGS.indexOf(setting)}.json`);
  writeJson(config, {
    extends: './tsconfig.json',
    compilerOptions: { noEmit: true, ...optionsFor(setting, compiler) },
    files: ['consumer.ts'],
  });
  const { code, stdout, stderr } = await runNode([tsc, '-p', config, '--pretty', 'false'], home);
  const errors = stdout.match(/\bTS\d+\b/g) ?? [];
  const refusal = setting.refusedBy[compiler];
  const isAsTold = refusal
    ? errors.length > 0 && errors.every((error) => error === refusal)
    : code === 0 && errors.length === 0;
  const title = `TypeScript ${compiler}, ${setting.title}`;
  if (!isAsTold) {
    process.stdout.write(stdout + stderr);
    throw new Error(`${title}: must ${refusal ? `be refused with ${refusal} alone` : 'compile'}`);
  }
  console.log(`${title}: ${refusal ? `refused (${refusal}), as the documents tell` : 'compiles'}`);
}

function aliasOf(/** @type {string} */ version) {
  return `typescript-${version}`;
}

/** @type {(args: string[], cwd: string) => Promise<{ code: unknown, stdout: string, stderr: string }>} */
function runNode(args, cwd) {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr });
    });
  });
}
