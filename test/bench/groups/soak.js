import { Pair } from '../processes/pair.js';
import { earlyAndLate } from '../statistics.js';

/** @import { Runner } from '../runner.js' */
/** @import { Memory } from '../types.js' */

const GROUP = 'soak';
const SAMPLES = 60;
const MIB = 1024 * 1024;
const LOAD = /** @type {const} */ ({ kind: 'calls', connections: 10, inFlight: 256, payload: 'rows-1k' });

/**
 * Full load for a long time, with the memory of both processes looked at all along: it must stay flat.
 * @param {Runner} runner
 */
export async function runSoak(runner) {
  const { soakMinutes, warmupMs } = runner.options;
  if (soakMinutes === 0) return;
  runner.say(`${GROUP}: ${soakMinutes} minutes`);
  const pair = new Pair('nest', await runner.settingsOf('nest', 10));
  try {
    await pair.start();
    await pair.connect(LOAD.connections);
    await pair.client.ask('startLoad', { ...LOAD, warmupMs: Math.max(warmupMs, 2000) });
    await watch(runner, pair, (soakMinutes * 60_000) / SAMPLES);
    await pair.client.ask('stopLoad', {});
  } finally {
    await pair.end();
  }
}

/**
 * @param {Runner} runner
 * @param {Pair} pair
 * @param {number} intervalMs
 */
async function watch(runner, pair, intervalMs) {
  const heaps = { server: /** @type {number[]} */ ([]), client: /** @type {number[]} */ ([]) };
  for (let round = 0; round < SAMPLES; round++) {
    const values = await pair.between(intervalMs);
    const server = await pair.server.ask('memory', {});
    const client = await pair.client.ask('memory', {});
    heaps.server.push(server.heapBytes);
    heaps.client.push(client.heapBytes);
    const memory = { ...prefixed('server', server), ...prefixed('client', client) };
    runner.record({ group: GROUP, cell: GROUP, contender: 'nest', round, values: { ...values, ...memory } });
  }
  for (const [side, bytes] of Object.entries(heaps)) runner.say(`  ${side}: ${growthOf(bytes)}`);
}

/**
 * The heap of the last quarter against that of the second.
 * @param {readonly number[]} bytes
 */
function growthOf(bytes) {
  const { early, late } = earlyAndLate(bytes);
  return `heap ${(early / MIB).toFixed(1)} MiB early, ${(late / MIB).toFixed(1)} MiB late (x ${(late / early).toFixed(2)})`;
}

/**
 * @param {'server' | 'client'} side
 * @param {Memory} memory
 */
function prefixed(side, { heapBytes, externalBytes, rssBytes }) {
  return {
    [`${side}HeapBytes`]: heapBytes,
    [`${side}ExternalBytes`]: externalBytes,
    [`${side}RssBytes`]: rssBytes,
  };
}
