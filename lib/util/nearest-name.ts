/** The name that a misspelt one stands for: the most similar one, undefined where none is similar. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  // A name that differs in more than half of its characters is another name, and not a misspelt one.
  let least = Math.max(MIN_SLIP, given.length / 2) + 0.001;
  for (const name of names) {
    const distance = distanceOf(given.toLowerCase(), name.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

/** How many changes always count as misspelling. Two, since swapped characters are two changes: 'prot' for 'port'. */
const MIN_SLIP = 2;

/**
 * How many characters differ: none where they are only in another order ('prot' for 'port'), less than one where a name
 * is a part of the other ('min' of 'minDelayMs').
 */
function distanceOf(a: string, b: string): number {
  if (sortedCharacters(a) === sortedCharacters(b)) return 0;
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

function sortedCharacters(name: string): string {
  return Array.from(name).sort().join('');
}
