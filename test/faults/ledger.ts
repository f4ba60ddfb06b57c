import { ERR_CALLBACK_LOST } from '../../lib/core.js';
import type { Direction } from '../../lib/testing/faults.js';

/** What can be wrong with a run. */
export const WRONGS = [
  'lost',
  'executedTwice',
  'outOfOrder',
  'answersLost',
  'answeredTwice',
  'wrongAnswers',
  'leftBehind',
] as const;
export type Wrong = (typeof WRONGS)[number];
export type WrongCounts = Record<Wrong, number>;

/** How a message is to end: 'run' is executed by the other side, 'answer' has an answer as well. */
interface Entry {
  readonly what: string;
  readonly isRun: boolean;
  readonly isAnswered: boolean;
  runs: number;
  answers: number;
  values: number;
  isCancelled: boolean;
}

interface Way {
  readonly entries: Entry[];
  lastRun: number;
  /** The calls in the order in which they were answered there: their answers have to arrive in it. */
  readonly finished: number[];
  lastAnswer: number;
}

const MAX_DETAILS = 8;

/**
 * Writes down what was sent and what became of it. Messages of a direction have sequence numbers from 1, calls and
 * events together: they are executed in that order, once each, and each call is answered once.
 */
export class Ledger {
  readonly counts = Object.fromEntries(WRONGS.map((wrong) => [wrong, 0])) as WrongCounts;
  /** The first wrongs, in words. */
  readonly details: string[] = [];
  private readonly ways: Record<Direction, Way> = { toServer: newWay(), toClient: newWay() };
  private open = 0;
  private isClosed = false;

  /** Whether everything sent was executed and answered. */
  get isSettled(): boolean {
    return this.open === 0;
  }

  get isClean(): boolean {
    return WRONGS.every((wrong) => this.counts[wrong] === 0);
  }

  /** A message is about to be sent; answers with its sequence number. */
  sent(way: Direction, what: string, expects: { isRun?: boolean; isAnswered?: boolean } = {}): number {
    const { isRun = true, isAnswered = false } = expects;
    this.open += Number(isRun) + Number(isAnswered);
    const entry: Entry = { what, isRun, isAnswered, runs: 0, answers: 0, values: 0, isCancelled: false };
    return this.ways[way].entries.push(entry);
  }

  /** The other side executes a message. */
  executed(way: Direction, seq: number): void {
    const entry = this.entry(way, seq);
    if (!entry || this.isClosed) return;
    entry.runs += 1;
    if (entry.runs > 1) this.wrong('executedTwice', way, seq);
    else this.open -= 1;
    const { lastRun } = this.ways[way];
    if (entry.runs === 1 && seq < lastRun) this.wrong('outOfOrder', way, seq, `after ${lastRun}`);
    this.ways[way].lastRun = Math.max(seq, lastRun);
  }

  /** The other side has an answer for a call. */
  finished(way: Direction, seq: number): void {
    this.ways[way].finished.push(seq);
  }

  /** An answer arrives. */
  answered(way: Direction, seq: number, error: unknown, isRight: boolean): void {
    const entry = this.entry(way, seq);
    if (!entry || this.isClosed) return;
    entry.answers += 1;
    if (entry.answers > 1 || entry.isCancelled) {
      this.wrong('answeredTwice', way, seq, entry.isCancelled ? 'after its cancel' : undefined);
      return;
    }
    this.open -= 1;
    if (error === ERR_CALLBACK_LOST) this.wrong('answersLost', way, seq, '-1');
    else if (!isRight) this.wrong('wrongAnswers', way, seq, String(error));
    else this.inOrder(way, seq);
  }

  /** A value of a stream arrives: n = 1, 2, 3... without a gap. */
  value(way: Direction, seq: number, n: unknown): void {
    const entry = this.entry(way, seq);
    if (!entry || this.isClosed) return;
    if (n !== entry.values + 1) {
      this.wrong('outOfOrder', way, seq, `stream value ${String(n)} after ${String(entry.values)}`);
    }
    entry.values += 1;
  }

  /** How many values of a stream have arrived. */
  valuesOf(way: Direction, seq: number): number {
    return this.entry(way, seq)?.values ?? 0;
  }

  /** The caller waits no more; answers whether it did until now. */
  cancelled(way: Direction, seq: number): boolean {
    const entry = this.entry(way, seq);
    if (!entry || entry.answers > 0 || entry.isCancelled) return false;
    entry.isCancelled = true;
    this.open -= 1;
    return true;
  }

  /** The end: what has not come by now does not come. */
  close(): void {
    this.isClosed = true;
    for (const way of ['toServer', 'toClient'] as const) {
      for (const [index, entry] of this.ways[way].entries.entries()) {
        if (entry.isRun && entry.runs === 0) this.wrong('lost', way, index + 1);
        if (entry.isAnswered && entry.answers === 0 && !entry.isCancelled)
          this.wrong('answersLost', way, index + 1, 'never came');
      }
    }
  }

  /** Something else is wrong at the end. */
  leftBehind(what: string): void {
    this.counts.leftBehind += 1;
    if (this.details.length < MAX_DETAILS) this.details.push(`left behind: ${what}`);
  }

  private entry(way: Direction, seq: number): Entry | undefined {
    return this.ways[way].entries.at(seq - 1);
  }

  private inOrder(way: Direction, seq: number): void {
    const index = this.ways[way].finished.indexOf(seq);
    if (index === -1) return;
    if (index < this.ways[way].lastAnswer) this.wrong('outOfOrder', way, seq, 'its answer after a later one');
    this.ways[way].lastAnswer = Math.max(index, this.ways[way].lastAnswer);
  }

  private wrong(wrong: Wrong, way: Direction, seq: number, how?: string): void {
    this.counts[wrong] += 1;
    if (this.details.length >= MAX_DETAILS) return;
    const what = this.entry(way, seq)?.what ?? 'unknown';
    this.details.push(`${wrong}: ${what} ${seq} ${way}${how === undefined ? '' : ` (${how})`}`);
  }
}

function newWay(): Way {
  return { entries: [], lastRun: 0, finished: [], lastAnswer: -1 };
}
