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
import { IMPORTED, importOnce, NEST } from './workloads/import-cost.js';

/** @typedef {ReturnType<typeof importOnce>} Cost */

const ROOT = path.resolve(import.meta.dirname, '../..');

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '11' }, 'max-ratio': { type: 'string' } },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1)
  throw new Error(`--runs must be a count, but ${values.runs} was given`);

/** @type {Map<string, Cost[]>} */
const taken = new Map(IMPORTED.map((name) => [name, []]));
for (let run = 0; run < runs; run++) {
  for (const [name, costs] of taken) costs.push(importOnce(name));
}

const { cpu, cores, node } = machineNow();
console.log(`${cpu}, ${cores} cores, Node ${node}; medians of ${runs} processes each\n`);
console.log('| import | processor time | of Nest | by the clock | memory |');
console.log('| --- | --- | --- | --- | --- |');
const nest = of(NEST, 'cpuMs');
for (const name of IMPORTED) {
  const cells = [
    `${of(name, 'cpuMs').toFixed(0)} ms`,
    (of(name, 'cpuMs') / nest).toFixed(2),
    `${of(name, 'timeMs').toFixed(0)} ms`,
    `${of(name, 'memoryMiB').toFixed(0)} MiB`,
  ];
  console.log(`| \`${name}\` | ${cells.join(' | ')} |`);
}
console.log(`\nInstalled: ${installed()}`);

const limit = values['max-ratio'];
const ratio = of('nestjs-jstp', 'cpuMs') / nest;
if (limit !== undefined && !(ratio <= Number(limit))) {
  console.error(
    `nestjs-jstp takes ${ratio.toFixed(2)} times the processor time of ${NEST}; ${limit} is allowed`,
  );
  process.exitCode = 1;
}

/** @param {string} name @param {keyof Cost} column */
function of(name, column) {
  return median((taken.get(name) ?? []).map((cost) => cost[column]));
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
