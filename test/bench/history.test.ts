import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { historyTable, keep, readHistory } from './history.js';
import { parseOptions } from './options.js';
import { historyPictureOf } from './report/history-picture.js';
import { markdownOf } from './report/markdown.js';
import { mergeRuns } from './report/merge.js';
import { rowsOf } from './rows.js';
import type { History, Results } from './types.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nestjs-jstp-history-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A run in which the resume took so many times the time of the reference's, and half its processor time. */
function resultsOf(version: string, times: number): Results {
  const common = { group: 'resume', cell: 'resume' };
  const samples = [1, 2, 3].flatMap((round) => [
    { ...common, contender: 'core', round, values: { timeMs: 100 * times, cpuUs: 500 } },
    { ...common, contender: 'reference', round, values: { timeMs: 100, cpuUs: 1000 } },
  ]);
  const machine = { cpu: 'a CPU', cores: 2, memoryGiB: 8, node: 'v24.0.0', system: 'Linux', isPinned: true };
  const options = parseOptions(['--output', path.join(folder, 'unused')]);
  if (!options) throw new Error('no options');
  return {
    version,
    date: '2030-01-01T00:00:00.000Z',
    machine,
    options,
    absent: {},
    rows: rowsOf(samples),
    samples,
  };
}

test('a version keeps the ratios that were measured, without the samples', () => {
  const kept = JSON.parse(readFileSync(keep(resultsOf('1.0.0', 0.25), folder), 'utf8')) as History;
  expect(kept.version).toBe('1.0.0');
  expect(kept.ratios).toEqual({
    'resume-time': { median: 0.25, min: 0.25, max: 0.25, count: 3 },
    'resume-cpu': { median: 0.5, min: 0.5, max: 0.5, count: 3 },
  });
  expect(kept).not.toHaveProperty('samples');
});

test('versions are shown side by side, the oldest first, with the latest run of each', () => {
  for (const [version, times] of [
    ['1.10.0', 0.125],
    ['1.9.0', 2],
    ['1.9.0', 0.5],
  ] as const) {
    keep(resultsOf(version, times), folder);
  }
  const lines = historyTable(readHistory(folder)).split('\n');
  expect(lines[0]).toBe('| ratio | 1.0.0 | 1.9.0 | 1.10.0 |');
  expect(lines).toContain('| resume-time | 0.25 | 0.50 | 0.13 |');
});

test.each([['--quick'], ['--only', 'calls']])('a run with %s is not kept', (...partial) => {
  expect(() => parseOptions(['--keep', ...partial])).toThrow('--keep is for whole runs');
});

test('the runs of two Nodes are kept beside each other', () => {
  const own = mkdtempSync(path.join(folder, 'nodes-'));
  const results = resultsOf('2.0.0', 0.25);
  keep(results, own);
  keep({ ...results, machine: { ...results.machine, node: 'v20.1.0' } }, own);
  const lines = historyTable(readHistory(own)).split('\n');
  expect(lines).toContain('| Node | v24.0.0 | v20.1.0 |');
});

test('the picture has a line for each ratio that something is wanted of, better values higher', () => {
  const own = mkdtempSync(path.join(folder, 'picture-'));
  // The resume must take a quarter of the reference's time at most.
  keep(resultsOf('1.0.0', 0.5), own);
  keep(resultsOf('1.1.0', 0.125), own);
  const picture = historyPictureOf(readHistory(own));
  expect(picture).toContain('resume with 10,000 buffered messages vs @metarhia/jstp, time');
  const [first, last] = [...picture.matchAll(/<circle [^>]*cy="([\d.]+)"/g)].map(([, y]) => Number(y));
  const must = Number(/class="must" [^>]*y1="([\d.]+)"/.exec(picture)?.[1]);
  expect(first).toBeGreaterThan(must);
  expect(last).toBeLessThan(must);
});

test('the page names the Node of each table and of each column', () => {
  const results = resultsOf('1.0.0', 0.25);
  const older = { ...results, machine: { ...results.machine, node: 'v20.1.0' } };
  const runs = mergeRuns([results, older]);
  expect(runs).toHaveLength(2);
  expect(markdownOf(runs, 'speed.svg')).toContain('| compared |  | Node v24.0.0 | Node v20.1.0 |');
});

test('the page tells how long half of the calls take, and the slowest', () => {
  const results = resultsOf('1.0.0', 0.25);
  const values = { perSecond: 1000, p50Us: 250, p99Us: 1500, p999Us: 12_000 };
  const samples = [{ group: 'calls', cell: 'calls-64', contender: 'nest', round: 1, values }];
  const text = markdownOf([{ ...results, samples }], 'speed.svg');
  expect(text).toContain('| nestjs-jstp through Nest | 0.25 ms | 1.50 ms | 12.00 ms |');
});

test('a row without a contender to compare with is the value itself', () => {
  const values = { gzippedBytes: 19_000 };
  const samples = [{ group: 'browser', cell: 'browser', contender: 'createClient', round: 0, values }];
  const row = rowsOf(samples).find(({ id }) => id === 'browser-client');
  expect(row).toMatchObject({ ratio: { median: 19_000 }, verdict: 'must' });
});
