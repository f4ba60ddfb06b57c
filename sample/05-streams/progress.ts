/** Prints each quarter of a file once. */
export class Progress {
  private quarters = 0;

  constructor(
    private readonly what: string,
    private readonly size: number,
  ) {}

  /** @returns whether this is the first half */
  show(bytes: number): boolean {
    const quarters = Math.floor((4 * bytes) / this.size);
    if (quarters === this.quarters) return false;
    const isHalf = this.quarters < 2 && quarters >= 2;
    this.quarters = quarters;
    console.log(`${this.what.padEnd(8)} ${String(quarters * 25).padStart(4)} %`);
    return isHalf;
  }
}
