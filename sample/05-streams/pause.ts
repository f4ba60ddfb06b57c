/** Lets values through, but not while it is closed. */
export class Pause {
  private opened: Promise<void> = Promise.resolve();
  private open: () => void = () => undefined;

  close(): void {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  goOn(): void {
    this.open();
  }

  async *through<T>(values: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const value of values) {
      await this.opened;
      yield value;
    }
  }
}
