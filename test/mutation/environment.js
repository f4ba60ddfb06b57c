import { randomUUID } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TestEnvironment } from 'jest-environment-node';

const { JSTP_HITS, JSTP_KILLER } = process.env;
const ROOT = path.resolve(import.meta.dirname, '../..');

/** Runs no test after the first that fails twice, and notes which statements a test file runs. */
export default class MutationEnvironment extends TestEnvironment {
  /**
   * @param {import('@jest/environment').JestEnvironmentConfig} config
   * @param {import('@jest/environment').EnvironmentContext} context
   */
  constructor(config, context) {
    super(config, context);
    this.testFile = path.relative(ROOT, context.testPath);
    this.startedAt = Date.now();
    this.hasFailed = false;
    /** @type {import('@jest/types').Circus.TestEntry | undefined} the test that runs again, for it has failed */
    this.suspect = undefined;
    /** @type {Record<string, Uint8Array>} */
    this.hits = {};
    // Why twice: on a busy machine, a test that waits may fail by itself.
    if (JSTP_KILLER)
      Object.assign(this.global, {
        [Symbol.for('RETRY_TIMES')]: 1,
        [Symbol.for('RETRY_IMMEDIATELY')]: true,
      });
    if (JSTP_HITS)
      Object.assign(this.global, {
        /**
         * @param {string} file
         * @param {number} count
         */
        __mutationHits: (file, count) => (this.hits[file] ??= new Uint8Array(count)),
      });
  }

  /** @param {import('@jest/types').Circus.AsyncEvent | import('@jest/types').Circus.SyncEvent} event */
  handleTestEvent = (event) => {
    if (JSTP_HITS) return;
    if (event.name === 'test_retry') this.suspect = event.test;
    if (event.name === 'test_start' && this.hasFailed) event.test.mode = 'skip';
    if (event.name !== 'test_done' || event.test.errors.length === 0 || this.hasFailed) return;
    if (event.test !== this.suspect) return;
    this.hasFailed = true;
    if (JSTP_KILLER) appendFileSync(JSTP_KILLER, `${this.testFile}: ${event.test.name}\n`);
  };

  /** @override */
  async teardown() {
    if (JSTP_HITS) {
      const hits = Object.fromEntries(
        Object.entries(this.hits).map(([file, runs]) => [file, indexesOf(runs)]),
      );
      const seen = { testFile: this.testFile, ms: Date.now() - this.startedAt, hits };
      writeFileSync(path.join(JSTP_HITS, `${randomUUID()}.json`), JSON.stringify(seen));
    }
    await super.teardown();
  }
}

/** @param {Uint8Array} runs */
function indexesOf(runs) {
  return [...runs.keys()].filter((index) => runs[index] === 1);
}
