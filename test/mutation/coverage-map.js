import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { scratchFolder } from '../support/scratch-folder.js';
import { runJest } from './run-jest.js';
import { parse, unitsOf } from './statements.js';

/**
 * What one test file runs.
 * @typedef {object} Coverage
 * @property {string} hash of the test file
 * @property {number} ms that it takes
 * @property {Partial<Record<string, string[]>>} keys of the statements that it runs, by file of lib
 */

const ROOT = path.resolve(import.meta.dirname, '../..');
const CACHE = path.join(ROOT, 'coverage/mutation.json');
const GATHER_LIMIT_MS = 3_600_000;

/** These test the tools, run lib as processes or bundles of their own (where no change arrives), or for minutes. */
const LEFT_OUT = /^test\/(bench|browser|faults|mutation|package|tools|util|mdsf)\/|\/sample\//;

/** Which test files run which statements of lib: noted once, and again for test files that have changed. */
export class CoverageMap {
  /** @param {Map<string, Coverage>} tests by test file */
  constructor(tests) {
    this.tests = tests;
  }

  /**
   * @param {boolean} isFresh whether nothing is taken from the cache
   * @param {(line: string) => void} say
   */
  static async load(isFresh, say) {
    /** @type {Partial<Record<string, Coverage>>} */
    const known = !isFresh && existsSync(CACHE) ? JSON.parse(readFileSync(CACHE, 'utf8')) : {};
    /** @type {Map<string, Coverage>} */
    const tests = new Map();
    /** @type {string[]} */
    const missing = [];
    for (const file of testFiles()) {
      const coverage = known[file];
      if (coverage?.hash === hashOf(file)) tests.set(file, coverage);
      else missing.push(file);
    }
    if (missing.length > 0) {
      say(`Noting what ${missing.length} test files run...`);
      for (const [file, coverage] of await gather(missing)) tests.set(file, coverage);
      mkdirSync(path.dirname(CACHE), { recursive: true });
      writeFileSync(CACHE, JSON.stringify(Object.fromEntries(tests)));
    }
    return new CoverageMap(tests);
  }

  /**
   * The test files that run the statement at a place, the most likely to notice a change first, and then those that only
   * run the file: a field's value belongs to no statement, and a line may be newer than what was noted.
   * @param {string} file
   * @param {string} text
   * @param {number} position
   */
  testsOf(file, text, position) {
    const unit = unitsOf(parse(file, text)).findLast(({ start, end }) => start <= position && position < end);
    const room = file.split('/')[1];
    const all = [...this.tests].flatMap(([test, { ms, keys }]) => {
      const run = keys[file];
      if (!run) return [];
      // A test of this file runs much of it, little else, and is short.
      const share = run.length ** 2 / totalOf(keys);
      const rank = (share * (test.startsWith(`test/${room}/`) ? 4 : 1)) / (ms + 1000);
      return [{ test, rank, isExact: unit !== undefined && run.includes(unit.key) }];
    });
    return all
      .sort((a, b) => Number(b.isExact) - Number(a.isExact) || b.rank - a.rank)
      .map(({ test }) => test);
  }

  /** @param {readonly string[]} tests */
  msOf(tests) {
    return tests.reduce((sum, test) => sum + (this.tests.get(test)?.ms ?? 0), 0);
  }
}

/** @param {readonly string[]} files */
async function gather(files) {
  const { folder, remove } = scratchFolder('jstp-hits-');
  try {
    const { output } = await runJest(['--runTestsByPath', ...files], { JSTP_HITS: folder }, GATHER_LIMIT_MS);
    const reports = readdirSync(folder);
    if (reports.length === 0) throw new Error(`No test file ran:\n${output}`);
    /** @type {Map<string, string[]>} */
    const keysOf = new Map();
    /** @type {Map<string, Coverage>} */
    const tests = new Map();
    for (const report of reports) {
      /** @type {{ testFile: string, ms: number, hits: Record<string, number[]> }} */
      const { testFile, ms, hits } = JSON.parse(readFileSync(path.join(folder, report), 'utf8'));
      /** @type {Coverage['keys']} */
      const keys = {};
      for (const [file, indexes] of Object.entries(hits)) {
        const all = keysOf.get(file) ?? allKeys(file);
        keysOf.set(file, all);
        keys[file] = indexes.map((index) => all[index] ?? '');
      }
      tests.set(testFile, { hash: hashOf(testFile), ms, keys });
    }
    return tests;
  } finally {
    remove();
  }
}

/** @param {string} file */
function allKeys(file) {
  return unitsOf(parse(file, readFileSync(path.join(ROOT, file), 'utf8'))).map(({ key }) => key);
}

function testFiles() {
  return readdirSync(path.join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name.replaceAll(path.sep, '/')}`)
    .filter((name) => name.endsWith('.test.ts') && !LEFT_OUT.test(name))
    .sort();
}

/** @param {Coverage['keys']} keys */
function totalOf(keys) {
  return Object.values(keys).reduce((sum, run) => sum + (run?.length ?? 0), 1);
}

/** @param {string} file */
function hashOf(file) {
  return createHash('sha256')
    .update(readFileSync(path.join(ROOT, file)))
    .digest('hex');
}
