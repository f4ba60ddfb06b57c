/** A key that is an index, where it begins with a digit. */
const INDEX = /^[0-9]{1,10}$/;
/** The array of an object may always have so many slots, and {@link SPARE_SLOTS}. */
export const FREE_SLOTS = 4;
/** How many slots V8 adds to those that an array of an object needs. */
const SPARE_SLOTS = 16;
/** For an index that is so far behind the last slot, V8 uses a hash table by itself. */
const MAX_GAP = 1024;

/**
 * Bounds the memory for members whose keys are indexes, as in `{999:1}`. Why: V8 keeps such members in an array that reaches
 * to the index, and half as far again: 12 KB for this one.
 */
export class IndexKeys {
  /** How many slots, of 8 bytes each, the arrays of a text's objects may still have. */
  private slotsLeft = 0;

  /** Starts with a text of so many bytes. Each stands for one slot. */
  start(length: number): void {
    this.slotsLeft = length;
  }

  /**
   * Prepares an object for a member. Where there is no room for a longer array, V8 is made to use a hash table, as it does
   * from an index on that is far beyond, even if that is deleted again.
   * @param key - a key that begins with a digit
   * @param slots - how long the object's array is at most
   * @returns how long it is with the member
   */
  makeSlots(object: Record<string, unknown>, key: string, slots: number): number {
    if (!INDEX.test(key)) return slots;
    const index = Number(key);
    if (index >= slots + MAX_GAP) return Infinity;
    const needed = Math.floor(1.5 * (index + 1)) + SPARE_SLOTS;
    const added = needed - slots;
    if (added <= this.slotsLeft) {
      this.slotsLeft -= added;
      return needed;
    }
    const farIndex = needed + MAX_GAP;
    object[farIndex] = undefined;
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
    delete object[farIndex];
    return Infinity;
  }
}
