import { readFileSync } from 'node:fs';
import path from 'node:path';
import swc from '@swc/jest';
import { instrument } from './statements.js';

/** @typedef {import('./mutants.js').Mutant} Mutant */
/** @typedef {import('@jest/transform').SyncTransformer} SyncTransformer */
/** @typedef {import('@jest/transform').TransformOptions} TransformOptions */

const ROOT = path.resolve(import.meta.dirname, '../..');
const { JSTP_MUTANT, JSTP_HITS } = process.env;

/** @type {Mutant | undefined} */
const mutant = JSTP_MUTANT ? JSON.parse(readFileSync(JSTP_MUTANT, 'utf8')) : undefined;

/** Of these rooms the tests are noted that run each statement. The others are in the way of every message. */
const NOTED = /^lib\/(application|connection|nest|protocol|redis|server|session|transport)\//;

/**
 * The source as Jest sees it: with the change, which so never is in the tree, or noting what runs.
 * @param {string} text
 * @param {string} file
 */
function prepare(text, file) {
  const name = path.relative(ROOT, file);
  if (mutant?.file === name) return text.slice(0, mutant.start) + mutant.text + text.slice(mutant.end);
  return JSTP_HITS && NOTED.test(name) ? instrument(name, text) : text;
}

export default {
  /** @param {object} options of swc */
  createTransformer(options) {
    const inner = /** @type {Required<SyncTransformer>} */ (swc.createTransformer(options));
    return {
      ...inner,
      /** @type {SyncTransformer['process']} */
      process: (text, file, settings) => inner.process(prepare(text, file), file, settings),
      /** @type {SyncTransformer['processAsync']} */
      processAsync: async (text, file, settings) => inner.process(prepare(text, file), file, settings),
      /** @type {SyncTransformer['getCacheKey']} */
      getCacheKey: (text, file, settings) => inner.getCacheKey(prepare(text, file), file, settings),
    };
  },
};
