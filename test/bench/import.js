/**
 * `npm run bench:import`: what it takes to load the entries of this package, beside `@nestjs/microservices` alone, and what is
 * installed. Each load is a process of its own; the contenders take turns, and the medians are shown. `--runs N` (11);
 * `--max-ratio R` fails where the root takes more than R times the processor time of `@nestjs/microservices`.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { machineNow } from './machine.js';
import { median } from './statistics.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const NEST = '@nestjs/microservices';
const ENTRIES = ['nestjs-jstp', 'nestjs-jstp/client', 'nestjs-jstp/core', 'nestjs-jstp/testing'];
const CONTENDERS = [NEST, ...ENTRIES];

/** Prints milliseconds by the clock, of the processor, and megabytes that an import has taken. */
const program = (/** @type {string} */ name) => `
  const [clock, cpu, rss] = [performance.now(), process.cpuUsage(), process.memoryUsage.rss()];
  await import(${JSON.stringify(name)});
  const { user, system } = process.cpuUsage(cpu);
  const taken = [performance.now() - clock, (user + system) / 1000, (process.memoryUsage.rss() - rss) / 2 ** 20];
  process.stdout.write(JSON.stringify(taken));
`;

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '11' }, 'max-ratio': { type: 'string' } },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1)
  throw new Error(`--runs must be a count, but ${values.runs} was given`);

/** @type {Map<string, number[][]>} */
const taken = new Map(CONTENDERS.map((name) => [name, []]));
for (let run = 0; run < runs; run++) {
  for (const [name, of] of taken) of.push(load(name));
}

const { cpu, cores, node } = machineNow();
console.log(`${cpu}, ${cores} cores, Node ${node}; medians of ${runs} processes each\n`);
console.log('| import | processor time | of Nest | by the clock | memory |');
console.log('| --- | --- | --- | --- | --- |');
const nest = of(NEST, 1);
for (const name of CONTENDERS) {
  const cells = [
    `${of(name, 1).toFixed(0)} ms`,
    (of(name, 1) / nest).toFixed(2),
    `${of(name, 0).toFixed(0)} ms`,
    `${of(name, 2).toFixed(0)} MiB`,
  ];
  console.log(`| \`${name}\` | ${cells.join(' | ')} |`);
}
console.log(`\nInstalled: ${installed()}`);

const limit = values['max-ratio'];
const ratio = of('nestjs-jstp', 1) / nest;
if (limit !== undefined && !(ratio <= Number(limit))) {
  console.error(
    `nestjs-jstp takes ${ratio.toFixed(2)} times the processor time of ${NEST}; ${limit} is allowed`,
  );
  process.exitCode = 1;
}

/** @param {string} name @returns {number[]} */
function load(name) {
  const args = ['--input-type=module', '-e', program(name)];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }));
}

/** @param {string} name @param {number} column */
function of(name, column) {
  return median((taken.get(name) ?? []).map((row) => row[column] ?? NaN));
}

/** The sizes of what `npm install nestjs-jstp` adds to an application of Nest. */
function installed() {
  const { dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const pack = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  /** @type {[string, number][]} */
  const parts = [['nestjs-jstp', JSON.parse(pack)[0].unpackedSize]];
  const require = createRequire(import.meta.url);
  for (const name of Object.keys(dependencies))
    parts.push([name, sizeOf(path.dirname(require.resolve(`${name}/package.json`)))]);
  const shown = parts.map(([name, size]) => `${name} ${(size / 2 ** 20).toFixed(2)} MiB`);
  return shown.join(', ');
}

/** @param {string} folder @returns {number} */
function sizeOf(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}
