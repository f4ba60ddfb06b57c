/** The calls of one connection, as the meter sees them. */
export interface MeteredCalls {
  /** Serves on, or waits, by what is under way now. */
  balanceReading(): void;
}

/** Counts the bytes of the calls that all connections of a server are serving. */
export class InFlightMeter {
  /** The size of those calls on the wire, in bytes. */
  bytes = 0;
  /** Who waits until less is under way. */
  private readonly waiting = new Set<MeteredCalls>();

  /** @param maxBytes how much may be under way before connections with much of it wait */
  constructor(private readonly maxBytes: number) {}

  /** Whether as much is under way as may be. */
  get isFull(): boolean {
    return this.bytes >= this.maxBytes;
  }

  /** Whether so much is under way that none goes on that waits. */
  get isHalfFull(): boolean {
    return this.bytes > this.maxBytes / 2;
  }

  /** Counts calls that have begun. */
  add(bytes: number): void {
    this.bytes += bytes;
  }

  /** Takes calls off the count that have ended. */
  remove(bytes: number): void {
    this.bytes -= bytes;
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
