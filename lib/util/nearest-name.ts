/** The name that was meant by a slip: the nearest one, if it is similar at all. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  // With more than half of its characters changed, a name is another one and no slip.
  let least = Math.max(MIN_SLIP, given.length / 2) + 0.001;
  for (const name of names) {
    const distance = distanceOf(given.toLowerCase(), name.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

/** Two characters that changed places count as two changes: 'prot' is a slip of 'port'. */
const MIN_SLIP = 2;

/** How many characters have to change; less than one where a name is a part of the other ('min' of 'minDelayMs'). */
function distanceOf(a: string, b: string): number {
  if (a.length > 2 && (a.includes(b) || b.includes(a))) return Math.abs(a.length - b.length) / 1000;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
