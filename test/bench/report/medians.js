import { summarize } from '../statistics.js';

/** @import { Results } from '../types.js' */

/**
 * What a contender did in a cell, over all rounds; undefined where it was not measured.
 * @param {Results} results
 * @param {string} cell
 * @param {string} contender
 * @param {string} name of the value
 */
export function medianOf({ samples }, cell, contender, name) {
  const own = samples.filter((sample) => sample.cell === cell && sample.contender === contender);
  return summarize(own.flatMap(({ values }) => (name in values ? [values[name]] : [])));
}
