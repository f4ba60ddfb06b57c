import { REFUSAL_WINDOW_MS, type TotalLimit } from '../protocol/limits.js';
import { nextTick, now } from '../util/host.js';

/** A budget of a server that makes connections wait, or ends them. */
export interface ReachedBudget {
  /** The option that makes them wait. */
  readonly by: TotalLimit;
  /** How much is used, in calls and events, or in bytes. */
  readonly used: number;
  /** How much may be used. */
  readonly limit: number;
}

/** Tells that budgets make connections wait: each once in ten seconds. */
export class BudgetWatch {
  /** When each was told last. */
  private readonly toldAt = new Map<TotalLimit, number>();

  /**
   * @param measure tells what is used of a budget
   * @param tell called later than {@link reached}. Why: who is told may end the connection that is just being counted
   */
  constructor(
    private readonly measure: (by: TotalLimit) => ReachedBudget,
    private readonly tell: (reached: ReachedBudget) => void,
  ) {}

  /** Notes that a budget makes a connection wait. */
  reached(by: TotalLimit): void {
    const time = now();
    if (time - (this.toldAt.get(by) ?? -Infinity) < REFUSAL_WINDOW_MS) return;
    this.toldAt.set(by, time);
    const reached = this.measure(by);
    nextTick(() => {
      this.tell(reached);
    });
  }
}
