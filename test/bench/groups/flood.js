/** @import { Cell, Runner } from '../runner.js' */

const GROUP = 'flood';
const CONTENDERS = ['nest', 'core', 'nest-tcp', 'reference', 'floor'];
/** Events of one flood: some tens of milliseconds for the fastest. */
const EVENTS = 20_000;
const QUICK_EVENTS = 5000;

/**
 * Events with no call between them: from the first one sent to the last one that a handler has got. The next flood
 * begins when the server has all of the one before.
 * @param {Runner} runner
 */
export async function runFlood(runner) {
  const { durationMs, isQuick } = runner.options;
  const count = isQuick ? QUICK_EVENTS : EVENTS;
  /** Of a pair's server, as an event too much counts as much as one that is lost. */
  const sent = new WeakMap();
  const cell = /** @type {Cell} */ ({
    name: 'events-flood',
    contenders: CONTENDERS,
    async measure(pair, round) {
      await pair.connect(1);
      const once = async () => {
        const all = (sent.get(pair) ?? 0) + count;
        sent.set(pair, all);
        const startedAt = await pair.client.ask('flood', { count, payload: 'text-16' });
        return (await pair.server.ask('untilReceived', { count: all })) - startedAt;
      };
      for (let n = 0; n < (round === 0 ? 4 : 1); n++) await once();
      const before = await pair.marks();
      let tookMs = 0;
      let events = 0;
      while (tookMs < durationMs) {
        tookMs += await once();
        events += count;
      }
      const after = await pair.marks();
      const serverCpuUs = (after.server.cpuUs - before.server.cpuUs) / events;
      const clientCpuUs = (after.client.cpuUs - before.client.cpuUs) / events;
      const perSecond = (events * 1000) / tookMs;
      return { perSecond, cpuUs: serverCpuUs + clientCpuUs, serverCpuUs, clientCpuUs };
    },
  });
  await runner.runCells(GROUP, [cell]);
}
