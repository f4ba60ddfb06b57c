/** A stream whose reader gets a value beyond the limits. */
export interface ExtraReader {
  /** Whether its reader has got a value, and has not asked for the next one. */
  readonly holdsValue: boolean;
}

/** A connection with values that wait. */
export interface ExtraWaiter {
  /** Serves what may come before the rest by now. */
  letValuesCome(): void;
}

/**
 * Where as much is under way as may be, lets values of streams come for readers who wait, one after another: the next one when
 * the reader of the last has asked on. Why at all: their calls may need them to end, and to make room. Why one: as many
 * readers as there may be streams would hold a value of any size each.
 */
export class ExtraValue {
  private reader: ExtraReader | undefined;
  private readonly waiting = new Set<ExtraWaiter>();

  /** Whether a value may come for a reader now. If not, `letValuesCome` of its connection is called when another one may. */
  admits(reader: ExtraReader, waiter: ExtraWaiter): boolean {
    if (this.isTaken()) {
      this.waiting.add(waiter);
      return false;
    }
    this.reader = reader;
    return true;
  }

  /** A value is held no longer. */
  released(): void {
    if (this.waiting.size === 0 || this.isTaken()) return;
    for (const waiter of this.waiting) {
      this.waiting.delete(waiter);
      waiter.letValuesCome();
      if (this.isTaken()) return;
    }
  }

  /** Forgets who waits, since it has ended. */
  leave(waiter: ExtraWaiter): void {
    this.waiting.delete(waiter);
  }

  private isTaken(): boolean {
    return this.reader?.holdsValue === true;
  }
}
