/**
 * `npm run bench:report -- RESULTS...`: of the JSON of runs, the picture docs/speed.svg and the part of
 * docs/performance.md between its two marks. What runs with the same options measured is put together, cells of a later one in the place of
 * an earlier one's. The first run's options are those that are shown; runs without `resume` add a column.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { markdownOf } from './report/markdown.js';
import { mergeRuns } from './report/merge.js';
import { pictureOf } from './report/picture.js';

/** @import { Results } from './types.js' */

const ROOT = path.join(import.meta.dirname, '../..');
const PAGE = 'docs/performance.md';
const PICTURE = 'docs/speed.svg';
const BEGIN = '<!-- npm run bench:report writes from here -->';
const END = '<!-- to here -->';

const files = process.argv.slice(2);
if (files.length > 0) write(mergeRuns(files.map((file) => JSON.parse(readFileSync(file, 'utf8')))));
else {
  console.error('npm run bench:report -- RESULTS...');
  process.exitCode = 1;
}

/** @param {readonly Results[]} runs */
function write(runs) {
  const picture = path.join(ROOT, PICTURE);
  mkdirSync(path.dirname(picture), { recursive: true });
  writeFileSync(picture, pictureOf(runs[0]));
  const file = path.join(ROOT, PAGE);
  const page = readFileSync(file, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`${PAGE} has no place for it: ${BEGIN} ... ${END}`);
  const section = `${BEGIN}\n\n${markdownOf(runs, path.basename(PICTURE))}\n\n`;
  writeFileSync(file, page.slice(0, begin) + section + page.slice(end));
  console.log(`${PICTURE} and ${PAGE} are written`);
}
