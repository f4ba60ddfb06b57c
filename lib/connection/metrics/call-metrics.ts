import type { ApplicationLike } from '../../application/application.js';
import { isDeclared } from '../../application/declared-names.js';
import { now, soon } from '../../util/host.js';
import type { Observation } from '../../util/observation.js';
import type { CallMeter } from '../observing/call-meter.js';
import { DURATION_BOUNDS } from './duration-histogram.js';
import { NameTable, type CountedNames } from './name-table.js';
import { OTHER, OutcomeNames } from './outcome-names.js';
import {
  CallSeries,
  EventSeries,
  type BatchSink,
  type CallBatch,
  type CallCounts,
  type DetailFactory,
  type EventCounts,
} from './series.js';

type App = ApplicationLike<never>;

/** How many names of what this side calls and emits are counted one by one. Why bounded: a gateway may pass on any. */
const MAX_CALLED_NAMES = 1000;

/** The calls and events of one side, in both directions. */
export interface CallMetrics {
  /** The bounds of the buckets of all durations here, in seconds. */
  readonly durationBounds: readonly number[];
  /** Calls of the peers, from their arrival to their answer. */
  readonly served: readonly CallCounts[];
  /** Calls of this side, from their sending to their answer. */
  readonly called: readonly CallCounts[];
  /** Events of the peers. */
  readonly handled: readonly EventCounts[];
  /** Events of this side. */
  readonly emitted: readonly EventCounts[];
}

/**
 * Counts the calls and events of the connections of one server, or of one client. A call begins in the turn in which its
 * bytes are read, and ends in that in which its answer is written.
 */
export class CallCounter implements CallMeter {
  private readonly outcomes = new OutcomeNames();
  private readonly ended = new EndedCalls();
  private readonly served = new ReceivedNames(
    (names) => new CallSeries(names, this.outcomes, this.ended, this.detailOf('call', names)),
  );
  private readonly handled = new ReceivedNames(
    (names) => new EventSeries(names, this.outcomes, this.detailOf('event', names)),
    true,
  );
  private readonly called: SentNames<CallSeries>;
  private readonly emitted: SentNames<EventSeries>;

  /**
   * @param peer the name of the application that is called; '' where peers do not tell it
   * @param detailOf makes details of what peers call and emit. @default there are none
   */
  constructor(
    peer: string,
    private readonly detailOf: DetailFactory = () => undefined,
  ) {
    this.called = new SentNames(peer, (names) => new CallSeries(names, this.outcomes, this.ended));
    this.emitted = new SentNames(peer, (names) => new EventSeries(names, this.outcomes));
  }

  serve(application: App | null, interfaceName: string, methodName: string): Observation {
    return this.served.of(application, interfaceName, methodName).begin();
  }

  call(interfaceName: string, methodName: string): Observation {
    return this.called.of(interfaceName, methodName).begin();
  }

  handle(application: App | null, interfaceName: string, eventName: string): Observation {
    return this.handled.of(application, interfaceName, eventName);
  }

  emit(interfaceName: string, eventName: string): Observation {
    return this.emitted.of(interfaceName, eventName);
  }

  read(): CallMetrics {
    this.ended.flush();
    return {
      durationBounds: DURATION_BOUNDS,
      served: this.served.all.flatMap((series) => series.read()),
      called: this.called.all.flatMap((series) => series.read()),
      handled: this.handled.all.flatMap((series) => series.read()),
      emitted: this.emitted.all.flatMap((series) => series.read()),
    };
  }
}

/** The series of what peers call, by application. */
class ReceivedNames<Series> {
  readonly all: Series[] = [];
  private readonly tables = new Map<string, NameTable<Series>>();
  private readonly byApplication = new WeakMap<App, NameTable<Series>>();
  /** The application that was asked for last. Why: nearly all calls are of the same one, and a WeakMap is slow. */
  private last: App | undefined;
  private lastTable: NameTable<Series> | undefined;

  constructor(
    private readonly create: (names: CountedNames) => Series,
    /** Whether a pattern with wildcards may stand for a name: so for events. */
    private readonly haveWildcards = false,
  ) {}

  of(application: App | null, interfaceName: string, name: string): Series {
    if (!application) return this.named(OTHER).other;
    const table = this.tableOf(application);
    const known = table.find(interfaceName, name);
    if (known) return known;
    if (isDeclared(application, interfaceName, name)) return table.add(interfaceName, name);
    const wildcard = this.haveWildcards ? application.wildcardOf?.(interfaceName, name) : undefined;
    if (!wildcard) return table.other;
    const names = [wildcard.interfaceName, wildcard.name] as const;
    return table.find(...names) ?? table.add(...names);
  }

  private tableOf(application: App): NameTable<Series> {
    if (application === this.last && this.lastTable) return this.lastTable;
    const table =
      this.byApplication.get(application) ?? this.named(`${application.name}@${application.version}`);
    this.byApplication.set(application, table);
    this.last = application;
    this.lastTable = table;
    return table;
  }

  /** Returns the table of a name. Why by name: an application may be replaced by another one of the same name. */
  private named(name: string): NameTable<Series> {
    const table = this.tables.get(name) ?? new NameTable(name, (names) => this.kept(this.create(names)));
    this.tables.set(name, table);
    return table;
  }

  private kept(series: Series): Series {
    this.all.push(series);
    return series;
  }
}

/** The series of what this side sends. */
class SentNames<Series> {
  readonly all: Series[] = [];
  private readonly table: NameTable<Series>;

  constructor(application: string, create: (names: CountedNames) => Series) {
    this.table = new NameTable(application, (names) => {
      const series = create(names);
      this.all.push(series);
      return series;
    });
  }

  of(interfaceName: string, name: string): Series {
    const known = this.table.find(interfaceName, name);
    if (known) return known;
    return this.all.length < MAX_CALLED_NAMES ? this.table.add(interfaceName, name) : this.table.other;
  }
}

/** The batches of which calls have ended in this turn. They are counted when it ends, as their answers are written then. */
class EndedCalls implements BatchSink {
  private readonly batches: CallBatch[] = [];
  private readonly flushNow = (): void => {
    this.flush();
  };

  add(batch: CallBatch): void {
    if (this.batches.length === 0) soon(this.flushNow);
    this.batches.push(batch);
  }

  flush(): void {
    if (this.batches.length === 0) return;
    const time = now();
    for (const batch of this.batches) batch.record(time);
    this.batches.length = 0;
  }
}
