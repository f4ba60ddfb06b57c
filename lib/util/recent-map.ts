/**
 * Values by text, bounded in number: of those that were not asked for since, the older half is dropped at once, but for
 * some that are worth keeping.
 * Why not a Map whose first entry is dropped: behind many that were removed, finding the first one takes long.
 */
export class RecentMap<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  /**
   * @param capacity how many values are kept at most; a quarter of them at least
   * @param isWorthKeeping which values are dropped last, where they are a quarter of the capacity at most. @default none
   */
  constructor(
    private readonly capacity: number,
    private readonly isWorthKeeping: (value: Value) => boolean = () => false,
  ) {}

  get size(): number {
    return this.young.size + this.old.size;
  }

  /** Keeps a value. Its text must not be kept already. */
  add(key: string, value: Value): void {
    this.young.set(key, value);
    if (this.young.size < this.capacity / 2) return;
    const dropped = this.old;
    this.old = this.young;
    this.young = new Map();
    for (const [text, one] of dropped) {
      if (this.young.size >= this.capacity / 4) return;
      if (this.isWorthKeeping(one)) this.young.set(text, one);
    }
  }

  /**
   * Returns a value, which counts as asked for; undefined where there is none.
   * Why it stays where it is while it is young: a Map of V8 needs a new table after some removals.
   */
  get(key: string): Value | undefined {
    const young = this.young.get(key);
    if (young !== undefined) return young;
    const old = this.take(key);
    if (old !== undefined) this.add(key, old);
    return old;
  }

  /** Removes and returns a value; undefined where there is none. */
  take(key: string): Value | undefined {
    for (const values of [this.young, this.old]) {
      const value = values.get(key);
      if (value === undefined) continue;
      values.delete(key);
      return value;
    }
    return undefined;
  }
}
