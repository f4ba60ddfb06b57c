import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';

test('the README tells each limit with its default, and no other', () => {
  const readme = readFileSync('README.md', 'utf8');
  const table = readme.slice(readme.indexOf('| limit | meaning |'));
  const rows = [...table.matchAll(/^\| `(\w+)` \| .* \| (\d+) \|$/gm)];
  const told = Object.fromEntries(rows.map(([, name, value]) => [name, Number(value)]));
  expect(told).toEqual(DEFAULT_LIMITS);
});
