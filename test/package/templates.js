/**
 * The applications that `nest new` makes, of each major version of Nest, with the packed package in them: their own
 * tests and ours of fixtures/template/ pass by their own runner, and they build, with the plugin of the package.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run, writeJson } from './shell.js';

/**
 * @typedef {object} Template
 * @property {number} nest the major version
 * @property {'relative.js' | 'relative'} imports how it imports a file of its own
 * @property {boolean} hasJest and so needs what docs/guides/testing.md tells of Jest
 */

/** @type {readonly Template[]} */
const TEMPLATES = [
  { nest: 11, imports: 'relative', hasJest: true },
  { nest: 12, imports: 'relative.js', hasJest: false },
];

/** The files of fixtures/template/ that import others of the application. */
const OWN_FILES = ['src/sums.module.ts', 'src/sums.controller.spec.ts', 'test/sums.e2e-spec.ts'];

/**
 * @param {string} folder where the applications are made
 * @param {string} tarball
 * @returns {number} how many templates passed
 */
export function checkTemplates(folder, tarball) {
  for (const template of TEMPLATES) {
    console.log(`\n== template of Nest ${template.nest}`);
    const home = generate(folder, template, tarball);
    runTests(home, 'test', ['app.controller.spec', 'sums.controller.spec']);
    runTests(home, 'test:e2e', ['app.e2e-spec', 'sums.e2e-spec']);
    run(home, 'npm', ['run', 'build']);
    expectPluginOutput(home);
  }
  return TEMPLATES.length;
}

/** @type {(folder: string, template: Template, tarball: string) => string} */
function generate(folder, { nest, imports, hasJest }, tarball) {
  const name = `template${nest}`;
  const home = path.join(folder, name);
  const cli = path.join(folder, `cli${nest}`);
  mkdirSync(cli);
  writeJson(path.join(cli, 'package.json'), {
    private: true,
    dependencies: { '@nestjs/cli': `^${nest}.0.0` },
  });
  install(cli);
  const program = path.join(cli, 'node_modules/@nestjs/cli/bin/nest.js');
  const options = ['--skip-git', '--skip-install', '--package-manager', 'npm'];
  run(folder, process.execPath, [program, 'new', name, ...options], { quiet: true });
  change(path.join(home, 'package.json'), (manifest) => {
    Object.assign(manifest.dependencies, {
      '@nestjs/microservices': `^${nest}.0.0`,
      'nestjs-jstp': `file:${tarball}`,
    });
    if (hasJest) Object.assign(manifest.jest, jestSetting());
  });
  change(path.join(home, 'nest-cli.json'), ({ compilerOptions }) => {
    compilerOptions.plugins = ['nestjs-jstp/plugin'];
  });
  if (hasJest)
    change(path.join(home, 'test/jest-e2e.json'), (config) => Object.assign(config, jestSetting()));
  cpSync(path.join(import.meta.dirname, 'fixtures/template'), home, { recursive: true });
  if (imports === 'relative') for (const file of OWN_FILES) dropEndings(path.join(home, file));
  install(home);
  return home;
}

/** @type {(home: string, script: string, files: readonly string[]) => void} */
function runTests(home, script, files) {
  // Jest reports to the standard error.
  const output = run(home, 'npm', ['run', script], { withErrors: true });
  const missing = files.filter((file) => !output.includes(file));
  if (missing.length > 0) throw new Error(`npm run ${script} did not run ${missing.join(', ')}`);
}

/** The build has asked the plugin of the package. */
function expectPluginOutput(/** @type {string} */ home) {
  const built = readdirSync(path.join(home, 'dist'), { recursive: true, encoding: 'utf8' });
  const controller = built.find((file) => path.basename(file) === 'sums.controller.js');
  const text = controller === undefined ? '' : readFileSync(path.join(home, 'dist', controller), 'utf8');
  if (!text.includes('_JSTP_METADATA_FACTORY')) throw new Error('nestjs-jstp/plugin has added nothing');
}

function install(/** @type {string} */ home) {
  run(home, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { quiet: true });
}

/** What the documents tell users of Jest to set. @returns {object} */
function jestSetting() {
  const page = readFileSync(path.join(root, 'docs/guides/testing.md'), 'utf8');
  const setting = /`("transformIgnorePatterns": \[[^`]*\])`/.exec(page);
  if (!setting) throw new Error('docs/guides/testing.md does not tell what to set in Jest');
  return JSON.parse(`{${setting[1]}}`);
}

/** @type {(file: string, by: (value: any) => void) => void} */
function change(file, by) {
  const value = JSON.parse(readFileSync(file, 'utf8'));
  by(value);
  writeJson(file, value);
}

/** CommonJS names its files without ".js". */
function dropEndings(/** @type {string} */ file) {
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(from '\.[^']*)\.js'/g, "$1'"));
}
