/** @import { Slice } from '../types.js' */

/**
 * Functions that do the same, by the name of who does it.
 * @typedef {object} Comparison
 * @property {string} cell
 * @property {Readonly<Record<string, () => unknown>>} contenders
 */

/** Keeps results alive, so that no call can be left out. */
const sink = { value: /** @type {unknown} */ (undefined) };

/**
 * Runs each function for a slice of time, one after the other, round after round; the first round warms up.
 * @param {readonly Comparison[]} comparisons
 * @param {{ sliceMs: number, rounds: number }} options
 * @returns {Slice[]}
 */
export function compareInRounds(comparisons, { sliceMs, rounds }) {
  const slices = [];
  for (let round = -1; round < rounds; round++) {
    for (const { cell, contenders } of comparisons) {
      const names = Object.keys(contenders);
      // Who goes first changes, so that no one always follows the other's garbage.
      if (round % 2 === 0) names.reverse();
      const entries = names.map((name) => [name, timeOf(contenders[name], sliceMs)]);
      const nanoseconds = /** @type {Record<string, number>} */ (Object.fromEntries(entries));
      if (round >= 0) slices.push({ cell, round, nanoseconds });
    }
  }
  return slices;
}

/**
 * Nanoseconds that a function takes, over so long a time.
 * @param {() => unknown} run
 * @param {number} sliceMs
 */
function timeOf(run, sliceMs) {
  let batch = 1;
  let done = 0;
  const startedAt = performance.now();
  for (;;) {
    for (let n = 0; n < batch; n++) sink.value = run();
    done += batch;
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs >= sliceMs) return (elapsedMs * 1e6) / done;
    // About a tenth of the slice between two looks at the clock.
    batch = Math.max(1, Math.floor((done / Math.max(elapsedMs, 0.001)) * (sliceMs / 10)));
  }
}
