import { now } from '../../util/host.js';

const MINUTE_MS = 60_000;

/** Lets so many through in a minute: what peers can cause at will must not fill a log. */
export class Seldom {
  private count = 0;
  private since = -Infinity;

  constructor(private readonly maxPerMinute: number) {}

  /** Whether one more may pass; asking counts. */
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
