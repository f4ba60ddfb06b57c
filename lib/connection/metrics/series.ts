import type { Observation } from '../../util/observation.js';
import type { Moment } from '../../util/turn-clock.js';
import { DurationHistogram, type Durations } from './duration-histogram.js';
import type { CountedNames } from './name-table.js';
import type { OutcomeNames } from './outcome-names.js';

/** Calls with the same names and the same outcome. */
export interface CallCounts extends CountedNames {
  /** 'ok', the code of the error, or '_OTHER' for a code beyond the hundredth that is none of JSTP's own. */
  readonly outcome: string;
  /** How long they took. */
  readonly duration: Durations;
}

/** Events with the same names and the same outcome. */
export interface EventCounts extends CountedNames {
  /** As that of calls. */
  readonly outcome: string;
  /** How many there were. */
  readonly count: number;
}

/** Takes calls that have ended. */
export interface CallSink {
  add(series: CallSeries, code: number | string, began: Moment): void;
}

/** The calls of the same names, by outcome. All of them are observed by it. */
export class CallSeries implements Observation {
  private readonly succeeded = new DurationHistogram();
  private readonly failed = new Map<string, DurationHistogram>();
  private hasSucceeded = false;

  constructor(
    readonly names: CountedNames,
    private readonly outcomes: OutcomeNames,
    private readonly sink: CallSink,
  ) {}

  end(code: number | string, _error?: unknown, began?: Moment): void {
    if (began) this.sink.add(this, code, began);
  }

  /** Counts a call. */
  record(code: number | string, seconds: number): void {
    if (code === 0) {
      this.hasSucceeded = true;
      this.succeeded.record(seconds);
    } else this.failuresOf(this.outcomeOf(code)).record(seconds);
  }

  /** Returns the name of an outcome. */
  outcomeOf(code: number | string): string {
    return this.outcomes.nameOf(code);
  }

  read(): CallCounts[] {
    const all = [...this.failed].map(([outcome, duration]) => this.readOne(outcome, duration));
    return this.hasSucceeded ? [this.readOne(this.outcomes.nameOf(0), this.succeeded), ...all] : all;
  }

  private failuresOf(outcome: string): DurationHistogram {
    const known = this.failed.get(outcome);
    if (known) return known;
    const failures = new DurationHistogram();
    this.failed.set(outcome, failures);
    return failures;
  }

  private readOne(outcome: string, duration: DurationHistogram): CallCounts {
    return { ...this.names, outcome, duration: duration.read() };
  }
}

/** The events of the same names, by outcome. All of them are observed by it. */
export class EventSeries implements Observation {
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly names: CountedNames,
    private readonly outcomes: OutcomeNames,
  ) {}

  end(code: number | string): void {
    const outcome = this.outcomes.nameOf(code);
    this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
  }

  read(): EventCounts[] {
    return [...this.counts].map(([outcome, count]) => ({ ...this.names, outcome, count }));
  }
}
