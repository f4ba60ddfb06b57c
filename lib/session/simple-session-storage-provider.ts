import { now } from '../util/host.js';
import { DEFAULT_LIMITS, journalBytesTotal } from '../protocol/limits.js';
import { startTimer, stopTimer, type Timer } from '../util/timer.js';
import type { Session } from './session.js';
import type { SessionStorageProvider } from './session-storage.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const DEFAULT_MAX_SESSIONS = 100_000;

interface StoredSession<C> {
  readonly session: Session<C>;
  /** When its connection ended; null while it has one. */
  inactiveSince: number | null;
  /** What its journal holds, where nobody but the provider has it. */
  bytes: number;
}

/** Keeps sessions in the memory of this process: the default. A restart loses them. */
export class SimpleSessionStorageProvider<C = unknown> implements SessionStorageProvider<C> {
  private readonly sessions = new Map<string, StoredSession<C>>();
  private bytes = 0;
  private purgeTimer: Timer | undefined;

  /**
   * @param inactiveSessionLifetime how long a session without a connection is kept, in milliseconds. @default 24 hours
   * @param purgeInterval how often expired ones are removed, in milliseconds. @default 1 hour
   * @param maxSessions how many are kept; over it the oldest goes. @default 100000
   * @param maxBytes what the messages of sessions that no connection has may take, in UTF-16 units; over it the oldest
   * goes. @default a tenth of what the heap may grow to
   */
  constructor(
    private readonly inactiveSessionLifetime = DAY_MS,
    private readonly purgeInterval = HOUR_MS,
    private readonly maxSessions = DEFAULT_MAX_SESSIONS,
    private readonly maxBytes = journalBytesTotal(DEFAULT_LIMITS) / 2,
  ) {}

  /** How many sessions are held. */
  get size(): number {
    return this.sessions.size;
  }

  /** Always false: `get` answers at once. */
  isAsync(): boolean {
    return false;
  }

  /** The session of an id, which counts as active from now on. */
  get(id: string): Session<C> | undefined {
    const stored = this.sessions.get(id);
    if (!stored) return undefined;
    stored.inactiveSince = null;
    this.bytes -= stored.bytes;
    stored.bytes = 0;
    return stored.session;
  }

  /** Keeps a session. */
  set(id: string, session: Session<C>): this {
    // Deleted first, so that the order of the Map is the order of storing and the oldest is the first.
    this.delete(id);
    // While a connection has it, its server counts it, and may end it.
    const bytes = session.connection === null ? session.journalBytes : 0;
    this.sessions.set(id, { session, inactiveSince: null, bytes });
    this.bytes += bytes;
    if (this.sessions.size > this.maxSessions) this.deleteOldest();
    if (this.bytes > this.maxBytes) this.deleteOldestWithMessages();
    return this;
  }

  /** Starts a session's lifetime without a connection. */
  setInactive(id: string): void {
    const stored = this.sessions.get(id);
    if (!stored) return;
    stored.inactiveSince = now();
    this.schedulePurge();
  }

  /** Forgets a session. */
  delete(id: string): boolean {
    this.bytes -= this.sessions.get(id)?.bytes ?? 0;
    return this.sessions.delete(id);
  }

  private deleteOldest(): void {
    const oldest = this.sessions.keys().next();
    if (!oldest.done) this.delete(oldest.value);
  }

  /** The oldest go, of those whose messages only the provider holds. */
  private deleteOldestWithMessages(): void {
    for (const [id, { bytes }] of this.sessions) {
      if (this.bytes <= this.maxBytes) return;
      if (bytes > 0) this.delete(id);
    }
  }

  private schedulePurge(): void {
    this.purgeTimer ??= startTimer(this.purgeInterval, () => {
      this.purgeTimer = undefined;
      this.purge();
      if (this.sessions.size > 0) this.schedulePurge();
    });
  }

  private purge(): void {
    const time = now();
    for (const [id, { inactiveSince }] of this.sessions) {
      if (inactiveSince !== null && time - inactiveSince >= this.inactiveSessionLifetime) this.delete(id);
    }
  }

  /** Forgets everything and stops the purge. */
  clear(): void {
    this.sessions.clear();
    this.bytes = 0;
    stopTimer(this.purgeTimer);
    this.purgeTimer = undefined;
  }

  /** @internal What `JSON.stringify` shows: no sessions' ids. */
  toJSON(): object {
    return { size: this.size };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('SimpleSessionStorageProvider', this, options, inspect);
  }
}
