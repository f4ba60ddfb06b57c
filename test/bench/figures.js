/**
 * `npm run bench:figures -- [--node PATH]... [options of bench]`: all figures of docs/performance.md by one command. It runs
 * the benchmark by each Node in turn, the first of which the page shows first, keeps the ratios of the version, writes
 * the page and draws the pictures. Without `--node`: by the Node that runs it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

/** Less than by default, so that two Nodes take some twenty minutes; what is given later on the line goes before. */
const SHORTER = ['--rounds', '5', '--duration', '400'];

const folder = path.join(import.meta.dirname, 'results');
/** @type {string[]} */
const nodes = [];
/** @type {string[]} */
const others = [];
const given = process.argv.slice(2);
while (given.length > 0) {
  const option = given.shift() ?? '';
  if (option === '--node') nodes.push(given.shift() ?? '');
  else others.push(option);
}
if (nodes.length === 0) nodes.push(process.execPath);
if (nodes.some((node) => node === '')) throw new Error('--node needs the path of a Node');

// A part of the matrix is shown, and not kept.
const isWhole = !others.some((option) => option === '--only' || option === '--quick');
const run = Date.now();
mkdirSync(folder, { recursive: true });
const files = nodes.map((node, index) => {
  const file = path.join(folder, `figures-${run}-${index}.json`);
  start(node, ['bench.js', ...SHORTER, ...others, ...(isWhole ? ['--keep'] : []), '--output', file]);
  return file;
});
start(process.execPath, ['report.js', ...files]);
if (isWhole) start(process.execPath, ['history.js']);

/** @type {(node: string, args: readonly string[]) => void} */
function start(node, [program, ...args]) {
  const { status, error } = spawnSync(node, [path.join(import.meta.dirname, program), ...args], {
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} of ${node} has ended with ${status}`);
}
