/** What AsyncAPI takes for the key of a channel, an operation or a component: the longest, as names may be those of a peer. */
const MAX_LENGTH = 200;

/** A table of an AsyncAPI document, by keys that AsyncAPI takes. */
export class AsyncApiIds {
  private readonly entries = new Map<string, unknown>();
  /** The next number of a key that was given before. Why: a peer's names may all be like one. */
  private readonly counts = new Map<string, number>();

  /** The table. */
  get all(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.entries);
  }

  /** Adds an entry under a name, or under one that is like it. @returns its key */
  add(name: string, entry: unknown): string {
    // Why not `__proto__`: tools that read the document lose it, or worse.
    const plain =
      name
        .replace(/^__proto__$/, '_proto_')
        .replaceAll(/[^\w.-]+/g, '_')
        .slice(0, MAX_LENGTH) || '_';
    let key = plain;
    let count = this.counts.get(plain) ?? 2;
    for (; this.entries.has(key); count += 1) key = `${plain}-${count}`;
    this.counts.set(plain, count);
    this.entries.set(key, entry);
    return key;
  }
}
