import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { IdTable } from '../../lib/util/id-table.js';

interface Item {
  readonly id: number;
}

const IDS = fc.oneof(
  fc.integer({ min: -40, max: 40 }),
  // Those that are the same in their lower half.
  fc.integer({ min: -20, max: 20 }).map((high) => high * 2 ** 32),
  fc.maxSafeInteger(),
);

/** The numbers of all, -1 first. */
function numbersOf(table: IdTable<Item>): number[] {
  return table
    .toArray()
    .map(({ id }) => id)
    .sort((a, b) => b - a);
}

describe('IdTable', () => {
  test('holds what a Map would hold', () => {
    const step = fc.tuple(fc.constantFrom('add', 'add', 'take', 'get'), IDS);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new IdTable<Item>();
        const model = new Map<number, Item>();
        for (const [action, id] of steps) {
          const known = model.get(id);
          expect(table.get(id)).toBe(known);
          if (action === 'add') {
            const item = { id };
            expect(table.add(item)).toBe(known === undefined);
            if (!known) model.set(id, item);
          } else if (action === 'take') {
            expect(table.remove(id)).toBe(known);
            model.delete(id);
          }
          expect(table.size).toBe(model.size);
        }
        expect(new Set(table.toArray())).toEqual(new Set(model.values()));
      }),
    );
  });

  test('grows, and is as before when it is empty again', () => {
    const table = new IdTable<Item>();
    const ids = Array.from({ length: 5000 }, (_, index) => -index - 1);
    for (const id of ids) expect(table.add({ id })).toBe(true);
    expect(numbersOf(table)).toEqual(ids);
    const few = ids.filter((_, index) => index % 500 === 0);
    for (const id of ids) if (!few.includes(id)) expect(table.remove(id)).toEqual({ id });
    expect(numbersOf(table)).toEqual(few);
    for (const id of few) expect(table.remove(id)).toEqual({ id });
    expect(table.size).toBe(0);
    expect(table.toArray()).toEqual([]);
    expect(table.add({ id: 1 })).toBe(true);
    expect(table.get(1)).toEqual({ id: 1 });
  });
});
