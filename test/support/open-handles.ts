import { setImmediate as nextTurn } from 'node:timers/promises';
import { WAIT_LIMIT_MS } from './wait-for.js';

/** Not a handle that keeps the process alive: it is how `expectNoNewHandles` itself waits. */
const OWN_RESOURCE = 'Immediate';

/** What keeps the event loop alive, by kind. */
export type HandleCounts = ReadonlyMap<string, number>;

export function countHandles(): HandleCounts {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== OWN_RESOURCE) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function newHandles(before: HandleCounts): string[] {
  return [...countHandles()]
    .filter(([kind, count]) => count > (before.get(kind) ?? 0))
    .map(([kind, count]) => `${kind} x${String(count - (before.get(kind) ?? 0))}`);
}

/** Waits for the handles made since `before` to go, in turns of the loop and without a timer, which would be a handle too. */
export async function expectNoNewHandles(before: HandleCounts): Promise<void> {
  const deadline = Date.now() + WAIT_LIMIT_MS;
  for (;;) {
    const left = newHandles(before);
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`Handles left open: ${left.join(', ')}`);
    await nextTurn();
  }
}
