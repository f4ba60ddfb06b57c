/** The bounds of the buckets in seconds, those that the semantic conventions of OpenTelemetry advise for calls. */
export const DURATION_BOUNDS: readonly number[] = Object.freeze([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]);

/** Durations, counted in buckets. */
export interface Durations {
  /** How many there were. */
  readonly count: number;
  /** All of them together, in seconds. */
  readonly sum: number;
  /**
   * How many were in each bucket: up to the first bound (and that itself), up to the second one..., beyond the last one.
   * The bounds are `durationBounds` of the same snapshot.
   */
  readonly counts: readonly number[];
}

/** Counts durations in buckets. */
export class DurationHistogram {
  private readonly counts = new Array<number>(DURATION_BOUNDS.length + 1).fill(0);
  private sum = 0;

  /** Counts a duration in seconds, of so many. */
  record(seconds: number, count: number): void {
    let bucket = 0;
    // From the shortest on: most calls are short.
    while (seconds > DURATION_BOUNDS[bucket]) bucket += 1;
    this.counts[bucket] += count;
    this.sum += seconds * count;
  }

  read(): Durations {
    const counts = [...this.counts];
    return { count: counts.reduce((total, count) => total + count, 0), sum: this.sum, counts };
  }
}
