import { setTimeout as delay } from 'node:timers/promises';
import { Closing } from '../../support/closing.js';
import { CLUSTER_WRONGS, type ClusterCounts } from './cluster-ledger.js';
import { SCENARIOS, type Measure } from './cluster-scenarios.js';
import { ClusterWorld } from './cluster-world.js';

/** Twice what a client waits at most for a lease, a claim and a drain. */
const SETTLE_LIMIT_MS = 60_000;

/** What a run of several servers is made of. */
export interface ClusterSoakOptions {
  /** A name of SCENARIOS. */
  readonly scenario: string;
  readonly seed: number;
  /** How many operations the clients send together. */
  readonly operations: number;
  /** @default 3 */
  readonly servers?: number;
  /** @default 8 */
  readonly clients?: number;
  /** Milliseconds between two operations of a client, on average. @default 20 */
  readonly pauseMs?: number;
}

/** What became of it. */
export interface ClusterSoakReport {
  readonly scenario: string;
  readonly operations: number;
  readonly faults: number;
  readonly resumes: number;
  readonly sessionsLost: number;
  readonly counts: ClusterCounts;
  /** What killed servers took with them, as the documents say. */
  readonly excused: number;
  /** Calls that a closing server gave up, as the documents say: see ClusterLedger. */
  readonly tooLong: number;
  /** What servers ran late that had stood still, as the documents say. */
  readonly belated: number;
  readonly isClean: boolean;
  /** The first wrongs, in words. */
  readonly details: readonly string[];
  /** The times without service, in milliseconds, by what caused them. */
  readonly times: ReadonlyMap<string, readonly number[]>;
  readonly ms: number;
}

/** Runs clients against several servers under the faults of a scenario. The seed decides what is done, not how long it takes. */
export async function runClusterSoak(options: ClusterSoakOptions): Promise<ClusterSoakReport> {
  const closing = new Closing();
  try {
    return await run(options, closing);
  } finally {
    await closing.run();
  }
}

async function run(options: ClusterSoakOptions, closing: Closing): Promise<ClusterSoakReport> {
  const { scenario: name, seed, operations, servers = 3, clients = 8, pauseMs = 20 } = options;
  const scenario = SCENARIOS[name];
  const { writeThrough, leaseMs, redisDelayMs } = scenario;
  const world = await ClusterWorld.start(
    { seed, servers, clients, writeThrough, leaseMs, redisDelayMs },
    closing,
  );
  const start = performance.now();
  const times = new Map<string, number[]>();
  const measure: Measure = (what, affected) => {
    const known = times.get(what) ?? [];
    times.set(what, known);
    for (const client of affected) {
      void client.timeWithoutService().then((ms) => known.push(ms));
      client.ask();
    }
  };
  const sent = new AbortController();
  const sending = Promise.all(
    world.clients.map((client) => client.send(Math.ceil(operations / clients), pauseMs)),
  ).finally(() => {
    sent.abort();
  });
  let faults = 0;
  do {
    await world.random.pick(scenario.faults)(world, measure);
    faults += 1;
    await Promise.race([sending, delay(world.random.between(...scenario.pauseMs))]);
    world.readRecord();
  } while (!sent.signal.aborted);
  await sending;
  // Behind all that was sent before: once it is answered, the events before it have run.
  for (const client of world.clients) client.ask();
  await world.settle(SETTLE_LIMIT_MS);
  world.readRecord();
  for (const { ledger } of world.clients) ledger.close();
  return reportOf(name, world, { faults, times, ms: performance.now() - start });
}

function reportOf(
  name: string,
  { clients, stands }: ClusterWorld,
  rest: Pick<ClusterSoakReport, 'faults' | 'times' | 'ms'>,
): ClusterSoakReport {
  const sum = (of: (client: (typeof clients)[number]) => number): number =>
    clients.reduce((total, client) => total + of(client), 0);
  const counts = Object.fromEntries(
    CLUSTER_WRONGS.map((wrong) => [wrong, sum(({ ledger }) => ledger.counts[wrong])]),
  ) as ClusterCounts;
  const sessionsLost = sum((client) => client.sessionsLost);
  const details = clients.flatMap(({ ledger }) => ledger.details);
  const isUnexpected = sessionsLost > 0 && !SCENARIOS[name].losesSessions;
  if (isUnexpected) details.push(`${sessionsLost} sessions were lost`);
  const isClean = details.length === 0;
  if (!isClean && stands.length > 0) details.unshift(`servers stood still: ${stands.join(', ')}`);
  return {
    ...rest,
    scenario: name,
    operations: sum(({ ledger }) => ledger.sentCount),
    resumes: sum((client) => client.resumes),
    sessionsLost,
    counts,
    excused: sum(({ ledger }) => ledger.excused),
    tooLong: sum(({ ledger }) => ledger.tooLong),
    belated: sum(({ ledger }) => ledger.belated),
    isClean,
    details,
  };
}
