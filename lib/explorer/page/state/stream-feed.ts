import { Store } from '../model/store.js';

/** How far an argument that streams has come. */
export interface FeedView {
  /** The values that the server has taken, or may take. */
  readonly sent: number;
  /** The values that were typed, and wait until the server asks for them. */
  readonly waiting: number;
  readonly state: 'open' | 'ended' | 'left';
}

/** An argument that streams: its values are typed one by one, and leave as the server asks for them. */
export class StreamFeed implements AsyncIterable<unknown>, AsyncIterator<unknown, undefined> {
  readonly view = new Store<FeedView>({ sent: 0, waiting: 0, state: 'open' });
  private readonly queue: unknown[] = [];
  private readonly readers: ((step: IteratorResult<unknown, undefined>) => void)[] = [];

  /** Adds a value. @returns false: it has ended, or the server does not want more */
  push(value: unknown): boolean {
    if (this.view.value.state !== 'open') return false;
    const reader = this.readers.shift();
    if (reader) {
      this.change({ sent: this.view.value.sent + 1 });
      reader({ done: false, value });
    } else {
      this.queue.push(value);
      this.change({});
    }
    return true;
  }

  /** Ends it, behind what waits. */
  end(): void {
    if (this.view.value.state !== 'open') return;
    this.change({ state: 'ended' });
    this.finish();
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.queue.length > 0) {
      const value = this.queue.shift();
      this.change({ sent: this.view.value.sent + 1 });
      return Promise.resolve({ done: false, value });
    }
    if (this.view.value.state !== 'open') return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.readers.push(resolve));
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.queue.length = 0;
    if (this.view.value.state === 'open') this.change({ state: 'left' });
    this.finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private finish(): void {
    for (const reader of this.readers.splice(0)) reader({ done: true, value: undefined });
  }

  private change(part: Partial<FeedView>): void {
    this.view.update((view) => ({ ...view, ...part, waiting: this.queue.length }));
  }
}
