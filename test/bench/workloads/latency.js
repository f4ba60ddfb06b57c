import { tailOf } from '../statistics.js';
import { payloadOf } from './payloads.js';

/** @import { BenchClient, LatencyResult, PayloadName } from '../types.js' */

const MAX_CALLS = 1_000_000;

/**
 * One call at a time, each begun when the one before has been answered.
 * @param {BenchClient} client
 * @param {{ durationMs: number, warmupMs: number, payload: PayloadName }} options
 * @returns {Promise<LatencyResult>}
 */
export function measureLatency(client, { durationMs, warmupMs, payload: name }) {
  const payload = payloadOf(name);
  const times = new Float64Array(MAX_CALLS);
  const from = performance.now() + warmupMs;
  const until = from + durationMs;
  let calls = 0;
  let startedAt = 0;
  return new Promise((resolve, reject) => {
    const next = () => {
      startedAt = performance.now();
      client.call(payload, done);
    };
    /** @param {unknown} error */
    const done = (error) => {
      const now = performance.now();
      if (error !== null && error !== undefined) {
        reject(error);
        return;
      }
      if (startedAt >= from) times[calls++] = now - startedAt;
      if (now < until && calls < MAX_CALLS) next();
      else resolve({ ...tailOf(times.subarray(0, calls)), calls });
    };
    next();
  });
}
