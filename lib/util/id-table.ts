/** What an {@link IdTable} holds. */
export interface Identified {
  /** Its number: an integer. Stays the same while it is held. */
  readonly id: number;
}

const MIN_CAPACITY = 8;
/** A larger table that is nearly empty again becomes smaller. */
const KEPT_CAPACITY = 1024;
const NEARLY_EMPTY = 1 / 8;
const TWO_TO_32 = 2 ** 32;
const GOLDEN_RATIO = 0x9e3779b1;
const MIXED_BITS = 15;

// Peers choose numbers. Which of them meet in one place is different in each process, so that nobody can choose
// many that do. Odd, as what is multiplied by an even number loses bits.
const SEED = oddRandom();
const HIGH_SEED = oddRandom();

/**
 * Objects by their number, of which some are added and removed all the time: open addressing, in place.
 *
 * In the place of a Map: V8's Map makes a new table after so many deletions, which the old one refers to. An old
 * one that lives in the old generation is dead there for long, and keeps alive what comes after it, table after
 * table with all that they hold: several times the work of a collection, and memory that grows in the meantime.
 */
export class IdTable<Item extends Identified> {
  private slots: (Item | undefined)[] = emptySlots(MIN_CAPACITY);
  private shift = shiftOf(MIN_CAPACITY);
  private count = 0;

  /** How many are held. */
  get size(): number {
    return this.count;
  }

  /** The one of a number. */
  get(id: number): Item | undefined {
    return this.slots[this.find(id)];
  }

  /** Holds an item. @returns false, and changes nothing, where its number is in use */
  add(item: Item): boolean {
    const slot = this.find(item.id);
    if (this.slots[slot] !== undefined) return false;
    this.slots[slot] = item;
    this.count += 1;
    // Half full at most: what is looked for is found within a step or two.
    if (this.count * 2 > this.slots.length) this.resize(this.slots.length * 2);
    return true;
  }

  /** Removes the one of a number, and returns it. */
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

  /** All, in no order. */
  toArray(): Item[] {
    const items: Item[] = [];
    for (const item of this.slots) if (item !== undefined) items.push(item);
    return items;
  }

  /** Where the one of a number is, or would be. */
  private find(id: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = this.homeOf(id);
    for (let item = slots[slot]; item !== undefined && item.id !== id; item = slots[slot])
      slot = (slot + 1) & mask;
    return slot;
  }

  /** Where to look for a number first. */
  private homeOf(id: number): number {
    let bits = id | 0;
    if (bits !== id) bits ^= Math.imul(Math.floor(id / TWO_TO_32), HIGH_SEED);
    bits = Math.imul(bits, SEED);
    // Numbers come one after the other. Multiplied once, they would lie close together with some seeds.
    return Math.imul(bits ^ (bits >>> MIXED_BITS), GOLDEN_RATIO) >>> this.shift;
  }

  /** Frees a slot, and moves up those behind it that would not be found across the gap. */
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
