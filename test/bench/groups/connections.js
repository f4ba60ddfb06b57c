import { Pair } from '../processes/pair.js';
import { rotate } from '../runner.js';

/** @import { Runner } from '../runner.js' */

const GROUP = 'idle';
const CONTENDERS = ['nest', 'core', 'nest-tcp', 'reference', 'socket', 'greeting'];
/** The first connections of a server, which find no compiled code; after them tables have grown once. */
const FIRST = 1000;
/** After the idle ones come so many more: what a set-up costs a server whose code is compiled by now. */
const LATER = 5000;
/** Fresh processes take their time: rounds of a quick run, fewer where the machine is slow. */
const QUICK_ROUNDS = 2;
const QUICK_MIN_ROUNDS = 1;

/**
 * Idle connections: fresh processes in each round, since a server keeps what it knows of clients.
 * @param {Runner} runner
 */
export async function runIdle(runner) {
  const contenders = await runner.present(GROUP, { name: GROUP, contenders: CONTENDERS });
  if (contenders.length === 0) return;
  runner.say(`${GROUP}: ${runner.options.idleConnections} connections`);
  const { isQuick, rounds } = runner.options;
  const startedAt = Date.now();
  for (let round = 0; round < (isQuick ? QUICK_ROUNDS : rounds); round++) {
    if (runner.isLate(round, startedAt, QUICK_MIN_ROUNDS)) break;
    for (const contender of rotate(contenders, round)) {
      const pair = new Pair(contender, await runner.settingsOf(contender, 1));
      try {
        await pair.start();
        const values = await measureIdle(pair, runner.options.idleConnections);
        runner.record({ group: GROUP, cell: GROUP, contender, round, values });
      } finally {
        await pair.end();
      }
    }
  }
}

/**
 * @param {Pair} pair
 * @param {number} connections
 */
async function measureIdle(pair, connections) {
  const beforeFirst = await pair.marks();
  await pair.connect(FIRST);
  const afterFirst = await pair.marks();
  const memoryBefore = await pair.server.ask('memory', {});
  const before = await pair.marks();
  await pair.connect(FIRST + connections);
  const after = await pair.marks();
  const memoryAfter = await pair.server.ask('memory', {});
  const later = Math.min(LATER, connections);
  const beforeLater = await pair.marks();
  await pair.connect(FIRST + connections + later);
  const afterLater = await pair.marks();
  return {
    heapBytes: (memoryAfter.heapBytes - memoryBefore.heapBytes) / connections,
    externalBytes: (memoryAfter.externalBytes - memoryBefore.externalBytes) / connections,
    rssBytes: (memoryAfter.rssBytes - memoryBefore.rssBytes) / connections,
    firstSetUpCpuUs: (afterFirst.server.cpuUs - beforeFirst.server.cpuUs) / FIRST,
    setUpCpuUs: (after.server.cpuUs - before.server.cpuUs) / connections,
    laterSetUpCpuUs: (afterLater.server.cpuUs - beforeLater.server.cpuUs) / later,
    perSecond: (connections * 1000) / (after.client.timeMs - before.client.timeMs),
  };
}
