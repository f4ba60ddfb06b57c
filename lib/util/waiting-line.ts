/** How much less than the others an account may have had that waits anew, in milliseconds. */
const MAX_CREDIT_MS = 10;

/** Counts the time of those who share it: all connections of an address, for instance. */
export class TimeAccount {
  /** How many milliseconds they have had when it was their turn: the fewer, the sooner they go on. */
  used = 0;
  /** What they wait for, the first one first. */
  readonly waiting: (() => void)[] = [];
  /** How many accounts came before it. */
  place = 0;
}

/**
 * Those who wait for time, the first one of the account first that has had the least of it. Why not the one that came
 * first: one with little to do would wait for all that have much, and have much itself by then.
 */
export class WaitingLine {
  /** A heap of the accounts: none comes before the one that is at half of its index, counted from 1. */
  private readonly heap: TimeAccount[] = [];
  private count = 0;
  /** What the last one whose turn it was had had. */
  private level = 0;
  /** The one whose turn it is; not in the heap. */
  private current: TimeAccount | undefined;
  private since = 0;

  get isEmpty(): boolean {
    return this.heap.length === 0;
  }

  /**
   * Adds one behind the others of its account. An account that comes anew counts as one that has had little less than the
   * last one whose turn it was. Why: else one that has waited for nothing all day would have the time alone.
   */
  add(run: () => void, account: TimeAccount): void {
    account.waiting.push(run);
    if (account.waiting.length > 1 || account === this.current) return;
    account.used = Math.max(account.used, this.level - MAX_CREDIT_MS);
    this.insert(account);
  }

  /** Adds one that has no account, and has had so many milliseconds lately. */
  addAlone(run: () => void, used: number): void {
    const account = new TimeAccount();
    account.used = this.level + used;
    this.add(run, account);
  }

  /** Begins a turn. @returns what it is for; undefined: nobody waits */
  begin(time: number): (() => void) | undefined {
    const account = this.take();
    if (!account) return undefined;
    this.level = account.used;
    this.current = account;
    this.since = time;
    return account.waiting.shift();
  }

  /** Ends the turn, if it is anybody's, and counts the time that it took. */
  end(time: number): void {
    const { current } = this;
    if (!current) return;
    this.current = undefined;
    current.used += time - this.since;
    if (current.waiting.length > 0) this.insert(current);
  }

  private insert(account: TimeAccount): void {
    const { heap } = this;
    this.count += 1;
    account.place = this.count;
    let index = heap.push(account);
    for (let above = index >> 1; above > 0 && isBefore(account, heap[above - 1]); above = index >> 1) {
      heap[index - 1] = heap[above - 1];
      index = above;
    }
    heap[index - 1] = account;
  }

  /** Takes the first account out. */
  private take(): TimeAccount | undefined {
    const { heap } = this;
    const first = heap.at(0);
    const last = heap.pop();
    if (last && heap.length > 0) this.sink(last);
    return first;
  }

  /** Puts an account at the place of the first, or behind those that come before it. */
  private sink(account: TimeAccount): void {
    const { heap } = this;
    const { length } = heap;
    let index = 1;
    for (;;) {
      let below = 2 * index;
      if (below < length && isBefore(heap[below], heap[below - 1])) below += 1;
      if (below > length || !isBefore(heap[below - 1], account)) break;
      heap[index - 1] = heap[below - 1];
      index = below;
    }
    heap[index - 1] = account;
  }
}

function isBefore(one: TimeAccount, other: TimeAccount): boolean {
  return one.used < other.used || (one.used === other.used && one.place < other.place);
}
