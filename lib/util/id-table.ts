/** An item of an {@link IdTable}. */
export interface Identified {
  /** An integer. Invariant: it does not change while the item is in a table. */
  readonly id: number;
}

/** How many slots a new table has. All capacities are powers of two. */
const MIN_CAPACITY = 8;
/** A table of up to this many slots never shrinks. */
const KEPT_CAPACITY = 1024;
/** A larger one is halved when fewer than this part of its slots are in use. */
const NEARLY_EMPTY = 1 / 8;
const TWO_TO_32 = 2 ** 32;
const GOLDEN_RATIO = 0x9e3779b1;
const MIXED_BITS = 15;

// Why random: peers choose ids, and could choose many that belong into one slot. Why odd: a product with an even number
// loses bits.
const SEED = oddRandom();
const HIGH_SEED = oddRandom();

/**
 * Items by their id, for items that are added and removed all the time. A hash table with open addressing, in place.
 *
 * Why not a Map: after a number of deletions V8 makes a new table for a Map, and the old one refers to the new one. An
 * old table that has moved to the old generation stays there, dead, until the next full collection, and keeps alive all
 * tables after it with all their items. Collections take several times the work, and memory grows meanwhile.
 */
export class IdTable<Item extends Identified> {
  private slots: (Item | undefined)[] = emptySlots(MIN_CAPACITY);
  private shift = shiftOf(MIN_CAPACITY);
  private count = 0;

  /** How many items there are. */
  get size(): number {
    return this.count;
  }

  /** The item of an id; undefined where there is none. */
  get(id: number): Item | undefined {
    return this.slots[this.find(id)];
  }

  /** Adds an item. @returns false, having changed nothing, where the id is in use */
  add(item: Item): boolean {
    const slot = this.find(item.id);
    if (this.slots[slot] !== undefined) return false;
    this.slots[slot] = item;
    this.count += 1;
    // At most half full: so an item is found within a step or two.
    if (this.count * 2 > this.slots.length) this.resize(this.slots.length * 2);
    return true;
  }

  /** Removes the item of an id, and returns it; undefined where there is none. */
  remove(id: number): Item | undefined {
    const slot = this.find(id);
    const item = this.slots[slot];
    if (item === undefined) return undefined;
    this.count -= 1;
    this.vacate(slot);
    const capacity = this.slots.length;
    if (capacity > KEPT_CAPACITY && this.count < capacity * NEARLY_EMPTY) this.resize(capacity / 2);
    return item;
  }

  /** All items, in no order. */
  toArray(): Item[] {
    const items: Item[] = [];
    for (const item of this.slots) if (item !== undefined) items.push(item);
    return items;
  }

  /** The slot of an id's item; where there is none, the empty slot for it. */
  private find(id: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = this.homeOf(id);
    for (let item = slots[slot]; item !== undefined && item.id !== id; item = slots[slot])
      slot = (slot + 1) & mask;
    return slot;
  }

  /** The slot where the search for an id begins. */
  private homeOf(id: number): number {
    let bits = id | 0;
    if (bits !== id) bits ^= Math.imul(Math.floor(id / TWO_TO_32), HIGH_SEED);
    bits = Math.imul(bits, SEED);
    // Why mixed twice: ids follow one another, and multiplied once by some seeds they would lie close together.
    return Math.imul(bits ^ (bits >>> MIXED_BITS), GOLDEN_RATIO) >>> this.shift;
  }

  /** Empties a slot, and moves items behind it up, since the search for them would end at the gap. */
  private vacate(slot: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let gap = slot;
    let next = (slot + 1) & mask;
    for (let item = slots[next]; item !== undefined; item = slots[next]) {
      const isBehindHome = ((next - this.homeOf(item.id)) & mask) >= ((next - gap) & mask);
      if (isBehindHome) {
        slots[gap] = item;
        gap = next;
      }
      next = (next + 1) & mask;
    }
    slots[gap] = undefined;
  }

  private resize(capacity: number): void {
    const held = this.slots;
    this.slots = emptySlots(capacity);
    this.shift = shiftOf(capacity);
    for (const item of held) if (item !== undefined) this.slots[this.find(item.id)] = item;
  }
}

function emptySlots<Item>(capacity: number): (Item | undefined)[] {
  return new Array<Item | undefined>(capacity).fill(undefined);
}

function shiftOf(capacity: number): number {
  return Math.clz32(capacity) + 1;
}

function oddRandom(): number {
  return Math.floor(Math.random() * TWO_TO_32) | 1;
}
