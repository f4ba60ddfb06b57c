import { nextTick } from '../util/host.js';

/** What a listener has open, and the callback of a close that waits until nothing is. */
export class OpenItems<Item> {
  private readonly items = new Set<Item>();
  private onEmpty: (() => void) | undefined;

  has(item: Item): boolean {
    return this.items.has(item);
  }

  add(item: Item): void {
    this.items.add(item);
  }

  delete(item: Item): void {
    this.items.delete(item);
    this.notifyIfEmpty();
  }

  /** Calls back once nothing is open, never before this method has returned. */
  whenEmpty(callback: () => void): void {
    this.onEmpty = callback;
    nextTick(() => {
      this.notifyIfEmpty();
    });
  }

  private notifyIfEmpty(): void {
    const { onEmpty } = this;
    if (!onEmpty || this.items.size > 0) return;
    this.onEmpty = undefined;
    onEmpty();
  }
}

/** The error of a `close` without a `listen`, with the text and the code of Node's own. */
export function notRunningError(): Error {
  return Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
}
