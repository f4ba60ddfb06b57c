import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { typeTable } from '../package/type-settings.js';

test('the README tells of each TypeScript set-up what is tested of it', () => {
  expect(readFileSync('README.md', 'utf8')).toContain(typeTable());
});
