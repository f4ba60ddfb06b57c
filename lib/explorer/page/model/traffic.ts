import { ADMINISTRATION_INTERFACE } from '../../../server/administration/administration.js';
import { hideSecrets } from './secrets.js';
import { Store } from './store.js';
import { arrayOf, numberOf, recordOf } from './untrusted.js';
import { writeLine, writeText } from './value-text.js';

/** A message that has crossed this page's connection, with its secrets masked. */
export interface TrafficEntry {
  readonly id: number;
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly kind: string;
  /** What it is about: `3 rooms.join`. */
  readonly subject: string;
  readonly text: string;
  /** Whether the page asks this for its tab Live, and nobody has asked for it. */
  readonly isLive: boolean;
  /** The message itself, for its details; undefined: too large to be kept. */
  readonly message: unknown;
}

/** How many of these calls are known by their numbers, for what belongs to them. */
const MAX_LIVE_CALLS = 1000;
const MAX_ENTRIES = 500;
const MAX_TEXT = 300;
/** How many characters of messages are kept for their details. */
const MAX_KEPT = 2_000_000;
const MAX_KEPT_EACH = 200_000;

/** The kinds of messages that name a call of this page by its number. */
const BELONGS = {
  in: new Set(['callback', 'stream']),
  out: new Set(['stream', 'cancel']),
};

/** The last messages of this page, as they are on the wire. */
export class Traffic {
  /** The newest one last. */
  readonly entries = new Store<readonly TrafficEntry[]>([]);
  readonly isPaused = new Store(false);
  private count = 0;
  private sizes = new Map<number, number>();
  private readonly liveCalls = new Set<number>();

  constructor(private readonly now: () => number) {}

  /** @param message as the connection's log has it: its handshakes are without credentials and session */
  add(direction: TrafficEntry['direction'], message: unknown): void {
    const isLive = this.isOfLive(direction, message);
    if (this.isPaused.value) return;
    const masked = hideSecrets(message);
    const size = sizeOf(masked, MAX_KEPT_EACH);
    const id = ++this.count;
    const isKept = size < MAX_KEPT_EACH;
    const entry: TrafficEntry = {
      id,
      at: this.now(),
      direction,
      ...subjectOf(masked),
      isLive,
      text: writeLine(masked, MAX_TEXT),
      message: isKept ? masked : undefined,
    };
    if (isKept) this.sizes.set(id, size);
    this.entries.set(this.bounded([...this.entries.value, entry]));
  }

  clear(): void {
    this.sizes.clear();
    this.entries.set([]);
  }

  /** Whether a message is a call for the tab Live, or belongs to one. */
  private isOfLive(direction: TrafficEntry['direction'], message: unknown): boolean {
    const [kind, value] = Object.entries(recordOf(message)).at(0) ?? [];
    const header = arrayOf(value);
    const number = numberOf(header[0]);
    if (number === undefined || kind === undefined) return false;
    // A new session counts from the beginning, and one that is resumed goes on.
    if (kind === 'handshake' && !Object.hasOwn(recordOf(message), 'session')) this.liveCalls.clear();
    if (kind === 'call' && direction === 'out') {
      this.liveCalls.delete(number);
      if (header[1] !== ADMINISTRATION_INTERFACE) return false;
      this.liveCalls.add(number);
      for (const oldest of this.liveCalls) {
        if (this.liveCalls.size <= MAX_LIVE_CALLS) break;
        this.liveCalls.delete(oldest);
      }
      return true;
    }
    return BELONGS[direction].has(kind) && this.liveCalls.has(number);
  }

  private bounded(entries: TrafficEntry[]): TrafficEntry[] {
    const kept = entries.slice(-MAX_ENTRIES);
    for (const { id } of entries.slice(0, -MAX_ENTRIES)) this.sizes.delete(id);
    let sum = 0;
    for (const size of this.sizes.values()) sum += size;
    for (const [id, size] of [...this.sizes]) {
      if (sum <= MAX_KEPT) break;
      sum -= size;
      this.sizes.delete(id);
      const index = kept.findIndex((entry) => entry.id === id);
      if (index !== -1) kept[index] = { ...kept[index], message: undefined };
    }
    return kept;
  }
}

/** What of the traffic is not shown. */
export interface Hidden {
  readonly pings: boolean;
  /** What the page asks for its tab Live. */
  readonly live: boolean;
}

/** The entries in whose kind, subject or text all words occur. */
export function filterTraffic(
  entries: readonly TrafficEntry[],
  query: string,
  hidden: Hidden,
): readonly TrafficEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter(({ kind, subject, text, isLive }) => {
    if (hidden.live && isLive) return false;
    if (hidden.pings && (kind === 'ping' || kind === 'pong' || kind === 'heartbeat')) return false;
    const all = `${kind} ${subject} ${text}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** A message in full. */
export function fullText(entry: TrafficEntry): string {
  return entry.message === undefined ? entry.text : writeText(entry.message);
}

function subjectOf(message: unknown): Pick<TrafficEntry, 'kind' | 'subject'> {
  const entries = Object.entries(recordOf(message));
  const first = entries.at(0);
  if (!first) return { kind: 'heartbeat', subject: '' };
  const [kind, value] = first;
  const header = arrayOf(value);
  const number = numberOf(header[0]);
  const name = typeof header[1] === 'string' ? header[1] : undefined;
  const verb = entries.at(1)?.[0];
  const isNamed = kind === 'call' || kind === 'event';
  const what = isNamed ? `${name ?? ''}.${verb ?? ''}` : [name, verb].filter(Boolean).join(' ');
  return {
    kind: kind.slice(0, 40),
    subject: `${number === undefined ? '' : `${number} `}${what}`.slice(0, 200),
  };
}

/** About how many characters a value takes, counted up to a limit. */
function sizeOf(value: unknown, limit: number): number {
  let size = 0;
  const open: unknown[] = [value];
  while (open.length > 0 && size < limit) {
    const each = open.pop();
    size += 8;
    if (typeof each === 'string') size += each.length;
    else if (ArrayBuffer.isView(each)) size += each.byteLength;
    else if (typeof each === 'object' && each !== null)
      for (const [key, inner] of Object.entries(each)) {
        size += key.length;
        open.push(inner);
      }
  }
  return size;
}
