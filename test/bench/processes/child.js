/** A server's or a client's process: does what `process.send`'s other side asks. */
import { loadContender } from '../contenders/index.js';
import { flood, untilReceived } from '../workloads/flood.js';
import { measureLatency } from '../workloads/latency.js';
import { checkEcho, LoadRun } from '../workloads/load.js';
import { Pace } from '../workloads/pace.js';
import { payloadOf } from '../workloads/payloads.js';
import { LifeMarks, memoryNow } from './marks.js';

/** @import { BenchClient, BenchServer, Commands, Request, StormResult } from '../types.js' */

/** How many connections are opened at once. */
const CONNECTING = 64;

/** @type {BenchServer | undefined} */
let server;
/** @type {BenchClient[]} */
const clients = [];
/** @type {LoadRun | undefined} */
let run;
/** Payloads that have come back as they went. */
const checked = new Set();
const marks = new LifeMarks();
/** @type {Pace | undefined} */
let pace;
/** @type {(() => Promise<StormResult>) | undefined} */
let storm;

/** @type {Commands} */
const commands = {
  async startServer({ contender, settings }) {
    server = await (await loadContender(contender)).startServer(settings);
    return { port: server.port };
  },

  async connect({ contender, settings, port, connections }) {
    const { connect } = await loadContender(contender);
    while (clients.length < connections) {
      const count = Math.min(CONNECTING, connections - clients.length);
      clients.push(...(await Promise.all(Array.from({ length: count }, () => connect(settings, port)))));
    }
  },

  async disconnect() {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  },

  async startLoad({ warmupMs, ...load }) {
    const used = clients.slice(0, load.connections);
    if (!checked.has(load.payload)) await checkEcho(used[0], payloadOf(load.payload));
    checked.add(load.payload);
    run = new LoadRun(used, load);
    run.start();
    await new Promise((resolve) => setTimeout(resolve, warmupMs));
  },

  async stopLoad() {
    await run?.stop();
    run = undefined;
  },

  mark: () => marks.take(run),
  memory: memoryNow,
  received: () => server?.received() ?? 0,
  tail: () => run?.tail() ?? {},
  forgetTimes: () => run?.forgetTimes(),
  flood: ({ count, payload }) => flood(clients[0], count, payloadOf(payload)),
  untilReceived: ({ count }) => untilReceived(() => server?.received() ?? 0, count),
  startPace({ intervalMs }) {
    pace = new Pace(clients, intervalMs);
  },
  async stopPace() {
    if (!pace) throw new Error('There is no pace to stop');
    return await pace.stop();
  },
  async prepareStorm(argument) {
    storm = await (await import('../workloads/storm.js')).prepareStorm(argument);
  },
  async storm() {
    if (!storm) throw new Error('No storm was prepared');
    return await storm();
  },
  latency: (options) => measureLatency(clients[0], options),

  async resume(argument) {
    return (await import('../workloads/resume.js')).measureResume(argument);
  },
  async codec(options) {
    return (await import('../workloads/codec.js')).measureCodec(options);
  },
  async framing(options) {
    return (await import('../workloads/framing.js')).measureFraming(options);
  },
};

process.on('message', (/** @type {Request} */ { id, command, argument }) => {
  answer(command, argument).then(
    (result) => process.send?.({ id, result }),
    (/** @type {unknown} */ error) =>
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) }),
  );
});
// Nothing else keeps or ends this process.
process.on('disconnect', () => process.exit());

/**
 * @param {keyof Commands} command
 * @param {unknown} argument
 * @returns {Promise<unknown>}
 */
async function answer(command, argument) {
  return await commands[command](/** @type {never} */ (argument));
}
