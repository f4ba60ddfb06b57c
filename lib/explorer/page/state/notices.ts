import { Store } from '../model/store.js';

/** What the page tells in passing. */
export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'bad';
}

const MAX_NOTICES = 4;

/** What has just happened, for a while. */
export class Notices {
  readonly shown = new Store<readonly Notice[]>([]);
  private lastId = 0;

  say(text: string, tone: Notice['tone'] = 'plain'): void {
    const notice = { id: ++this.lastId, text, tone };
    this.shown.update((notices) => [...notices, notice].slice(-MAX_NOTICES));
  }

  /** Takes away what was said about something that is tried again. */
  clear(): void {
    this.shown.set([]);
  }

  remove(id: number): void {
    this.shown.update((notices) => notices.filter((notice) => notice.id !== id));
  }
}
