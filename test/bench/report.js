/**
 * `npm run bench:report -- RESULTS [FOLDER]`: of the JSON of a run, a Markdown section (printed, and written as
 * `bench.md`) and a picture (`bench.svg`). The folder is test/bench/report unless another is given.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { markdownOf } from './report/markdown.js';
import { pictureOf } from './report/picture.js';

/** @import { Results } from './types.js' */

const [file, folder = path.join(import.meta.dirname, 'report')] = process.argv.slice(2);
if (file) write(/** @type {Results} */ (JSON.parse(readFileSync(file, 'utf8'))));
else {
  console.error('npm run bench:report -- RESULTS [FOLDER]');
  process.exitCode = 1;
}

/** @param {Results} results */
function write(results) {
  mkdirSync(folder, { recursive: true });
  const picture = path.join(folder, 'bench.svg');
  writeFileSync(picture, pictureOf(results));
  const from = path.join(import.meta.dirname, '../..');
  const markdown = markdownOf(results, path.relative(from, path.resolve(picture)).replaceAll(path.sep, '/'));
  writeFileSync(path.join(folder, 'bench.md'), markdown);
  console.log(markdown);
}
