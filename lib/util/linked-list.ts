/** The place of a value in a {@link LinkedList}. */
export interface Link<T> {
  readonly value: T;
  before: Link<T> | undefined;
  after: Link<T> | undefined;
}

/**
 * Values in the order in which they were added. Why not a Set: to find its first value takes long behind many that were
 * removed.
 */
export class LinkedList<T> {
  private head: Link<T> | undefined;
  private tail: Link<T> | undefined;

  /** The value that was added the longest ago; undefined where there is none. */
  get first(): T | undefined {
    return this.head?.value;
  }

  /** Adds a value. @returns its place, by which it is removed */
  add(value: T): Link<T> {
    const link: Link<T> = { value, before: this.tail, after: undefined };
    if (this.tail) this.tail.after = link;
    else this.head = link;
    this.tail = link;
    return link;
  }

  /** Removes the value of a place. The place must be one of this list. */
  remove({ before, after }: Link<T>): void {
    if (before) before.after = after;
    else this.head = after;
    if (after) after.before = before;
    else this.tail = before;
  }

  /** Iterates over the values. The one that is visited may be removed meanwhile, and others may be added. */
  *[Symbol.iterator](): Generator<T> {
    for (let link = this.head; link; link = link.after) yield link.value;
  }
}
