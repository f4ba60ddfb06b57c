import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runCluster } from './cluster/run-cluster.js';
import type { ExchangeReport } from './exchange-report.js';
import { measureCycles, measureStalledPeers } from './heap.js';
import { WRONGS, type WrongCounts } from './ledger.js';
import { cutMemoryExchange } from './memory-exchange.js';
import { runModel } from './model.js';
import { WITH_STREAMS } from './soak-application.js';
import { runSoak } from './soak.js';
import { cutSocketExchange, SOCKET_TRANSPORTS } from './socket-exchange.js';

const USAGE = `npm run test:faults -- [--runs 10000] [--seed 1] [--operations 200] [--part soak,streams,memory,net,tls,ws,model,heap] [--trace]
npm run test:faults -- --cluster [--operations 200000] [--seed 1] [--scenario 'kill']

  soak    seeded runs over a link in memory with random faults; with --seed alone only this part runs
  streams the same with calls that stream both ways
  memory  one exchange cut at every byte, in memory; net, tls, ws: the same over real sockets
  model   Session and Journal against a simple model, 100,000 steps
  heap    what a thousand lines leave in memory, and what a thousand peers that read nothing can hold
  --cluster  several servers in processes of their own, over a Redis: drained, killed, stopped, cut off; a redis-server
             has to be on the PATH. Prints the times without service, too; --scenario names some, with semicolons between
  --trace prints each operation and fault of the runs`;
const ALL_PARTS = ['heap', 'soak', 'streams', 'memory', ...SOCKET_TRANSPORTS, 'model'];
const MAX_FAILURES_SHOWN = 10;
const MODEL_STEPS = 100_000;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    operations: { type: 'string' },
    cluster: { type: 'boolean', default: false },
    scenario: { type: 'string' },
    part: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function integerOf(option: 'runs' | 'seed' | 'operations', text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${option} ${text} is no integer\n${USAGE}`);
  return value;
}

function partsOf(): readonly string[] {
  const given = values.part?.split(',') ?? (values.seed === undefined ? ALL_PARTS : ['soak']);
  const unknown = given.find((part) => !ALL_PARTS.includes(part));
  if (unknown !== undefined) throw new Error(`Unknown part ${unknown}\n${USAGE}`);
  return given;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Answers with how many runs failed. */
async function soak(name: 'soak' | 'streams'): Promise<number> {
  const runs = integerOf('runs', values.runs);
  const firstSeed = integerOf('seed', values.seed ?? '1');
  const operations = integerOf('operations', values.operations ?? '200');
  const trace = values.trace ? console.log : undefined;
  const totals = Object.fromEntries(WRONGS.map((wrong) => [wrong, 0])) as WrongCounts;
  const failures: string[] = [];
  let linesLost = 0;
  let resumes = 0;
  const start = performance.now();
  for (let run = 0; run < runs; run++) {
    const report = await runSoak({
      seed: firstSeed + run,
      operations,
      trace,
      ...(name === 'streams' && { methods: WITH_STREAMS }),
    });
    linesLost += report.linesLost;
    resumes += report.resumes;
    for (const wrong of WRONGS) totals[wrong] += report.counts[wrong];
    if (!report.isClean) failures.push(report.message);
    // A run lives in microtasks: timers and signals get their turn between two.
    await nextTurn();
  }
  console.log(
    `${name}: ${runs} runs, ${runs * operations} operations, ${linesLost} lines cut or left, ${resumes} resumes, ${seconds(performance.now() - start)}`,
  );
  console.log(`  ${WRONGS.map((wrong) => `${wrong} ${totals[wrong]}`).join(', ')}`);
  show('runs', failures);
  return failures.length;
}

async function exchange(cutting: Promise<ExchangeReport>): Promise<number> {
  const { transport, bytes, cuts, wrongs, ms } = await cutting;
  console.log(
    `${transport}: one exchange of ${bytes.toServer} bytes to the server and ${bytes.toClient} to the client, ` +
      `cut at every byte: ${cuts} cuts, ${wrongs.length} wrong, ${seconds(ms)}`,
  );
  show('places', wrongs);
  return wrongs.length;
}

function model(): number {
  const start = performance.now();
  const seed = values.seed === undefined ? Date.now() % 1e6 : integerOf('seed', values.seed);
  const { steps, failure } = runModel({ steps: MODEL_STEPS, seed });
  const outcome = failure ? `WRONG (again: --part model --seed ${seed})` : '0 wrong';
  console.log(`model: ${steps} steps, ${outcome}, ${seconds(performance.now() - start)}`);
  show('models', failure ? [failure] : []);
  return failure ? 1 : 0;
}

/** What connections leave in memory, and what peers can hold of it. */
async function heap(): Promise<number> {
  let failures = 0;
  for (const measure of [measureCycles, measureStalledPeers]) {
    const { line, isWithin } = await measure();
    console.log(`${line}${isWithin ? '' : ': TOO MUCH'}`);
    if (!isWithin) failures += 1;
  }
  return failures;
}

function show(what: string, failures: readonly string[]): void {
  for (const failure of failures.slice(0, MAX_FAILURES_SHOWN)) console.log(`  ${failure}`);
  const left = failures.length - MAX_FAILURES_SHOWN;
  if (left > 0) console.log(`  and ${left} more ${what}`);
}

function cluster(): Promise<number> {
  const seed = integerOf('seed', values.seed ?? '1');
  const operations = integerOf('operations', values.operations ?? '200000');
  return runCluster({ seed, operations, scenarios: values.scenario?.split(';') });
}

async function runPart(part: string): Promise<number> {
  const socket = SOCKET_TRANSPORTS.find((transport) => transport === part);
  if (socket) return exchange(cutSocketExchange(socket));
  if (part === 'memory') return exchange(cutMemoryExchange());
  if (part === 'heap') return heap();
  return part === 'soak' || part === 'streams' ? soak(part) : model();
}

if (values.help) console.log(USAGE);
else {
  let failures = 0;
  if (values.cluster) failures = await cluster();
  else for (const part of partsOf()) failures += await runPart(part);
  console.log(failures === 0 ? 'All well' : `${failures} FAILED`);
  process.exitCode = failures === 0 ? 0 : 1;
}
