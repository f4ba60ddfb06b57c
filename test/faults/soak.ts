import { DIRECTIONS, type Direction } from '../../lib/testing/faults.js';
import type { ServerOptions } from '../../lib/core.js';
import type { OutgoingCall } from '../../lib/connection/calls/outgoing-calls.js';
import { sharedSlice } from '../../lib/util/time-slice.js';
import type { WrongCounts } from './ledger.js';
import { METHODS, refusalOf, turns, type Method, type Tamper } from './soak-application.js';
import { SoakFaults } from './soak-faults.js';
import { SoakWorld, textOf } from './soak-world.js';

const FAULT_PROBABILITY = 0.12;
const MAX_DRAIN_TURNS = 20_000;
/** Some of two, three and four bytes: a cut can be inside of each. */
const TEXTS = ['', 'x', 'жінка', '€€€', '😀 \u2028 "\'\\', 'long '.repeat(40)];

/** What a run is made of. */
export interface SoakOptions {
  readonly seed: number;
  /** @default 200 */
  readonly operations?: number;
  /** Which extensions both sides agree on. @default those of the core, `resume` among them */
  readonly extensions?: ServerOptions['extensions'];
  /** Which methods are called. @default those without streams as arguments */
  readonly methods?: readonly Method[];
  /** Stands between messages and what they run. */
  readonly tamper?: Tamper;
  /** Told of each operation and fault, to see how a failure came about. */
  readonly trace?: (line: string) => void;
}

/** What became of a run. */
export interface SoakReport {
  readonly seed: number;
  readonly operations: number;
  /** Lines that were cut, or left for another. */
  readonly linesLost: number;
  readonly resumes: number;
  readonly counts: WrongCounts;
  readonly isClean: boolean;
  /** The first wrongs, in words; '' where there is none. */
  readonly message: string;
}

/** A kind of operation: what to do, and how often against the others. */
type Operation = readonly [weight: number, run: (soak: Soak, way: Direction) => void];

const OPERATIONS: readonly Operation[] = [
  [8, (soak, way) => soak.call(way, soak.world.random.pick(soak.methods))],
  [7, (soak, way) => soak.event(way)],
  [1, (soak, way) => soak.ping(way)],
  [1, (soak, way) => soak.inspect(way)],
  [2, (soak, way) => soak.world.applications[way].releaseHeld(1)],
  [1, (soak, way) => soak.cancel(way)],
];
const WEIGHTED = OPERATIONS.flatMap(([weight, run]) => Array.from({ length: weight }, () => run));

/** One run: operations in both directions over a link with faults, all of it decided by the seed. */
class Soak {
  readonly world: SoakWorld;
  private readonly faults: SoakFaults;
  /** Slow calls that can be cancelled. */
  private readonly slow: { way: Direction; seq: number; call: OutgoingCall }[] = [];

  readonly methods: readonly Method[];
  /** The sources that were begun, and have not ended. */
  private readonly sources = new Set<number>();

  constructor(private readonly options: SoakOptions) {
    this.methods = options.methods ?? METHODS;
    this.world = new SoakWorld(options);
    this.faults = new SoakFaults(this.world);
  }

  async run(operations: number): Promise<SoakReport> {
    const { world, faults } = this;
    const { random, ledger } = world;
    await world.connect();
    for (let operation = 1; operation <= operations; operation++) {
      random.pick(WEIGHTED)(this, random.pick(world.senders));
      if (random.happens(FAULT_PROBABILITY)) {
        const fault = faults.strike();
        this.options.trace?.(`fault ${fault ?? 'none'}`);
      }
      faults.tick();
      await turns(random.pick([0, 0, 1, 3, 8, 20]));
    }
    await world.drain(MAX_DRAIN_TURNS);
    // The links work now: an answered ping on each side frees what the journals hold.
    for (const way of DIRECTIONS) this.ping(way);
    await world.drain(MAX_DRAIN_TURNS);
    ledger.close();
    this.checkJournals();
    await world.close();
    return {
      seed: this.options.seed,
      operations,
      linesLost: world.linesLost,
      resumes: world.resumes,
      counts: ledger.counts,
      isClean: ledger.isClean,
      message: ledger.isClean ? '' : this.message(operations),
    };
  }

