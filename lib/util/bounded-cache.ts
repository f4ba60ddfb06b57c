/** Where more is in use than there is place for, one of so many unknown ones is taken in. */
const MISSES_A_CHANGE = 8;

/**
 * What was made of texts, up to a number of them. When it is full most of it stays: programs that use more than that
 * in turn would else find nothing at all.
 */
export class BoundedCache<Value> {
  private readonly values = new Map<string, Value>();
  private misses = 0;

  /** @param capacity how many are kept */
  constructor(private readonly capacity: number) {}

  /** What was made of a text; undefined where it is not known. */
  get(text: string): Value | undefined {
    return this.values.get(text);
  }

  /** Keeps what was made of a text, if there is place. The text should be one of its own, see `ownText`. */
  add(text: string, value: Value): void {
    if (this.values.size >= this.capacity) {
      this.misses += 1;
      if (this.misses % MISSES_A_CHANGE !== 0) return;
      this.dropOldest();
    }
    this.values.set(text, value);
  }

  private dropOldest(): void {
    const { value } = this.values.keys().next();
    if (value !== undefined) this.values.delete(value);
  }
}
