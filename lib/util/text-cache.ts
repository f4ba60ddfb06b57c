import { intern } from './intern.js';

/**
 * A full cache takes in one of this many unknown keys, in the place of its oldest one.
 * Why not all of them: a program that uses more keys in turn than there is place for would find none.
 */
export const MISSES_PER_CHANGE = 8;

/**
 * Values that were made of texts, such as a name's quoted form. Bounded in number and in the length of the texts, as
 * peers may choose them.
 */
export class TextCache<Value> {
  private readonly values = new Map<string, Value>();
  private misses = 0;

  /**
   * @param capacity how many values are kept at most
   * @param maxLength the longest text whose value is kept, in UTF-16 units
   */
  constructor(
    private readonly capacity: number,
    private readonly maxLength: number,
  ) {}

  /** The value of a text; undefined where none is kept. */
  get(text: string): Value | undefined {
    return this.values.get(text);
  }

  /**
   * Makes the value of a text, and keeps it if there is place.
   * @param make gets a text that keeps no larger one alive, see {@link intern}; the value may contain it
   */
  add(text: string, make: (text: string) => Value): Value {
    if (text.length > this.maxLength) return make(text);
    const key = intern(text);
    const value = make(key);
    if (this.hasPlace()) this.values.set(key, value);
    return value;
  }

  private hasPlace(): boolean {
    const { values } = this;
    if (values.size < this.capacity) return true;
    this.misses += 1;
    if (this.misses % MISSES_PER_CHANGE !== 0) return false;
    const { value: oldest } = values.keys().next();
    if (oldest !== undefined) values.delete(oldest);
    return true;
  }
}
