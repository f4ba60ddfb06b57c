import type { Observation } from '../../util/observation.js';
import { turnClock, type Moment } from '../../util/turn-clock.js';
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

/** Is told of the calls or events of the same names that have ended, beside their counts. */
export interface SeriesDetail {
  /** @param seconds how long each took; undefined for events */
  ended(code: number | string, seconds: number | undefined, count: number): void;
}

/** Makes the details of names; undefined: there are none of these. */
export type DetailFactory = (kind: 'call' | 'event', names: CountedNames) => SeriesDetail | undefined;

/** Keeps batches of calls of which some have ended, until the turn is over. */
export interface BatchSink {
  add(batch: CallBatch): void;
}

/**
 * The calls of the same names that have begun in one turn. They are all observed by it. Why: an object for each call, or
 * a time, would cost as much as all the rest.
 */
export class CallBatch implements Observation {
  private isAdded = false;
  /** How many have succeeded since {@link record}. */
  private succeeded = 0;
  /** The codes of those that have failed since then. */
  private failures: (number | string)[] | undefined = undefined;

  constructor(
    private readonly series: CallSeries,
    readonly began: Moment,
    private readonly sink: BatchSink,
  ) {}

  end(code: number | string): void {
    if (code === 0) this.succeeded += 1;
    else (this.failures ??= []).push(code);
    if (this.isAdded) return;
    this.isAdded = true;
    this.sink.add(this);
  }

  /** Counts those that have ended. @param endedAt when, see `now` */
  record(endedAt: number): void {
    const { series, succeeded, failures = [] } = this;
    this.isAdded = false;
    this.succeeded = 0;
    this.failures = undefined;
    const seconds = (endedAt - this.began.at) / 1000;
    if (succeeded > 0) series.recordSuccess(seconds, succeeded);
    for (const code of failures) series.recordFailure(code, seconds);
  }
}

/** The calls of the same names, by outcome. */
export class CallSeries {
  private readonly succeeded = new DurationHistogram();
  private readonly failed = new Map<string, DurationHistogram>();
  private hasSucceeded = false;
  /** The batch of the turn in which a call has begun last. */
  private batch: CallBatch | undefined = undefined;

  constructor(
    private readonly names: CountedNames,
    private readonly outcomes: OutcomeNames,
    private readonly sink: BatchSink,
    private readonly detail?: SeriesDetail,
  ) {}

  /** A call begins. @returns what observes it */
  begin(): Observation {
    const moment = turnClock.now();
    if (this.batch?.began === moment) return this.batch;
    this.batch = new CallBatch(this, moment, this.sink);
    return this.batch;
  }

  recordSuccess(seconds: number, count: number): void {
    this.detail?.ended(0, seconds, count);
    this.hasSucceeded = true;
    this.succeeded.record(seconds, count);
  }

  recordFailure(code: number | string, seconds: number): void {
    this.detail?.ended(code, seconds, 1);
    this.failuresOf(this.outcomes.nameOf(code)).record(seconds, 1);
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
  private succeeded = 0;
  private readonly failed = new Map<string, number>();

  constructor(
    private readonly names: CountedNames,
    private readonly outcomes: OutcomeNames,
    private readonly detail?: SeriesDetail,
  ) {}

  end(code: number | string): void {
    this.detail?.ended(code, undefined, 1);
    if (code === 0) {
      this.succeeded += 1;
      return;
    }
    const outcome = this.outcomes.nameOf(code);
    this.failed.set(outcome, (this.failed.get(outcome) ?? 0) + 1);
  }

  read(): EventCounts[] {
    const { succeeded } = this;
    const all: [string, number][] = [...this.failed];
    if (succeeded > 0) all.unshift([this.outcomes.nameOf(0), succeeded]);
    return all.map(([outcome, count]) => ({ ...this.names, outcome, count }));
  }
}
