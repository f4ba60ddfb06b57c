/** `npm run check:release`, a part of `npm run release`: refuses what release-obstacles.js finds. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { releaseObstacles } from './release-obstacles.js';

const root = path.resolve(import.meta.dirname, '../..');
const textOf = (/** @type {string} */ file) => readFileSync(path.join(root, file), 'utf8');

const obstacles = releaseObstacles(
  JSON.parse(textOf('package.json')),
  textOf('CHANGELOG.md'),
  readdirSync(path.join(root, '.changeset')),
);
for (const obstacle of obstacles) console.error(obstacle);
if (obstacles.length > 0) process.exitCode = 1;
