/** Numbers over time, for a chart: the last ones, in columns as uPlot takes them. */
export class Series {
  private readonly times: number[] = [];
  private readonly columns: (number | null)[][];

  /**
   * @param width how many numbers belong to one moment
   * @param capacity how many moments are kept
   */
  constructor(
    width: number,
    private readonly capacity = 300,
  ) {
    this.columns = Array.from({ length: width }, () => []);
  }

  /** Adds a moment. @param time in seconds @param values null: there is none */
  add(time: number, values: readonly (number | null)[]): void {
    this.times.push(time);
    for (const [index, column] of this.columns.entries()) column.push(values[index] ?? null);
    if (this.times.length <= this.capacity) return;
    this.times.shift();
    for (const column of this.columns) column.shift();
  }

  /** The times, then each column. */
  get data(): [number[], ...(number | null)[][]] {
    return [this.times, ...this.columns];
  }
}
