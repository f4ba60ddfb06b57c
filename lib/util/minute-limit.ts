import { now } from './host.js';

const MINUTE_MS = 60_000;

/** Limits how often something happens in a minute. Why: peers must not be able to fill a log. */
export class MinuteLimit {
  private count = 0;
  private since = -Infinity;

  constructor(private readonly maxPerMinute: number) {}

  /** Counts one more event. @returns whether it is within the limit */
  allows(): boolean {
    const time = now();
    if (time - this.since >= MINUTE_MS) {
      this.since = time;
      this.count = 0;
    }
    this.count += 1;
    return this.count <= this.maxPerMinute;
  }
}
