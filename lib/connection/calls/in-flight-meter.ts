import { ignore } from '../../util/callback.js';

/** The calls of one connection, as the meter sees them. */
export interface MeteredCalls {
  /** Serves on, or waits, by what is under way now. */
  balanceReading(): void;
}

/** Counts something of the calls and events that connections of a server have under way. */
export class InFlightMeter {
  /** How much is under way. */
  amount = 0;
  /**
   * Whether what follows has to wait: as much was under way as may be, and more than half of that still is. Why at half:
   * those that wait would be woken by each end.
   */
  isShut = false;
  /** Who waits until less is under way. */
  private readonly waiting = new Set<MeteredCalls>();

  /**
   * @param max how much may be under way before connections wait
   * @param onHeld called when a connection has to wait
   */
  constructor(
    private readonly max: number,
    private readonly onHeld: () => void = ignore,
  ) {}

  /** Whether as much is under way as may be. */
  get isFull(): boolean {
    return this.amount >= this.max;
  }

  /** Counts what has begun. */
  add(amount: number): void {
    this.amount += amount;
    if (this.isFull) this.isShut = true;
  }

  /** Takes off the count what has ended. */
  remove(amount: number): void {
    this.amount -= amount;
    if (!this.isShut || this.amount > this.max / 2) return;
    this.isShut = false;
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const calls of woken) calls.balanceReading();
  }

  /** Whether a connection has to wait. If so, its `balanceReading` is called once when less is under way. */
  holdsUp(calls: MeteredCalls): boolean {
    if (!this.isShut) return false;
    this.waiting.add(calls);
    this.onHeld();
    return true;
  }

  /** Forgets who waits, since it has ended. */
  leave(calls: MeteredCalls): void {
    this.waiting.delete(calls);
  }
}
