import { DEFAULT_LIMITS } from 'nestjs-jstp/core';
import { loadLimits } from '../built.js';

const { resolveLimits } = await loadLimits();

/** @import { Limits } from 'nestjs-jstp/core' */

/**
 * Values that mean "without a bound", the most open one first. A limit that allows none of them keeps its default: it bounds
 * what a parser or a timer can do.
 * @type {(name: string) => readonly number[]}
 */
const openValues = (name) => (/Ms$|Rate$/.test(name) ? [0] : [Infinity, Number.MAX_SAFE_INTEGER]);

/** Options without limits, budgets and heartbeats, for what those cost that are on by default. */
export function everythingOff() {
  const names = /** @type {(keyof Limits)[]} */ (Object.keys(DEFAULT_LIMITS));
  const limits = Object.fromEntries(
    names.flatMap((name) => {
      const value = openValues(name).find((candidate) => isAllowed(name, candidate));
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return { limits, heartbeatInterval: 0 };
}

/**
 * @param {keyof Limits} name
 * @param {number} value
 */
function isAllowed(name, value) {
  try {
    resolveLimits({ [name]: value });
    return true;
  } catch {
    return false;
  }
}
