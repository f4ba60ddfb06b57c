/** A connection may always hold so much, in UTF-16 units. Why: where others hold too much, small streams must still be served. */
const ALWAYS_HELD = 64 * 1024;

/** What a value takes of memory besides its text: 33 bytes were measured on Node 20, for texts of 24 units. */
export const HELD_VALUE_BYTES = 40;

/** The streams of one connection that hold values. */
export interface ValueHolder {
  /** What the values count as that wait for credit: their length in UTF-16 units, and {@link HELD_VALUE_BYTES} for each. */
  readonly heldLength: number;
  /** Fails the streams that hold values. */
  dropHeld(): void;
}

/** Counts the values that the streams of all connections of a server hold until their callers give credit. */
export class HeldValues {
  /** What they count as, see {@link ValueHolder.heldLength}. */
  length = 0;
  private readonly holders = new Set<ValueHolder>();

  /** @param max how much may be held. Over that, the streams of the connections fail that hold the most */
  constructor(private readonly max: number) {}

  /** Counts a holder that has changed. @param before what it held when it was counted last */
  count(holder: ValueHolder, before: number): void {
    const { heldLength } = holder;
    this.length += heldLength - before;
    if (heldLength === 0) this.holders.delete(holder);
    else if (before === 0) this.holders.add(holder);
  }

  /** Fails streams until no more is held than may be. */
  makeRoom(): void {
    while (this.length > this.max) {
      let most: ValueHolder | undefined;
      for (const holder of this.holders)
        if (holder.heldLength > (most?.heldLength ?? ALWAYS_HELD)) most = holder;
      if (!most) return;
      most.dropHeld();
    }
  }
}
