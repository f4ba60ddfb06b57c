import { arrayOf, numberOf, recordOf, textOf } from './untrusted.js';
import { Store } from './store.js';

/** A call or an event of the past. */
export interface HistoryEntry {
  readonly at: number;
  readonly kind: 'method' | 'event';
  readonly app: string;
  readonly interfaceName: string;
  readonly name: string;
  /** The arguments as MDSF, without secrets; undefined: they were too large to be kept. */
  readonly args: string | undefined;
  readonly outcome: 'ok' | 'failed' | 'cancelled';
  /** The error's text, or how many values came. */
  readonly detail: string;
  readonly durationMs: number;
}

/** Where the history is kept: `localStorage`. */
export interface TextStorage {
  getItem(key: string): string | null;
  setItem(key: string, text: string): void;
  removeItem(key: string): void;
}

const KEY = 'jstp-explorer.history';
const MAX_ENTRIES = 100;
const MAX_ARGS_LENGTH = 4000;
/** Of all entries together, as text. */
const MAX_LENGTH = 200_000;

/** The last calls, kept in the browser: bounded, and without credentials. */
export class History {
  /** The newest one first. */
  readonly entries: Store<readonly HistoryEntry[]>;

  /** @param storage undefined, or one that fails: the history lasts as long as the page */
  constructor(private readonly storage: TextStorage | undefined) {
    this.entries = new Store(this.load());
  }

  add(entry: HistoryEntry): void {
    const isLong = (entry.args?.length ?? 0) > MAX_ARGS_LENGTH;
    const kept = isLong ? { ...entry, args: undefined } : entry;
    const entries = [kept, ...this.entries.value].slice(0, MAX_ENTRIES);
    while (entries.length > 1 && JSON.stringify(entries).length > MAX_LENGTH) entries.pop();
    this.entries.set(entries);
    this.attempt((storage) => {
      storage.setItem(KEY, JSON.stringify(entries));
    });
  }

  clear(): void {
    this.entries.set([]);
    this.attempt((storage) => {
      storage.removeItem(KEY);
    });
  }

  private load(): HistoryEntry[] {
    const text = this.attempt((storage) => storage.getItem(KEY));
    if (!text || text.length > 2 * MAX_LENGTH) return [];
    try {
      return arrayOf(JSON.parse(text)).slice(0, MAX_ENTRIES).flatMap(readEntry);
    } catch {
      // Another program of this origin has written there.
      return [];
    }
  }

  /** A browser may refuse to keep anything, or be full. */
  private attempt<T>(use: (storage: TextStorage) => T): T | undefined {
    try {
      return this.storage && use(this.storage);
    } catch {
      return undefined;
    }
  }
}

function readEntry(value: unknown): HistoryEntry[] {
  const { at, kind, app, interfaceName, name, args, outcome, detail, durationMs } = recordOf(value);
  const known = { app: textOf(app), interfaceName: textOf(interfaceName), name: textOf(name) };
  if (known.app === undefined || known.interfaceName === undefined || known.name === undefined) return [];
  return [
    {
      at: numberOf(at) ?? 0,
      kind: kind === 'event' ? 'event' : 'method',
      app: known.app,
      interfaceName: known.interfaceName,
      name: known.name,
      args: textOf(args, MAX_ARGS_LENGTH),
      outcome: outcome === 'failed' || outcome === 'cancelled' ? outcome : 'ok',
      detail: textOf(detail, 500) ?? '',
      durationMs: numberOf(durationMs) ?? 0,
    },
  ];
}
