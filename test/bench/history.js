/**
 * What is kept of a version's benchmarks, in benchmarks/history/: the ratios, without the samples. `npm run bench:history`
 * prints those of all versions side by side, and draws how they moved, in benchmarks/history.svg.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compare } from 'semver';
import { historyPictureOf } from './report/history-picture.js';
import { ratioText } from './table.js';

/** @import { History, Results } from './types.js' */

const FOLDER = path.join(import.meta.dirname, '../../benchmarks/history');
const PICTURE = path.join(import.meta.dirname, '../../benchmarks/history.svg');

/**
 * @param {Results} results
 * @returns {History}
 */
function historyOf({ date, version, machine, options, rows, absent }) {
  const ratios = rows.flatMap(({ id, ratio }) => (ratio ? [[id, ratio]] : []));
  return { version, date, machine, options, absent, ratios: Object.fromEntries(ratios) };
}

/**
 * @param {Results} results
 * @param {string} [folder]
 * @returns {string} the file, which replaces an earlier one of the same version on the same major version of Node
 */
export function keep(results, folder = FOLDER) {
  mkdirSync(folder, { recursive: true });
  const [major] = results.machine.node.slice(1).split('.');
  const file = path.join(folder, `${results.version}-node${major}.json`);
  writeFileSync(file, `${JSON.stringify(historyOf(results), null, 2)}\n`);
  return file;
}

/**
 * @param {string} [folder]
 * @returns {History[]} the oldest version first, the newest Node first
 */
export function readHistory(folder = FOLDER) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  /** @type {History[]} */
  const kept = files.map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')));
  return kept.sort((a, b) => compare(a.version, b.version) || compare(b.machine.node, a.machine.node));
}

/**
 * @param {readonly History[]} kept
 * @returns {string} a Markdown table: a line for each ratio, a column for each version and Node
 */
export function historyTable(kept) {
  const ids = [...new Set(kept.flatMap(({ ratios }) => Object.keys(ratios)))];
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [
    line(['ratio', ...kept.map(({ version }) => version)]),
    line(['---', ...kept.map(() => '---')]),
    line(['Node', ...kept.map(({ machine }) => machine.node)]),
    line(['CPU', ...kept.map(({ machine }) => machine.cpu)]),
    ...ids.map((id) =>
      line([id, ...kept.map(({ ratios }) => (ratios[id] ? ratioText(ratios[id].median) : ''))]),
    ),
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const kept = readHistory();
  console.log(historyTable(kept));
  if (kept.length > 0) {
    writeFileSync(PICTURE, historyPictureOf(kept));
    console.log(`\n${path.relative('.', PICTURE)} is written`);
  }
}
