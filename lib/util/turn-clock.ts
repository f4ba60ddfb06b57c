import { now, soon } from './host.js';

/** A moment. All who ask within one turn share it. */
export interface Moment {
  /** In milliseconds, see {@link now}. */
  readonly at: number;
}

/**
 * Tells when the present turn has begun, as far as anybody has asked. Why: on some machines the time costs as much as a
 * tenth of a call, and what comes in one chunk of bytes has come at the same time.
 */
class TurnClock {
  private moment: Moment | undefined;
  private readonly turnOver = (): void => {
    this.moment = undefined;
  };

  /** Returns the moment of this turn. */
  now(): Moment {
    if (this.moment) return this.moment;
    this.moment = { at: now() };
    soon(this.turnOver);
    return this.moment;
  }
}

/** The clock of all. */
export const turnClock = /* @__PURE__ */ new TurnClock();
