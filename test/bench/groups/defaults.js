import { Pair } from '../processes/pair.js';
import { rotate } from '../runner.js';

/** @import { Runner } from '../runner.js' */

const GROUP = 'defaults';
const CONTENDERS = ['nest-defaults', 'nest-off', 'core-defaults', 'core-off'];
const FIRST_WARMUP_MS = 1000;
const QUICK_WARMUP_MS = 400;
/** @type {import('../types.js').Load} */
const LOAD = { kind: 'calls', connections: 1, inFlight: 64, payload: 'text-16' };

/**
 * What budgets, limits and heartbeats cost, as they are by default. Fresh processes in each round: what the compiler
 * makes of the same code differs from one process to the next by more than what is looked for.
 * @param {Runner} runner
 */
export async function runDefaults(runner) {
  const contenders = await runner.present(GROUP, { name: GROUP, contenders: CONTENDERS });
  if (contenders.length === 0) return;
  runner.say(GROUP);
  const { isQuick, rounds, durationMs } = runner.options;
  const startedAt = Date.now();
  for (let round = 0; round < rounds; round++) {
    if (runner.isLate(round, startedAt)) break;
    for (const contender of rotate(contenders, round)) {
      const pair = new Pair(contender, await runner.settingsOf(contender, 1));
      try {
        await pair.start();
        const load = { ...LOAD, warmupMs: isQuick ? QUICK_WARMUP_MS : FIRST_WARMUP_MS, durationMs };
        const values = await pair.measure(load);
        runner.record({ group: GROUP, cell: GROUP, contender, round, values });
      } finally {
        await pair.end();
      }
    }
  }
}
