/**
 * `npm run test:package`: what a user gets. The packed tarball is installed in fresh applications outside the
 * repository; there the programs of fixtures/ are type-checked against it, compiled and run. After that several
 * compilers check a consumer with several settings, and the applications that `nest new` makes are tested with it.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { checkCompilers } from './compilers.js';
import { checkTemplates } from './templates.js';
import { packInto, root, run, withTemporaryFolder, writeJson } from './shell.js';

/**
 * @typedef {object} FreshApplication
 * @property {string} name
 * @property {'module' | 'commonjs'} type
 * @property {string | null} nest the version range of Nest, null for an application without it
 * @property {Record<string, string>} programs name in fixtures/ -> what its output must hold
 * @property {Record<string, string>} [operated] the same, of programs that run when the optional peers are installed. Those
 *   before show that nothing else needs them
 */

const core = { core: 'core served and called' };
const operate = { operate: 'traced, counted and healthy', explore: 'explored' };

/** @type {FreshApplication[]} */
const applications = [
  {
    name: 'nest12-esm',
    type: 'module',
    nest: '^12.0.0',
    programs: {
      service: 'served and called',
      override: 'the guard and the clients were overridden',
      ...core,
    },
    operated: operate,
  },
  {
    name: 'nest11-cjs',
    type: 'commonjs',
    nest: '^11.0.0',
    programs: {
      service: 'served and called',
      override: 'the guard and the clients were overridden',
      ...core,
    },
    operated: operate,
  },
  { name: 'bare-esm', type: 'module', nest: null, programs: core },
  { name: 'bare-cjs', type: 'commonjs', nest: null, programs: core },
];

/** A program that is still there after this has left something open. */
const PROGRAM_TIMEOUT_MS = 30_000;

const manifest = /** @type {{ version: string, devDependencies: Record<string, string> }} */ (
  JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
);

await withTemporaryFolder(async (folder) => {
  const tarball = packInto(folder);
  for (const application of applications) {
    console.log(`\n== ${application.name}`);
    const home = path.join(folder, application.name);
    install(application, home, tarball);
    runCommand(home);
    for (const [program, expected] of Object.entries(application.programs))
      compileAndRun(home, program, expected);
    if (!application.operated) continue;
    installOptionalPeers(application, home);
    for (const [program, expected] of Object.entries(application.operated))
      compileAndRun(home, program, expected);
  }
  console.log('\n== compilers');
  const checks = await checkCompilers(folder, {
    module: path.join(folder, 'nest12-esm'),
    commonjs: path.join(folder, 'nest11-cjs'),
  });
  const templates = checkTemplates(folder, tarball);
  console.log(
    `\npackage: ${applications.length} fresh applications, ${checks} type checks, ${templates} templates passed`,
  );
});

/** @type {(application: FreshApplication, home: string, tarball: string) => void} */
function install({ name, type, nest }, home, tarball) {
  const forNest = nest !== null && {
    '@nestjs/common': nest,
    '@nestjs/core': nest,
    '@nestjs/microservices': nest,
    '@nestjs/testing': nest,
    'reflect-metadata': '^0.2.0',
    rxjs: '^7.8.0',
  };
  const dependencies = {
    'nestjs-jstp': `file:${tarball}`,
    '@types/node': manifest.devDependencies['@types/node'],
    ...forNest,
  };
  mkdirSync(home);
  writeJson(path.join(home, 'package.json'), { name, private: true, type, dependencies });
  writeJson(path.join(home, 'tsconfig.json'), {
    compilerOptions: {
      target: 'ES2022',
      module: 'nodenext',
      strict: true,
      types: ['node'],
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      esModuleInterop: true,
      // The declarations of the package itself are checked, too.
      skipLibCheck: false,
      noEmitOnError: true,
      rootDir: '.',
      outDir: 'built',
    },
    files: [],
  });
  // Without Nest the peers stay away: what is left is what the core may need.
  const peers = nest === null ? ['--omit=peer'] : [];
  run(home, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...peers]);
}

/** What `nestjs-jstp/opentelemetry`, `/metrics`, `/terminus` and `/explorer` are used with. */
function installOptionalPeers(/** @type {FreshApplication} */ { nest }, /** @type {string} */ home) {
  const ours = [
    '@opentelemetry/api',
    '@opentelemetry/instrumentation',
    '@opentelemetry/sdk-trace-node',
    'prom-client',
  ];
  const packages = ours.map((name) => `${name}@${manifest.devDependencies[name]}`);
  run(home, 'npm', [
    'install',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    `@nestjs/terminus@${nest}`,
    `@nestjs/platform-express@${nest}`,
    ...packages,
  ]);
}

/** The package's command, as npx finds it. */
function runCommand(/** @type {string} */ home) {
  const output = run(home, 'npx', ['--no-install', 'nestjs-jstp', '--version']);
  if (!output.includes(manifest.version)) throw new Error(`nestjs-jstp --version has printed "${output}"`);
}

/** @type {(home: string, program: string, expected: string) => void} */
function compileAndRun(home, program, expected) {
  const config = path.join(home, `tsconfig.${program}.json`);
  copyFileSync(path.join(import.meta.dirname, 'fixtures', `${program}.ts`), path.join(home, `${program}.ts`));
  writeJson(config, { extends: './tsconfig.json', files: [`${program}.ts`] });
  run(home, process.execPath, [path.join(root, 'node_modules/typescript-7/bin/tsc'), '-p', config]);
  const output = run(home, process.execPath, [`built/${program}.js`], { timeoutMs: PROGRAM_TIMEOUT_MS });
  if (!output.includes(expected)) throw new Error(`${program} ended without printing "${expected}"`);
}
