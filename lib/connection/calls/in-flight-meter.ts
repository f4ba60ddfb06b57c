/** The calls of one connection, as the meter sees them. */
export interface MeteredCalls {
  /** Serves on, or waits, by what is under way now. */
  balanceReading(): void;
}

/** Counts something of the calls and events that all connections of a server have under way. */
export class InFlightMeter {
  /** How much is under way. */
  amount = 0;
  /** Who waits until less is under way. */
  private readonly waiting = new Set<MeteredCalls>();

  /** @param max how much may be under way before connections wait */
  constructor(private readonly max: number) {}

  /** Whether as much is under way as may be. */
  get isFull(): boolean {
    return this.amount >= this.max;
  }

  /** Whether so much is under way that none goes on that waits. */
  get isHalfFull(): boolean {
    return this.amount > this.max / 2;
  }

  /** Counts what has begun. */
  add(amount: number): void {
    this.amount += amount;
  }

  /** Takes off the count what has ended. */
  remove(amount: number): void {
    this.amount -= amount;
    if (this.waiting.size === 0 || this.isHalfFull) return;
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const calls of woken) calls.balanceReading();
  }

  /** Calls `balanceReading` once when less is under way. */
  wait(calls: MeteredCalls): void {
    this.waiting.add(calls);
  }

  /** Forgets who waits, since it has ended. */
  leave(calls: MeteredCalls): void {
    this.waiting.delete(calls);
  }
}
