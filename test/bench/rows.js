import { summarize } from './statistics.js';
import { BESIDE, TARGETS } from './targets.js';

/** @import { Row, Sample, Summary, Target, Verdict } from './types.js' */

/**
 * The targets with what the samples say of them, those measured beside at the end.
 * @param {readonly Sample[]} samples
 * @returns {Row[]}
 */
export function rowsOf(samples) {
  /** @type {Map<string, Sample[]>} */
  const cells = new Map();
  for (const sample of samples) {
    const key = keyOf(sample.cell, sample.contender);
    cells.set(key, [...(cells.get(key) ?? []), sample]);
  }
  return [...TARGETS, ...BESIDE].map((target) => {
    const ratio = summarize(ratiosOf(target, cells));
    return { ...target, ratio, verdict: verdictOf(target, ratio) };
  });
}

/**
 * One ratio a round.
 * @param {Target} target
 * @param {ReadonlyMap<string, Sample[]>} cells
 */
function ratiosOf({ cell, of, to, value }, cells) {
  const ours = cells.get(keyOf(cell, of)) ?? [];
  if (to === undefined) return ours.flatMap(({ values }) => (value in values ? [values[value]] : []));
  const theirs = cells.get(keyOf(cell, to)) ?? [];
  return ours.flatMap(({ round, values }) => {
    const other = theirs.find((sample) => sample.round === round);
    return other ? [values[value] / other.values[value]] : [];
  });
}

/**
 * @param {Target} target
 * @param {Summary | undefined} ratio
 * @returns {Verdict}
 */
function verdictOf({ must, aim, better }, ratio) {
  if (!ratio) return 'absent';
  if (must === undefined) return 'measured';
  /** @param {number} wanted */
  const reaches = (wanted) => (better === 'higher' ? ratio.median >= wanted : ratio.median <= wanted);
  if (aim !== undefined && reaches(aim)) return 'aim';
  return reaches(must) ? 'must' : 'short';
}

/**
 * @param {string} cell
 * @param {string} contender
 */
function keyOf(cell, contender) {
  return `${cell} ${contender}`;
}
