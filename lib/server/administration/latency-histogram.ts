import type { LatencyReport } from './administration.js';

/** The upper bound of the first bucket, in milliseconds. */
const FIRST_MS = 0.05;
/** How much wider each bucket is than the one before: a percentile is exact to about a tenth of its value. */
const RATIO = 1.2;
/** Up to about two hours; what took longer is in the last bucket. */
const BUCKETS = 104;
const LOG_RATIO = Math.log(RATIO);

/** Durations in buckets that are fine enough for percentiles. */
export class LatencyHistogram {
  /** How many there were. */
  count = 0;
  private sumMs = 0;
  private readonly counts = new Float64Array(BUCKETS);

  /** Counts a duration in milliseconds, so many times. */
  record(ms: number, count: number): void {
    this.count += count;
    this.sumMs += ms * count;
    this.counts[bucketOf(ms)] += count;
  }

  /** Adds what another one has, since an earlier time of it. @param before a copy of it; undefined: since its start */
  add(other: LatencyHistogram, before: LatencyHistogram | undefined): void {
    this.count += other.count - (before?.count ?? 0);
    this.sumMs += other.sumMs - (before?.sumMs ?? 0);
    for (let bucket = 0; bucket < BUCKETS; bucket += 1)
      this.counts[bucket] += other.counts[bucket] - (before?.counts[bucket] ?? 0);
  }

  /** Returns a copy. */
  copy(): LatencyHistogram {
    const copy = new LatencyHistogram();
    copy.add(this, undefined);
    return copy;
  }

  /** Returns mean and percentiles; null where there was nothing. */
  read(): LatencyReport | null {
    if (this.count === 0) return null;
    return {
      mean: rounded(this.sumMs / this.count),
      p50: this.percentile(0.5),
      p90: this.percentile(0.9),
      p99: this.percentile(0.99),
      max: this.percentile(1),
    };
  }

  private percentile(part: number): number {
    const rank = Math.ceil(this.count * part);
    let bucket = 0;
    for (let seen = this.counts[0]; seen < rank; seen += this.counts[bucket]) bucket += 1;
    return rounded(middleOf(bucket));
  }
}

function bucketOf(ms: number): number {
  // Written so that NaN comes here, too.
  if (!(ms > FIRST_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / FIRST_MS) / LOG_RATIO));
}

/** The middle of a bucket, in milliseconds, by which a duration in it is off by a tenth at most. */
function middleOf(bucket: number): number {
  return (FIRST_MS * RATIO ** bucket * (1 + 1 / RATIO)) / 2;
}

/** Rounds to three digits. */
function rounded(ms: number): number {
  return Number(ms.toPrecision(3));
}
