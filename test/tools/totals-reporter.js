/**
 * @typedef {object} Totals
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {number} numRuntimeErrorTestSuites
 */

/**
 * Ends a test run with one plain line, `tests: 412 passed, 0 failed`, for people and scripts that read only the end.
 * A file that does not even load counts as a failure.
 */
export default class TotalsReporter {
  /**
   * @param {ReadonlySet<unknown>} _contexts
   * @param {Totals} results
   */
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const left = results.numPendingTests + results.numTodoTests;
    const skipped = left > 0 ? `, ${String(left)} skipped` : '';
    const line = `\ntests: ${results.numPassedTests} passed, ${failed} failed${skipped}\n`;
    // Jest's summary and the coverage table come after this method; the totals are to be the very end.
    process.once('exit', () => process.stdout.write(line));
  }
}
