/** The texts that were added last. Bounded in number: the oldest is removed first. */
export class RecentSet {
  private readonly texts = new Set<string>();

  /** @param capacity how many are kept */
  constructor(private readonly capacity: number) {}

  add(text: string): void {
    this.texts.add(text);
    if (this.texts.size <= this.capacity) return;
    const { value } = this.texts.values().next();
    if (value !== undefined) this.texts.delete(value);
  }

  has(text: string): boolean {
    return this.texts.has(text);
  }
}
