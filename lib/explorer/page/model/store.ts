/** A value that is watched: what the page shows is made of stores. */
export class Store<T> {
  private readonly watchers = new Set<() => void>();

  constructor(private current: T) {}

  /** The value. Invariant: it is replaced, and never changed in place. */
  get value(): T {
    return this.current;
  }

  /** Replaces the value, and tells those who watch. */
  set(value: T): void {
    if (Object.is(value, this.current)) return;
    this.current = value;
    for (const watcher of [...this.watchers]) watcher();
  }

  /** Replaces the value by what a function makes of it. */
  update(change: (value: T) => T): void {
    this.set(change(this.current));
  }

  /** Calls a function after each change. @returns ends that */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => {
      this.watchers.delete(watcher);
    };
  }
}
