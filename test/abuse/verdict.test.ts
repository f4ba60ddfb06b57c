import { describe, expect, test } from '@jest/globals';
import { ATTACKERS } from './attackers/index.js';
import { findFaults, MEMORY_CAP, quantile, REFERENCE_CPU_MS, shareOfLoad, type Phase } from './verdict.js';

const GOOD: Phase = {
  calls: Array.from({ length: 100 }, () => 30),
  logins: [],
  errors: [],
  cpuMs: 0,
  peakRss: MEMORY_CAP,
  refused: 0,
  failed: 0,
  turnedAway: 0,
  logLines: 0,
  durationMs: 0,
};
const QUIET_MS = 10;
const faultsOf = (phase: Partial<Phase>, maxAnswerMs?: number): string[] =>
  findFaults({ ...GOOD, ...phase }, QUIET_MS, maxAnswerMs).map(({ text }) => text);

describe('the verdict on an attack', () => {
  test('is good at the bounds', () => {
    expect(faultsOf({})).toEqual([]);
  });

  test('names a p99 over three times the quiet one, more memory than may be, an error, and no answer at all', () => {
    const slow = [...GOOD.calls.slice(2), 31, 31];
    expect(quantile(slow, 0.99)).toBe(31);
    expect(faultsOf({ calls: slow })).toEqual(["the good client's p99 is 3.1x of the quiet one"]);
    expect(faultsOf({ peakRss: MEMORY_CAP + 1 })).toEqual(['the server took 768 MiB']);
    expect(faultsOf({ errors: ['a', 'b'] })).toEqual(['2 errors of the good client, the first: a']);
    expect(faultsOf({ calls: [] })).toEqual(['the good client got no answer']);
  });

  test('is by the longest answer where there is a bound for that', () => {
    expect(faultsOf({ calls: [40, 50] }, 50)).toEqual([]);
    expect(faultsOf({ calls: [1, 51] }, 50)).toEqual(['an answer took 51 ms, and may take 50 ms']);
  });
});

test('the part of the load is in proportion to how fast the machine is, and 1 at most', () => {
  const share = (perSecond: number): number => shareOfLoad({ cpuMs: 2 * perSecond, durationMs: 2000 });
  expect(share(REFERENCE_CPU_MS / 3)).toBe(1);
  expect(share(REFERENCE_CPU_MS)).toBe(1);
  expect(share(REFERENCE_CPU_MS * 2)).toBe(0.5);
});

test('each attacker has a name of its own, and tells what bounds it', () => {
  expect(new Set(ATTACKERS.map(({ name }) => name)).size).toBe(ATTACKERS.length);
  for (const { load } of ATTACKERS) expect(load).toMatch(/\d/);
});
