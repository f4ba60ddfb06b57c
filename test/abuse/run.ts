import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Attacker } from './attackers/attacker.js';
import { ATTACKERS, COMMON_ATTACKERS } from './attackers/index.js';
import { AbusedServer, AttackerProcess, GoodClient } from './processes.js';
import {
  MAX_ANSWER_OF_ALL_MS,
  findFaults,
  inMib,
  MAX_RATIO,
  MEMORY_CAP,
  quantile,
  REFERENCE_CPU_MS,
  ratio,
  shareOfLoad,
  type Fault,
  type Phase,
} from './verdict.js';

const USAGE = `npm run test:abuse -- [--seconds 60] [--attacker 'slow drip'] [--seed 1] [--mixed] [--mixed-load 3] [--whole] [--times-told] [--list]

  --seconds     how long it attacks and measures in all
  --attacker    some attackers, with semicolons between; without the others there is no mixed attack
  --mixed       the mixed attacks alone: of those that every public server meets, and of all
  --mixed-load  in the mixed attack of all, each attacker has one part of so many of its load
  --whole       in the mixed attacks, a slow machine has as much to bear as a fast one
  --times-told  a time over its bound is told, but is no failure: on a machine that others use
  --list        what each attacker sends`;

const SERVER_FLAGS = ['--max-old-space-size=512'];
const QUIET_SHARE = 0.1;
/** Of each of the two mixed attacks. */
const MIXED_SHARE = 0.12;
/** A time over its bound is measured again so often, each time twice as long: a busy machine gets over it by chance. */
const ATTEMPTS = 3;
const SETTLE_MS = 50;
/** How long connections may stay after their attackers have gone. */
const FREE_LIMIT_MS = 10_000;
const HEADER = [
  'attacker',
  'server CPU',
  'memory',
  'opened',
  'refused',
  'destroyed',
  'log lines',
  'p99',
  'longest',
  'login p99',
];
const WIDTHS = [23, 10, 8, 6, 7, 9, 9, 16, 8, 9];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    attacker: { type: 'string' },
    seed: { type: 'string', default: '1' },
    mixed: { type: 'boolean', default: false },
    // Why not all of it: that is the work of three servers, and more connections a second than Node accepts.
    'mixed-load': { type: 'string', default: '3' },
    whole: { type: 'boolean', default: false },
    'times-told': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [folder] = positionals;
const seed = integerOf('seed', values.seed);
const mixedParts = integerOf('mixed-load', values['mixed-load']);
const areTimesTold = values['times-told'];
const totalMs = 1000 * integerOf('seconds', values.seconds);

