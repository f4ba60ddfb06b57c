import { ChildProcess } from '../processes/child-process.js';
import { CLIENT_CORE, Pair } from '../processes/pair.js';
import { rotate } from '../runner.js';

/** @import { Runner } from '../runner.js' */

const GROUP = 'storm';
const CONTENDERS = ['core', 'reference'];
const ROUNDS = 3;
const QUICK_ROUNDS = 2;
/** The others: so many clients, and a call of one of them every so many milliseconds. */
const OTHERS = 10;
const PACE_MS = 1;
const QUIET_MS = 1000;

/**
 * All sessions of a server come back at once, while other clients make calls. Fresh processes in each round, since a
 * server keeps what it knows of clients.
 * @param {Runner} runner
 */
export async function runStorm(runner) {
  const contenders = await runner.present(GROUP, { name: GROUP, contenders: CONTENDERS });
  if (contenders.length === 0) return;
  const { isQuick, rounds, stormSessions: sessions } = runner.options;
  runner.say(`${GROUP}: ${sessions} sessions`);
  for (let round = 0; round < Math.min(rounds, isQuick ? QUICK_ROUNDS : ROUNDS); round++) {
    for (const contender of rotate(contenders, round)) {
      const pair = new Pair(contender, await runner.settingsOf(contender, 1));
      const others = new ChildProcess(CLIENT_CORE);
      try {
        await pair.start();
        const values = await measureStorm(pair, others, sessions);
        runner.record({ group: GROUP, cell: GROUP, contender, round, values });
      } finally {
        await Promise.all([others.end(), pair.end()]);
      }
    }
  }
}

/**
 * @param {Pair} pair
 * @param {ChildProcess} others
 * @param {number} sessions
 */
async function measureStorm({ contender, settings, port, client, server }, others, sessions) {
  await others.ask('connect', { contender, settings, port, connections: OTHERS });
  const { resume } = settings;
  await client.ask('prepareStorm', { implementation: contender, resume, port, sessions });
  await others.ask('startPace', { intervalMs: PACE_MS });
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  const quiet = await others.ask('stopPace', {});
  const before = await server.ask('mark', {});
  await others.ask('startPace', { intervalMs: PACE_MS });
  const { timeMs, cpuUs } = await client.ask('storm', {});
  const { p50Us, p99Us, p999Us } = await others.ask('stopPace', {});
  const after = await server.ask('mark', {});
  return {
    timeMs,
    serverCpuUs: (after.cpuUs - before.cpuUs) / sessions,
    clientCpuUs: cpuUs / sessions,
    serverLoopDelayP99Ms: after.loopDelayP99Ms,
    p50Us,
    p99Us,
    p999Us,
    quietP99Us: quiet.p99Us,
  };
}
