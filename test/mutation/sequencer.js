import { readFileSync } from 'node:fs';

/** @typedef {import('@jest/test-result').Test} Test */

const { JSTP_ORDER } = process.env;

/** Runs test files in the order that the file JSTP_ORDER names: those first that are the most likely to notice. */
export default class GivenOrder {
  /** @param {Test[]} tests */
  sort(tests) {
    if (!JSTP_ORDER) return tests;
    /** @type {string[]} */
    const order = JSON.parse(readFileSync(JSTP_ORDER, 'utf8'));
    return [...tests].sort((a, b) => order.indexOf(a.path) - order.indexOf(b.path));
  }

  /** @param {Test[]} tests */
  shard(tests) {
    return tests;
  }

  allFailedTests() {
    return [];
  }

  cacheResults() {}
}
