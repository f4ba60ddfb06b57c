/** @import { Summary, Tail } from './types.js' */

/** @param {readonly number[]} numbers at least one */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The medians of the second quarter and of the last one: whether something grows once it has warmed up.
 * @param {readonly number[]} numbers in the order in which they were measured, four at least
 */
export function earlyAndLate(numbers) {
  const quarter = numbers.length / 4;
  return { early: median(numbers.slice(quarter, 2 * quarter)), late: median(numbers.slice(3 * quarter)) };
}

/**
 * @param {readonly number[]} numbers
 * @returns {Summary | undefined} undefined of none
 */
export function summarize(numbers) {
  if (numbers.length === 0) return undefined;
  return {
    median: median(numbers),
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    count: numbers.length,
  };
}

/**
 * The value below which so many of a hundred are.
 * @param {Float64Array} sorted
 * @param {number} percent
 */
function percentile(sorted, percent) {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))];
}

/**
 * @param {Float64Array} times in milliseconds; they are sorted
 * @returns {Tail}
 */
export function tailOf(times) {
  times.sort();
  const at = (/** @type {number} */ percent) => percentile(times, percent) * 1000;
  return { p50Us: at(50), p99Us: at(99), p999Us: at(99.9) };
}
