/** What of a definition is known while its cycle is searched. */
interface Visited {
  readonly index: number;
  /** The lowest index that is reached from it. */
  low: number;
  isOpen: boolean;
}

interface Step {
  readonly name: string;
  readonly visited: Visited;
  readonly next: Iterator<string, unknown>;
}

/**
 * Finds out which definitions lead to each other: they get the same number. By Tarjan's algorithm, without recursion.
 * Why: a server may describe thousands of them, each of which leads to all others.
 * @param refsOf the names to which a definition leads
 */
export function definitionCycles(
  names: Iterable<string>,
  refsOf: (name: string) => Iterable<string>,
): ReadonlyMap<string, number> {
  const cycles = new Map<string, number>();
  const known = new Map<string, Visited>();
  const open: string[] = [];
  const path: Step[] = [];
  const enter = (name: string): void => {
    const visited = { index: known.size, low: known.size, isOpen: true };
    known.set(name, visited);
    open.push(name);
    path.push({ name, visited, next: refsOf(name)[Symbol.iterator]() });
  };
  const leave = ({ name, visited }: Step): void => {
    path.pop();
    const parent = path.at(-1)?.visited;
    if (parent) parent.low = Math.min(parent.low, visited.low);
    if (visited.low !== visited.index) return;
    for (let member = open.pop(); member !== undefined; member = open.pop()) {
      cycles.set(member, visited.index);
      const closed = known.get(member);
      if (closed) closed.isOpen = false;
      if (member === name) break;
    }
  };
  for (const start of names) {
    if (!known.has(start)) enter(start);
    for (let step = path.at(-1); step; step = path.at(-1)) {
      const next = step.next.next();
      if (next.done === true) leave(step);
      else {
        const other = known.get(next.value);
        if (!other) enter(next.value);
        else if (other.isOpen) step.visited.low = Math.min(step.visited.low, other.index);
      }
    }
  }
  return cycles;
}