function integerOf(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${option} ${text} is no integer\n${USAGE}`);
  return value;
}

function chosen(): readonly Attacker[] {
  const names = values.attacker?.split(';') ?? ATTACKERS.map(({ name }) => name);
  return names.map((name) => {
    const attacker = ATTACKERS.find((one) => one.name === name.trim());
    if (!attacker)
      throw new Error(`Unknown attacker ${name}; there are: ${ATTACKERS.map((one) => one.name).join('; ')}`);
    return attacker;
  });
}

/** A server, a good client, and the attackers. */
class Siege {
  readonly faults: string[] = [];
  private quietMs = 0;

  constructor(
    private readonly server: AbusedServer,
    private readonly client: GoodClient,
    private readonly processes: ReadonlyMap<Attacker, AttackerProcess>,
  ) {}

  /** Measures the good client alone. */
  async quiet(durationMs: number): Promise<Phase> {
    const phase = await this.measure([], durationMs);
    this.quietMs = Math.max(this.quietMs, quantile(phase.calls, 0.99));
    print(['quiet', ...this.cells(phase, 0)]);
    this.faults.push(...findFaults(phase, this.quietMs).map(({ text }) => `quiet: ${text}`));
    return phase;
  }

  /**
   * Measures the good client while some attack; judges, and measures again where it is over a bound.
   * @param share the part of its load that each attacker has
   * @param maxAnswerMs the longest that an answer may take, in place of the bound for the 99th percentile
   */
  async attack(
    name: string,
    attackers: readonly Attacker[],
    durationMs: number,
    share = 1,
    maxAnswerMs?: number,
  ): Promise<void> {
    let faults: Fault[] = [];
    const { quietMs } = this;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      // The machine may have become busier since it was quiet.
      if (attempt > 0) await this.quiet(durationMs);
      const phase = await this.measure(attackers, durationMs * 2 ** attempt, share);
      faults = findFaults(phase, this.quietMs, maxAnswerMs);
      print([name, ...this.cells(phase, phase.opened), ...faults.map(({ text }) => ` ! ${text}`)]);
      if (areTimesTold || !faults.some(({ isOfTime }) => isOfTime)) break;
    }
    // Of this attack alone. Why: those that follow would have longer for it.
    this.quietMs = quietMs;
    const failures = areTimesTold ? faults.filter(({ isOfTime }) => !isOfTime) : faults;
    this.faults.push(...failures.map(({ text }) => `${name}: ${text}`));
  }

  private async measure(
    attackers: readonly Attacker[],
    durationMs: number,
    share = 1,
  ): Promise<Phase & { readonly opened: number }> {
    const processes = attackers
      .map((attacker) => this.processes.get(attacker))
      .filter((one) => one !== undefined);
    await this.client.report();
    const before = await this.server.sample();
    this.server.takePeakRss();
    const start = performance.now();
    for (const process of processes) process.begin(this.server.target, seed, share);
    await delay(durationMs);
    // Before they stop: their ends are work, too.
    const { calls, logins, errors } = await this.client.report();
    const reports = await Promise.all(processes.map((process) => process.stop()));
    const after = await this.server.sample();
    await this.freed();
    const bySize = (one: number, other: number): number => one - other;
    return {
      calls: [...calls].sort(bySize),
      logins: [...logins].sort(bySize),
      errors,
      cpuMs: after.cpuMs - before.cpuMs,
      peakRss: this.server.takePeakRss(),
      refused: after.refused - before.refused,
      failed: after.failed - before.failed,
      turnedAway: after.turnedAway - before.turnedAway,
      logLines: after.logLines - before.logLines,
      durationMs: performance.now() - start,
      opened: reports.reduce((sum, { opened }) => sum + opened, 0),
    };
  }

  /** Waits until the server has got rid of the attackers' connections. */
  private async freed(): Promise<void> {
    const deadline = performance.now() + FREE_LIMIT_MS;
    for (;;) {
      const { usage } = await this.server.sample();
      if (usage.connections.used <= 4) break;
      if (performance.now() > deadline) {
        this.faults.push(`${usage.connections.used} connections stay open after their peers have gone`);
        break;
      }
    }
    await delay(SETTLE_MS);
  }

  /** Tells what the server keeps for attackers that have gone: their sessions may still be resumed. */
  tellLeft(): void {
    const { sessions, journalBytes } = this.server.last?.usage ?? {};
    if (!sessions || !journalBytes) return;
    console.log(
      `Left behind, within their limits: ${sessions.used} of ${sessions.limit} sessions, ` +
        `${inMib(journalBytes.used)} of ${inMib(journalBytes.limit)} MiB of journals`,
    );
  }

  private cells(phase: Phase, opened: number): string[] {
    const p99 = quantile(phase.calls, 0.99);
    return [
      `${(phase.cpuMs / 1000).toFixed(2)} s`,
      `${inMib(phase.peakRss)} MiB`,
      String(opened),
      String(phase.refused),
      String(phase.failed + phase.turnedAway),
      String(phase.logLines),
      `${p99.toFixed(1)} ms ${opened === 0 ? '' : `(${ratio(p99, this.quietMs)})`}`,
      `${(phase.calls.at(-1) ?? 0).toFixed(0)} ms`,
      `${quantile(phase.logins, 0.99).toFixed(0)} ms`,
    ];
  }
}

function print(cells: readonly string[]): void {
  const padded = cells.map((cell, n) => (n === 0 ? cell.padEnd(WIDTHS[n]) : cell.padStart(WIDTHS[n] ?? 0)));
  console.log(padded.join(' '));
}

async function run(attackers: readonly Attacker[]): Promise<readonly string[]> {
  const server = await AbusedServer.start(folder, SERVER_FLAGS);
  const running: { kill(): void }[] = [server];
  try {
    const processes = new Map<Attacker, AttackerProcess>();
    for (const attacker of attackers) {
      const process = new AttackerProcess(folder, ATTACKERS.indexOf(attacker));
      running.push(process);
      processes.set(attacker, process);
    }
    for (const process of processes.values()) await process.started;
    const client = await GoodClient.start(folder, server.target);
    running.push(client);
    const siege = new Siege(server, client, processes);
    const isMixed = values.attacker === undefined;
    const rest = 1 - QUIET_SHARE - (isMixed ? 2 * MIXED_SHARE : 0);
    const mixedMs = totalMs * (values.mixed ? (1 - QUIET_SHARE) / 2 : MIXED_SHARE);
    // The first calls of a process are slow: nothing is compiled yet.
    await delay(1000);
    print(HEADER);
    const quiet = await siege.quiet(totalMs * QUIET_SHARE);
    for (const attacker of values.mixed ? [] : attackers)
      await siege.attack(
        attacker.name,
        [attacker],
        (totalMs * rest) / attackers.length,
        1,
        attacker.maxAnswerMs,
      );
    if (isMixed) {
      const share = values.whole ? 1 : shareOfLoad(quiet);
      console.log(`Mixed attacks, with ${share.toFixed(2)} of the loads, as this machine is as fast`);
      const all = attackers.filter(({ maxAnswerMs }) => maxAnswerMs === undefined);
      await siege.attack('the common ones, mixed', COMMON_ATTACKERS, mixedMs, share);
      const name = `all, 1/${String(mixedParts)} of each`;
      await siege.attack(name, all, mixedMs, share / mixedParts, MAX_ANSWER_OF_ALL_MS);
    }
    siege.tellLeft();
    return siege.faults;
  } catch (error) {
    return [server.end ?? String(error)];
  } finally {
    for (const one of running) one.kill();
  }
}

function printBounds(attackers: readonly Attacker[]): void {
  console.log(`The server: default limits, ${SERVER_FLAGS.join(' ')}, over net, tls and ws. Bounds: p99 of the good client's calls
at most ${MAX_RATIO} times the quiet one, no error of it, resident memory at most ${inMib(MEMORY_CAP)} MiB.
The good client: 100 calls a second over each transport, answered after 10 ms, and 2 new logins a second.
The attackers: a process each, at the lowest priority (nice 19), from 4 addresses each, with at most this load.
In the first mixed attack, those with a star have all of it, which every public server meets; in the second one, all have
one of ${mixedParts} parts of it. Both are smaller in proportion where the good client alone takes more of the processor than
${REFERENCE_CPU_MS} ms a second, unless --whole is given:`);
  for (const attacker of attackers) {
    const { name, load, maxAnswerMs } = attacker;
    const star = COMMON_ATTACKERS.includes(attacker) ? '*' : ' ';
    const judged =
      maxAnswerMs === undefined ? '' : ` (not mixed; no answer may take longer than ${maxAnswerMs} ms)`;
    console.log(`${star} ${name}: ${load}${judged}`);
  }
}

if (values.help) console.log(USAGE);
else {
  const attackers = chosen();
  printBounds(attackers);
  if (!values.list) {
    const faults = await run(attackers);
    for (const fault of faults) console.log(`FAILED: ${fault}`);
    console.log(faults.length === 0 ? 'All well' : `${faults.length} FAILED`);
    process.exitCode = faults.length === 0 ? 0 : 1;
  }
}
