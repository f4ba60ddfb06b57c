import type { CountedNames } from '../../connection/metrics/name-table.js';
import type { DetailFactory, SeriesDetail } from '../../connection/metrics/series.js';
import { now } from '../../util/host.js';
import {
  ADMINISTRATION_INTERFACE,
  type CallReport,
  type FailureReport,
  type MethodReport,
} from './administration.js';
import { LatencyHistogram } from './latency-histogram.js';

/** How many failures are remembered. */
const MAX_FAILURES = 50;
/** How many of the slowest methods are told. */
const MAX_SLOWEST = 20;
/** How much is kept of a code that is a text. */
const MAX_CODE_LENGTH = 64;

/** What has been counted up to a moment. */
export interface Mark {
  /** In milliseconds, see `now` of util/host.ts. */
  readonly at: number;
  readonly calls: ReadonlyMap<CallDetail, CountedCalls>;
  readonly events: EventCounts;
}

/** What happened since a mark. */
export interface Since {
  readonly periodMs: number;
  readonly calls: CallReport;
  readonly events: EventCounts & { readonly perSecond: number };
  readonly slowest: readonly MethodReport[];
}

interface CountedCalls {
  readonly latency: LatencyHistogram;
  readonly failed: number;
}

interface EventCounts {
  readonly count: number;
  readonly failed: number;
}

/** How long the calls of the same names took, and how many have failed. */
class CallDetail implements SeriesDetail {
  readonly latency = new LatencyHistogram();
  failed = 0;

  constructor(
    readonly names: CountedNames,
    private readonly fail: (names: CountedNames, code: number | string) => void,
  ) {}

  ended(code: number | string, seconds: number | undefined, count: number): void {
    this.latency.record((seconds ?? 0) * 1000, count);
    if (code === 0) return;
    this.failed += count;
    this.fail(this.names, code);
  }
}

/**
 * Keeps what an administrator wants to know of calls and events beside their counts: fine latencies, and the last
 * failures. Of what the interface of the administration itself is called, it keeps nothing.
 */
export class CallDetails {
  private readonly startedAt = now();
  private readonly calls: CallDetail[] = [];
  private eventCount = 0;
  private eventsFailed = 0;
  /** The last failures, in a ring: the oldest one is at {@link nextFailure}, as soon as it is full. */
  private readonly failures: FailureReport[] = [];
  private nextFailure = 0;

  /** Makes the details of names, for the counter of a server. */
  readonly factory: DetailFactory = (kind, names) => {
    if (names.interface === ADMINISTRATION_INTERFACE) return undefined;
    if (kind === 'event') return { ended: this.eventEnded.bind(this, names) };
    const detail = new CallDetail(names, (of, code) => {
      this.addFailure('call', of, code);
    });
    this.calls.push(detail);
    return detail;
  };

  /** The last failures, the newest first. */
  lastFailures(): FailureReport[] {
    const { failures, nextFailure } = this;
    return [...failures.slice(nextFailure), ...failures.slice(0, nextFailure)].reverse();
  }

  /** For how long there were details, in milliseconds. */
  get ageMs(): number {
    return now() - this.startedAt;
  }

  /** Notes what has been counted up to now. */
  mark(): Mark {
    const calls = this.calls.map((detail): [CallDetail, CountedCalls] => [
      detail,
      { latency: detail.latency.copy(), failed: detail.failed },
    ]);
    return {
      at: now(),
      calls: new Map(calls),
      events: { count: this.eventCount, failed: this.eventsFailed },
    };
  }

  /** Returns what happened since a mark; undefined: since the start. */
  since(mark: Mark | undefined): Since {
    const periodMs = Math.max(1, now() - (mark?.at ?? this.startedAt));
    const all = new LatencyHistogram();
    let failed = 0;
    const methods: MethodReport[] = [];
    for (const detail of this.calls) {
      const before = mark?.calls.get(detail);
      const latency = new LatencyHistogram();
      latency.add(detail.latency, before?.latency);
      if (latency.count === 0) continue;
      all.add(latency, undefined);
      const failures = detail.failed - (before?.failed ?? 0);
      failed += failures;
      const { application, interface: interfaceName, method } = detail.names;
      methods.push({
        application,
        interface: interfaceName,
        method,
        ...reportOf(latency, failures, periodMs),
      });
    }
    const p99 = ({ latency }: MethodReport): number => latency?.p99 ?? 0;
    const count = this.eventCount - (mark?.events.count ?? 0);
    return {
      periodMs: Math.round(periodMs),
      calls: reportOf(all, failed, periodMs),
      events: {
        count,
        failed: this.eventsFailed - (mark?.events.failed ?? 0),
        perSecond: perSecond(count, periodMs),
      },
      slowest: methods.sort((one, other) => p99(other) - p99(one)).slice(0, MAX_SLOWEST),
    };
  }

  private eventEnded(names: CountedNames, code: number | string): void {
    this.eventCount += 1;
    if (code === 0) return;
    this.eventsFailed += 1;
    this.addFailure('event', names, code);
  }

  private addFailure(kind: 'call' | 'event', names: CountedNames, code: number | string): void {
    const { application, interface: interfaceName, method } = names;
    this.failures[this.nextFailure] = {
      at: new Date().getTime(),
      kind,
      application,
      interface: interfaceName,
      method,
      code: typeof code === 'string' ? code.slice(0, MAX_CODE_LENGTH) : code,
    };
    this.nextFailure = (this.nextFailure + 1) % MAX_FAILURES;
  }
}

function reportOf(latency: LatencyHistogram, failed: number, periodMs: number): CallReport {
  const { count } = latency;
  return { count, failed, perSecond: perSecond(count, periodMs), latency: latency.read() };
}

function perSecond(count: number, periodMs: number): number {
  return Number(((count * 1000) / periodMs).toPrecision(4));
}
