import { CLUSTER_WRONGS } from './cluster-ledger.js';
import { SCENARIOS } from './cluster-scenarios.js';
import { runClusterSoak, type ClusterSoakReport } from './cluster-soak.js';

/** More is sent in several runs, each with a seed of its own. */
const MAX_OPERATIONS_A_RUN = 10_000;
const MAX_DETAILS_SHOWN = 10;

export interface ClusterRunOptions {
  readonly seed: number;
  /** How many operations all scenarios have together. */
  readonly operations: number;
  /** @default all of them */
  readonly scenarios?: readonly string[] | undefined;
}

/** Runs the scenarios of several servers, and prints a line of each. Answers with how many runs failed. */
export async function runCluster(options: ClusterRunOptions): Promise<number> {
  const { seed, operations, scenarios = Object.keys(SCENARIOS) } = options;
  const unknown = scenarios.find((name) => !Object.hasOwn(SCENARIOS, name));
  if (unknown !== undefined)
    throw new Error(`Unknown scenario ${unknown}; there are: ${Object.keys(SCENARIOS).join('; ')}`);
  const all: ClusterSoakReport[] = [];
  for (const scenario of scenarios) {
    const share = Math.ceil(operations / scenarios.length);
    const runs = Math.ceil(share / MAX_OPERATIONS_A_RUN);
    const reports: ClusterSoakReport[] = [];
    for (let run = 0; run < runs; run++) {
      const report = await runClusterSoak({
        scenario,
        seed: seed + run,
        operations: Math.ceil(share / runs),
      });
      reports.push(report);
      if (!report.isClean) show(report, seed + run);
    }
    console.log(`${scenario}: ${lineOf(reports)}`);
    all.push(...reports);
  }
  console.log(`several servers: ${lineOf(all)}`);
  return all.filter(({ isClean }) => !isClean).length;
}

function show({ scenario, operations, details }: ClusterSoakReport, seed: number): void {
  for (const detail of details.slice(0, MAX_DETAILS_SHOWN)) console.log(`  ${detail}`);
  console.log(
    `  again: npm run test:faults -- --cluster --scenario '${scenario}' --seed ${seed} --operations ${operations}`,
  );
}

/** The totals of some runs, in one line. */
function lineOf(reports: readonly ClusterSoakReport[]): string {
  const sum = (of: (report: ClusterSoakReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const wrongs = CLUSTER_WRONGS.map((wrong) => `${wrong} ${sum(({ counts }) => counts[wrong])}`);
  const ends =
    `${sum(({ sessionsLost }) => sessionsLost)} sessions and ` +
    `${sum(({ excused }) => excused)} operations ended with killed servers, ` +
    `${sum(({ tooLong }) => tooLong)} calls needed a client that was away, ` +
    `${sum(({ belated }) => belated)} ran late in a server that had stood still`;
  return [
    `${sum(({ operations }) => operations)} operations, ${sum(({ faults }) => faults)} faults, ` +
      `${sum(({ resumes }) => resumes)} returns, ${(sum(({ ms }) => ms) / 1000).toFixed(1)} s`,
    `  ${wrongs.join(', ')}; ${ends}`,
    ...timesOf(reports),
  ].join('\n');
}

/** A line for each kind of time without service. */
function timesOf(reports: readonly ClusterSoakReport[]): string[] {
  const times = new Map<string, number[]>();
  for (const report of reports) {
    for (const [what, some] of report.times) times.set(what, [...(times.get(what) ?? []), ...some]);
  }
  return [...times]
    .filter(([, some]) => some.length > 0)
    .map(([what, some]) => {
      const sorted = some.sort((one, other) => one - other).map(Math.round);
      const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))];
      return `  without service, ${what}: median ${at(0.5)} ms, 95 of 100 within ${at(0.95)} ms, longest ${at(1)} ms (${sorted.length} clients)`;
    });
}
