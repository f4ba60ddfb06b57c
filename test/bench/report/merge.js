import { rowsOf } from '../rows.js';

/** @import { Results } from '../types.js' */

/**
 * Runs that differ in nothing but what they measured, as one: a cell of a later one takes the place of an earlier one's.
 * @param {readonly Results[]} runs
 * @returns {Results[]} one for each choice of `resume` and each Node, in the order of the first of them
 * @throws Error for runs of several machines or versions of this package
 */
export function mergeRuns(runs) {
  /** @type {Map<string, Results>} */
  const merged = new Map();
  for (const run of runs) {
    if (sourceOf(run) !== sourceOf(runs[0]))
      throw new Error(`Runs of two machines or versions: ${sourceOf(runs[0])} and ${sourceOf(run)}`);
    const kind = `${run.options.resume} ${run.machine.node}`;
    const before = merged.get(kind);
    merged.set(kind, before ? mergeTwo(before, run) : run);
  }
  return [...merged.values()];
}

/**
 * @param {Results} before
 * @param {Results} later
 * @returns {Results}
 */
function mergeTwo(before, later) {
  const cells = new Set(later.samples.map(({ cell }) => cell));
  const samples = [...before.samples.filter(({ cell }) => !cells.has(cell)), ...later.samples];
  const soakMinutes = later.options.soakMinutes || before.options.soakMinutes;
  return { ...before, options: { ...before.options, soakMinutes }, samples, rows: rowsOf(samples) };
}

/** @param {Results} run */
function sourceOf({ machine, version }) {
  const { node: _, ...hardware } = machine;
  return `${version} on ${JSON.stringify(hardware)}`;
}