  call(way: Direction, method: Method): void {
    const { world } = this;
    const { ledger } = world;
    const seq = this.sent(way, method, true);
    const values = world.random.pick([0, 1, 7, 100]);
    const isStreamed = method === 'count' || method === 'relay';
    const second = this.argumentOf(method, seq, values);
    const call = world.sender(way).startCall(
      'soak',
      method,
      [seq, second],
      (error, result) => {
        this.options.trace?.(`answer ${seq} ${way} ${textOf(error)}`);
        ledger.answered(way, seq, error, this.isRight(way, method, seq, values, error, result));
      },
      isStreamed ? { onItem: (value) => ledger.value(way, seq, value) } : undefined,
    );
    if (method === 'slow' || (method === 'relay' && values === 100)) this.slow.push({ way, seq, call });
  }

  private argumentOf(method: Method, seq: number, values: number): unknown {
    if (method === 'count') return values;
    if (method === 'relay' || method === 'part') return this.numbers(seq, values);
    return this.world.random.pick(TEXTS);
  }

  /** The values of a source: 1, 2, 3... */
  private async *numbers(seq: number, last: number): AsyncGenerator<number> {
    this.sources.add(seq);
    try {
      for (let n = 1; n <= last; n++) {
        if (n % 7 === 0) await turns(n % 4);
        yield n;
      }
    } finally {
      this.sources.delete(seq);
    }
  }

  event(way: Direction): void {
    const { world } = this;
    const seq = this.sent(way, 'event', false);
    const error = world.sender(way).sendEvent('soak', 'told', [seq, world.random.pick(TEXTS)]);
    if (error !== undefined) this.options.trace?.(`event ${seq} refused: ${textOf(error)}`);
  }

  ping(way: Direction): void {
    const seq = this.world.ledger.sent(way, 'ping', { isRun: false, isAnswered: true });
    this.world.sender(way).ping((error) => {
      this.world.ledger.answered(way, seq, error, error === null);
    });
  }

  inspect(way: Direction): void {
    const seq = this.world.ledger.sent(way, 'inspect', { isRun: false, isAnswered: true });
    this.world.sender(way).inspectInterface('soak', (error, proxy) => {
      this.world.ledger.answered(way, seq, error, proxy !== undefined);
    });
  }

  /** Cancels the oldest slow call of a direction that nobody has answered. */
  cancel(way: Direction): void {
    const index = this.slow.findIndex((slow) => slow.way === way);
    if (index === -1) return;
    const [{ seq, call }] = this.slow.splice(index, 1);
    if (!this.world.ledger.cancelled(way, seq)) return;
    this.options.trace?.(`cancel ${seq} ${way}`);
    this.world.sender(way).cancelCall(call);
  }

  private sent(way: Direction, what: string, isAnswered: boolean): number {
    const seq = this.world.ledger.sent(way, what, { isAnswered });
    this.options.trace?.(`${what} ${seq} ${way}`);
    return seq;
  }

  private isRight(
    way: Direction,
    method: Method,
    seq: number,
    values: number,
    error: unknown,
    result: unknown,
  ): boolean {
    if (method === 'refuse') return (error as { message?: unknown } | null)?.message === refusalOf(seq);
    if (error !== null) return false;
    return method === 'count' || method === 'relay'
      ? this.world.ledger.valuesOf(way, seq) === values
      : result === seq;
  }

  /** All that was numbered is acknowledged; a call whose caller waits no more is known to be cancelled. */
  private checkJournals(): void {
    const { ledger, applications } = this.world;
    if (this.sources.size > 0) ledger.leftBehind(`${this.sources.size} sources that nobody reads`);
    for (const way of DIRECTIONS) {
      const { session, state } = this.world.sender(way);
      const left = [...(session?.journal ?? [])].filter(({ id }) => Number.isInteger(id));
      if (left.length > 0) ledger.leftBehind(`${left.length} messages in the journal ${way}`);
      if (state.name !== 'open') ledger.leftBehind(`the sender ${way} is ${state.name}`);
      if (applications[way].held.some(({ call }) => call.isOpen)) ledger.leftBehind(`calls under way ${way}`);
    }
  }

  private message(operations: number): string {
    const { seed } = this.options;
    return [
      `seed ${seed}: ${this.world.ledger.details.join('; ')}`,
      `again: npm run test:faults -- --runs 1 --seed ${seed} --operations ${operations}${this.options.methods ? ' --part streams' : ''}`,
    ].join('\n');
  }
}

/** Runs one soak; the same options give the same run. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  // Never over. Why: how much is done in a turn would depend on how fast the machine is, and a seed would be no run.
  sharedSlice.isOver = () => false;
  try {
    return await new Soak(options).run(options.operations ?? 200);
  } finally {
    Reflect.deleteProperty(sharedSlice, 'isOver');
  }
}
