import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Closing } from '../../support/closing.js';
import { EXPLORER_LIMIT_BYTES } from '../../tools/explorer-page.js';
import { builtPage } from '../explorer-app.js';

const closing = new Closing();
const files = new Map<string, string>();

beforeAll(async () => {
  const folder = await builtPage(closing);
  for (const name of readdirSync(folder)) files.set(name, readFileSync(new URL(name, folder), 'utf8'));
});

afterAll(() => closing.run());

test('the page is small', () => {
  const bytes = [...files.values()].map((text) => gzipSync(text, { level: 9 }).length);
  expect(bytes.reduce((sum, each) => sum + each)).toBeLessThan(EXPLORER_LIMIT_BYTES);
});

test('the page has no script or style of its own, and names no file elsewhere', () => {
  const page = files.get('index.html') ?? '';
  expect(page).toContain('src="explorer.js"');
  expect(page).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*src=)|https?:/);
  expect(files.get('explorer.css')).not.toMatch(/url\(|@import/);
  // Whatever makes elements of texts: all that a server sends is shown as text.
  const program = [...files.keys()].filter((name) => name.endsWith('.js'));
  expect(program).toEqual(['explorer.js']);
});

test('the parts of the page never make markup of a text', () => {
  const view = new URL('../../../lib/explorer/page/view/', import.meta.url);
  const texts = readdirSync(view).map((name) => readFileSync(new URL(name, view), 'utf8'));
  expect(
    texts.filter((text) => /innerHTML|outerHTML|insertAdjacent|document\.write|href=/.test(text)),
  ).toEqual([]);
});
