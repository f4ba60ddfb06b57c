import { monitorEventLoopDelay } from 'node:perf_hooks';

/** @import { LoadRun } from '../workloads/load.js' */
/** @import { Mark, Memory } from '../types.js' */

const RESOLUTION_MS = 5;

/** Takes the points in a process's life between which something is measured. */
export class LifeMarks {
  constructor() {
    this.delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.delay.enable();
  }

  /**
   * @param {LoadRun | undefined} run
   * @returns {Mark}
   */
  take(run) {
    const { user, system } = process.cpuUsage();
    // Node gives the time between two looks, not what they were late.
    const loopDelayP99Ms = Math.max(0, this.delay.percentile(99) / 1e6 - RESOLUTION_MS);
    this.delay.reset();
    return {
      timeMs: performance.now(),
      cpuUs: user + system,
      count: run?.count ?? 0,
      errors: run?.errors ?? 0,
      loopDelayP99Ms,
    };
  }
}

/** @returns {Memory} */
export function memoryNow() {
  // Twice: what the first frees by finalizers, the second collects.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, externalBytes: external, rssBytes: rss };
}
