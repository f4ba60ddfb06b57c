import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../lib/core.js';

test('each limit has a test in this folder', () => {
  const folder = 'test/security';
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  const text = tests.map((name) => readFileSync(`${folder}/${name}`, 'utf8')).join('\n');
  const hasTest = (limit: string): boolean => new RegExp(`\\b${limit}\\b`).test(text);
  expect(Object.keys(DEFAULT_LIMITS).filter((limit) => !hasTest(limit))).toEqual([]);
});
