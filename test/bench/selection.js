import { BESIDE, TARGETS } from './targets.js';

/** @import { Target } from './types.js' */

/** What `--only` leaves of the matrix: groups, cells, or rows of the table by the beginning of their ids. */
export class Selection {
  /** @param {readonly string[]} names of groups, cells or rows; none: everything */
  constructor(names) {
    this.isEverything = names.length === 0;
    this.names = new Set(names);
    this.table = [...TARGETS, ...BESIDE];
    this.rows = this.table.filter(({ id }) => names.some((name) => id.startsWith(name)));
  }

  /**
   * @param {string} group
   * @param {string} cell
   * @param {string} contender
   */
  wants(group, cell, contender) {
    if (this.isEverything || this.names.has(group) || this.names.has(cell)) return true;
    return this.rows.some((row) => isPart(row, cell, contender));
  }

  /**
   * Whether some row of the table is about a contender in a cell.
   * @param {string} cell
   * @param {string} contender
   */
  isInTable(cell, contender) {
    return this.table.some((row) => isPart(row, cell, contender));
  }

  /**
   * Whether a group that is measured as a whole has anything that is wanted.
   * @param {string} group
   * @param {readonly string[]} cells
   */
  wantsAny(group, cells) {
    if (this.isEverything || this.names.has(group)) return true;
    return cells.some((cell) => this.names.has(cell) || this.rows.some((row) => row.cell === cell));
  }
}

/**
 * @param {Target} row
 * @param {string} cell
 * @param {string} contender
 */
function isPart(row, cell, contender) {
  return row.cell === cell && (row.of === contender || row.to === contender);
}
