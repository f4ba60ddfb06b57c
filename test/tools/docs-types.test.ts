import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { typeTable } from '../package/type-settings.js';

test('the documents tell of each TypeScript set-up what is tested of it', () => {
  expect(readFileSync('docs/troubleshooting.md', 'utf8')).toContain(typeTable());
});
