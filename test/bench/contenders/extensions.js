import { loadExtensions } from '../built.js';

/** @import { ResumeChoice } from '../types.js' */
/** @import { ExtensionName } from 'nestjs-jstp/core' */

const known = await loadExtensions();
const RESUME = /** @type {ExtensionName} */ ('resume');

/**
 * The option `extensions` of the core; undefined: its default.
 * @param {ResumeChoice} resume
 * @returns {ExtensionName[] | undefined}
 */
export function coreExtensions(resume) {
  if (resume === 'default') return undefined;
  const others = known.CORE_EXTENSIONS.filter((name) => name !== RESUME);
  return resume === 'with' ? [...others, RESUME] : others;
}

/**
 * Nest's layer has no option for it and negotiates whatever it knows, so that the list itself is cut down:
 * both processes do it.
 * @param {ResumeChoice} resume
 */
export function limitNestExtensions(resume) {
  const all = /** @type {ExtensionName[]} */ (known.ALL_EXTENSIONS);
  const index = all.indexOf(RESUME);
  if (resume === 'without' && index !== -1) all.splice(index, 1);
}
