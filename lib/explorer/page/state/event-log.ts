import { Store } from '../model/store.js';

/** An event that the server has sent. */
export interface EventEntry {
  readonly id: number;
  readonly at: number;
  readonly interfaceName: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

const MAX_ENTRIES = 300;
const MAX_WATCHED = 100;

/** The server's events as they come: all of them, or those of the names that are watched. */
export class EventLog {
  /** The newest one last. */
  readonly entries = new Store<readonly EventEntry[]>([]);
  readonly isPaused = new Store(false);
  /** Names as `interface.event`; empty: all events are shown. */
  readonly watched = new Store<readonly string[]>([]);
  /** How many have come, shown or not. */
  readonly count = new Store(0);
  private lastId = 0;

  constructor(private readonly now: () => number) {}

  add(interfaceName: string, name: string, args: readonly unknown[]): void {
    this.count.update((count) => count + 1);
    const names = this.watched.value;
    const isShown = names.length === 0 || names.includes(`${interfaceName}.${name}`);
    if (this.isPaused.value || !isShown) return;
    const entry = { id: ++this.lastId, at: this.now(), interfaceName, name, args };
    this.entries.update((entries) => [...entries, entry].slice(-MAX_ENTRIES));
  }

  watch(name: string): void {
    this.watched.update((names) => (names.includes(name) ? names : [...names, name].slice(-MAX_WATCHED)));
  }

  unwatch(name: string): void {
    this.watched.update((names) => names.filter((each) => each !== name));
  }

  clear(): void {
    this.entries.set([]);
  }
}
