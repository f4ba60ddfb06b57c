/** @import { Runner, Cell } from '../runner.js' */
/** @import { Load } from '../types.js' */

const ALL = ['nest', 'core', 'nest-tcp', 'reference', 'floor', 'nest-redis', 'nest-nats'];
const WITHOUT_BROKERS = ALL.slice(0, 5);
const WITH_BYTES = ['nest', 'nest-ws', 'core', 'core-ws', 'nest-tcp', 'socket-io', 'floor-bytes'];

/** @type {Load} */
const CALLS = { kind: 'calls', connections: 1, inFlight: 64, payload: 'text-16' };

/** @param {Runner} runner */
export async function runCalls(runner) {
  await runner.runCells('calls', [
    runner.loadCell({ name: 'calls-64', contenders: ALL }, CALLS),
    runner.loadCell({ name: 'calls-256', contenders: ALL }, { ...CALLS, inFlight: 256 }),
    runner.loadCell(
      { name: 'calls-50-connections', contenders: WITHOUT_BROKERS },
      { ...CALLS, connections: 50, inFlight: 400 },
    ),
  ]);
}

/** @param {Runner} runner */
export async function runLatency(runner) {
  const { durationMs, warmupMs } = runner.options;
  const latency = /** @type {Cell} */ ({
    name: 'one-at-a-time',
    contenders: WITHOUT_BROKERS,
    async measure({ client, ...pair }, round) {
      const { contender, settings, port } = pair;
      await client.ask('connect', { contender, settings, port, connections: 1 });
      const options = { durationMs, warmupMs: round === 0 ? warmupMs * 4 : warmupMs, payload: CALLS.payload };
      return { ...(await client.ask('latency', options)) };
    },
  });
  await runner.runCells('latency', [latency], { areOnOneCore: true });
}

/** @param {Runner} runner */
export async function runEvents(runner) {
  const load = { ...CALLS, kind: /** @type {const} */ ('events'), inFlight: 2 };
  await runner.runCells('events', [runner.loadCell({ name: 'events', contenders: WITHOUT_BROKERS }, load)]);
}

/** @param {Runner} runner */
export async function runPayloads(runner) {
  const { isQuick } = runner.options;
  const sizes = /** @type {const} */ ([
    ['1k', 64],
    ['64k', 16],
    ['1m', 4],
  ]);
  const bytes = /** @type {const} */ ([
    ['bytes-64k', 16],
    ['bytes-1m', 1],
  ]);
  const isTooLong = (/** @type {string} */ name) => isQuick && name === 'rows-1m';
  const shapes = /** @type {const} */ (['text', 'rows']);
  const cells = shapes.flatMap((shape) =>
    sizes.map(([size, inFlight]) => {
      const payload = /** @type {const} */ (`${shape}-${size}`);
      // The reference takes its time for rows.
      const contenders = isQuick && shape === 'rows' ? ['nest', 'nest-tcp'] : WITHOUT_BROKERS;
      return runner.loadCell({ name: payload, contenders }, { ...CALLS, inFlight, payload });
    }),
  );
  cells.push(
    ...bytes.map(([payload, inFlight]) =>
      runner.loadCell({ name: payload, contenders: WITH_BYTES }, { ...CALLS, inFlight, payload }),
    ),
  );
  await runner.runCells(
    'payloads',
    cells.filter(({ name }) => !isTooLong(name)),
  );
}

/** @param {Runner} runner */
export async function runSecure(runner) {
  for (const transport of ['tls', 'ws']) {
    const contenders = [`nest-${transport}`, `core-${transport}`, `floor-${transport}`];
    const cells = [64, 256].map((inFlight) =>
      runner.loadCell({ name: `${transport}-${inFlight}`, contenders }, { ...CALLS, inFlight }),
    );
    await runner.runCells(transport, cells);
  }
}

/** @param {Runner} runner */
export async function runScale(runner) {
  const contenders = ['nest', 'nest-tcp'];
  const { isQuick } = runner.options;
  const load = { ...CALLS, inFlight: 256 };
  const connectionCounts = isQuick ? [1, 10, 100, 1000] : [1, 10, 100, 1000, 10_000];
  const handlerCounts = isQuick ? [10, 1000] : [10, 100, 1000, 10_000];
  await runner.runCells(
    'connections',
    connectionCounts.map((connections) =>
      runner.loadCell({ name: `connections-${connections}`, contenders }, { ...load, connections }),
    ),
  );
  await runner.runCells(
    'handlers',
    handlerCounts.map((handlers) =>
      runner.loadCell({ name: `handlers-${handlers}`, contenders, handlers }, load),
    ),
  );
}
