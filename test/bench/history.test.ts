import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { historyTable, keep } from './history.js';
import { parseOptions } from './options.js';
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
  const lines = historyTable(folder).split('\n');
  expect(lines[0]).toBe('| ratio | 1.0.0 | 1.9.0 | 1.10.0 |');
  expect(lines).toContain('| resume-time | 0.25 | 0.50 | 0.13 |');
});

test.each([['--quick'], ['--only', 'calls']])('a run with %s is not kept', (...partial) => {
  expect(() => parseOptions(['--keep', ...partial])).toThrow('--keep is for whole runs');
});
