/**
 * `npm run bench:metrics`: what the options `metrics` and `administration` cost, or what those do that are named (nest, core,
 * administration): calls/s and the server's processor time for each call, of pairs of
 * processes that count beside pairs that do not, in turn. The ratio is taken within a round. What counts is the median. A pair
 * that does not count either tells how quiet the machine is. Why several sets of processes: what the compiler makes of the same
 * code differs from one process to the next by more than counting costs.
 */
import { labelOf } from './contenders/index.js';
import { Pair } from './processes/pair.js';
import { rotate } from './runner.js';
import { median } from './statistics.js';

/** @import { Load, Settings } from './types.js' */

const SETS = Number(process.env['SETS'] ?? 5);
const ROUNDS = Number(process.env['ROUNDS'] ?? 9);
const TIMES = { warmupMs: 100, durationMs: 400 };
const FIRST_WARMUP_MS = 2000;
const HANDLERS = 10;

/** @type {Load} */
const LOAD = { kind: 'calls', connections: 1, inFlight: 64, payload: 'text-16' };

const NOBODY = { 'nobody counts': undefined, 'nobody counts, again': undefined };

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {Settings['metrics']} metrics
 * @property {number[]} perSecond
 * @property {number[]} serverCpuUs
 * @property {number[]} cpuUs
 */

/** @type {(values: readonly number[], of: readonly number[]) => string} the median of the ratios, in percent */
function changeOf(values, of) {
  const percent = (median(values.map((value, round) => value / of[round])) - 1) * 100;
  return `${percent < 0 ? '' : '+'}${percent.toFixed(1)} %`;
}

/** @type {(rows: readonly Row[]) => void} */
function print(rows) {
  for (const { name, perSecond, serverCpuUs, cpuUs } of rows) {
    const speed = `${median(perSecond).toFixed(0)} calls/s, ${changeOf(perSecond, rows[0].perSecond)}`;
    const time = `server ${median(serverCpuUs).toFixed(2)} µs a call, ${changeOf(serverCpuUs, rows[0].serverCpuUs)}`;
    console.log(`${name.padEnd(20)} ${speed}; ${time}; both processes ${changeOf(cpuUs, rows[0].cpuUs)}`);
  }
}

/** @type {(contender: string, rows: readonly Row[]) => Promise<void>} */
async function measure(contender, rows) {
  const pairs = rows.map(({ metrics, ...row }) => {
    const pair = new Pair(contender, { handlers: HANDLERS, resume: 'default', metrics });
    return { pair, ...row };
  });
  try {
    for (const { pair } of pairs) await pair.start();
    for (const { pair } of pairs) await pair.measure({ ...LOAD, ...TIMES, warmupMs: FIRST_WARMUP_MS });
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { pair, ...row } of rotate(pairs, round)) {
        const { perSecond, serverCpuUs, cpuUs } = await pair.measure({ ...LOAD, ...TIMES });
        row.perSecond.push(perSecond);
        row.serverCpuUs.push(serverCpuUs);
        row.cpuUs.push(cpuUs);
      }
    }
  } finally {
    await Promise.all(pairs.map(({ pair }) => pair.end()));
  }
}

/** @type {(contender: string, kinds: Readonly<Record<string, Settings['metrics']>>) => Promise<void>} */
async function compare(contender, kinds) {
  /** @type {readonly Row[]} */
  const rows = Object.entries(kinds).map(([name, metrics]) => {
    return { name, metrics, perSecond: [], serverCpuUs: [], cpuUs: [] };
  });
  for (let set = 0; set < SETS; set += 1) await measure(contender, rows);
  console.log(`${labelOf(contender)}:`);
  print(rows);
}

/** @type {Record<string, () => Promise<void>>} */
const COMPARISONS = {
  nest: () => compare('nest', { ...NOBODY, 'the server counts': 'server', 'both count': 'both' }),
  core: () => compare('core', { ...NOBODY, 'the server counts': 'server' }),
  administration: () =>
    compare('nest', { ...NOBODY, administration: 'administration', 'and one who watches': 'watched' }),
};

const named = process.argv.slice(2);
const unknown = named.find((name) => !Object.hasOwn(COMPARISONS, name));
if (unknown !== undefined)
  throw new Error(`There is no comparison '${unknown}': ${Object.keys(COMPARISONS).join(', ')}`);
for (const [name, run] of Object.entries(COMPARISONS))
  if (named.length === 0 || named.includes(name)) await run();
