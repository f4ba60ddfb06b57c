import { Pair } from '../processes/pair.js';
import { rotate } from '../runner.js';

/** @import { Runner } from '../runner.js' */

const GROUP = 'defaults';
const KINDS = [
  ['nest-defaults', 'nest-off'],
  ['core-defaults', 'core-off'],
];
const FIRST_WARMUP_MS = 1000;
const QUICK_WARMUP_MS = 400;
/** A round is of so many, each as much shorter. Why: what else a machine does comes and goes within seconds. */
const TURNS = 6;
const MIN_TURN_MS = 100;
const TURN_WARMUP_MS = 10;
/** @type {import('../types.js').Load} */
const LOAD = { kind: 'calls', connections: 1, inFlight: 64, payload: 'text-16' };

/**
 * What budgets, limits and heartbeats cost, as they are by default. Those that are compared take turns in the same two
 * processes. Why: what the compiler makes of the same code differs from one process to the next by more than what is
 * looked for.
 * @param {Runner} runner
 */
export async function runDefaults(runner) {
  for (const kind of KINDS) {
    const contenders = await runner.present(GROUP, { name: GROUP, contenders: kind });
    if (contenders.length > 0) await takeTurns(runner, contenders);
  }
}

/**
 * @param {Runner} runner
 * @param {readonly string[]} contenders
 */
async function takeTurns(runner, contenders) {
  runner.say(`${GROUP}: ${contenders.join(', ')}`);
  const { isQuick, rounds, durationMs } = runner.options;
  const pair = new Pair(contenders[0], await runner.settingsOf(contenders[0], 1));
  /** @param {string} contender */
  const use = async (contender, warmupMs = TURN_WARMUP_MS) => {
    Object.assign(pair, { contender, port: ports[contender] });
    await pair.client.ask('disconnect', {});
    return await pair.measure({ ...LOAD, warmupMs, durationMs: Math.max(MIN_TURN_MS, durationMs / TURNS) });
  };
  /** @type {Record<string, number>} */
  const ports = {};
  try {
    for (const contender of contenders) {
      const { port } = await pair.server.ask('startServer', { contender, settings: pair.settings });
      ports[contender] = port;
    }
    for (const contender of contenders) await use(contender, isQuick ? QUICK_WARMUP_MS : FIRST_WARMUP_MS);
    const startedAt = Date.now();
    for (let turn = 0; turn < rounds * TURNS; turn++) {
      if (turn % TURNS === 0 && runner.isLate(turn / TURNS, startedAt)) break;
      for (const contender of rotate(contenders, turn)) {
        const values = await use(contender);
        runner.record({ group: GROUP, cell: GROUP, contender, round: turn, values });
      }
    }
  } finally {
    await pair.end();
  }
}
