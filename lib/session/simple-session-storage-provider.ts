import { now } from '../util/host.js';
import { DEFAULT_LIMITS, journalBytesTotal } from '../protocol/limits.js';
import { startTimer, stopTimer, type Timer } from '../util/timer.js';
import type { Session } from './session.js';
import type { SessionStorageProvider } from './session-storage.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

interface StoredSession<C> {
  readonly session: Session<C>;
  /** When the session lost its connection, in milliseconds; null while it has one. */
  inactiveSince: number | null;
  /** The bytes of the session's journal; 0 while a server counts them, see {@link SimpleSessionStorageProvider.set}. */
  bytes: number;
}

/** Stores sessions in the memory of this process. The default store of a server; a restart loses all sessions. */
export class SimpleSessionStorageProvider<C = unknown> implements SessionStorageProvider<C> {
  // Why two: anonymous clients, who may be strangers, must not push out the sessions of users.
  private readonly ofStrangers = new Map<string, StoredSession<C>>();
  private readonly ofUsers = new Map<string, StoredSession<C>>();
  private bytes = 0;
  private purgeTimer: Timer | undefined;

  /**
   * @param inactiveSessionLifetime how long a session without a connection is kept, in milliseconds. @default 24 hours
   * @param purgeInterval how often expired sessions are deleted, in milliseconds. @default 1 hour
   * @param maxSessions how many sessions are kept; over it the oldest of an anonymous client is deleted, and where there is
   * none, the oldest of a user. @default 100000
   * @param maxBytes how much the journals of sessions without a connection object may hold, as
   * {@link Session.journalBytes} counts it; over it the oldest of them are deleted, those of anonymous clients first. @default a tenth of what the heap may grow to
   */
  constructor(
    private readonly inactiveSessionLifetime = DAY_MS,
    private readonly purgeInterval = HOUR_MS,
    private readonly maxSessions = DEFAULT_LIMITS.maxSessions,
    private readonly maxBytes = journalBytesTotal(DEFAULT_LIMITS) / 2,
  ) {}

  /** How many sessions are stored. */
  get size(): number {
    return this.ofStrangers.size + this.ofUsers.size;
  }

  /** Returns false: `get` answers at once. */
  isAsync(): boolean {
    return false;
  }

  /** Returns the session of an id, which counts as active from now on; undefined where there is none. */
  get(id: string): Session<C> | undefined {
    const stored = this.find(id);
    if (!stored) return undefined;
    stored.inactiveSince = null;
    this.bytes -= stored.bytes;
    stored.bytes = 0;
    return stored.session;
  }

  /** Stores a session. */
  set(id: string, session: Session<C>): this {
    // Why it is deleted first: the order of the Map is then the order of storing, and the first session is the oldest.
    this.delete(id);
    const bytes = bytesOf(session);
    const sessions = session.username === null ? this.ofStrangers : this.ofUsers;
    sessions.set(id, { session, inactiveSince: null, bytes });
    this.bytes += bytes;
    if (this.size > this.maxSessions) this.deleteOldest();
    if (this.bytes > this.maxBytes) this.deleteOldestWithMessages();
    return this;
  }

  /** Starts the lifetime of a session without a connection. */
  setInactive(id: string): void {
    const stored = this.find(id);
    if (!stored) return;
    stored.inactiveSince = now();
    const bytes = bytesOf(stored.session);
    this.bytes += bytes - stored.bytes;
    stored.bytes = bytes;
    this.schedulePurge();
    if (this.bytes > this.maxBytes) this.deleteOldestWithMessages();
  }

  /** Deletes a session. @returns whether it was stored */
  delete(id: string): boolean {
    this.bytes -= this.find(id)?.bytes ?? 0;
    return this.ofStrangers.delete(id) || this.ofUsers.delete(id);
  }

  private find(id: string): StoredSession<C> | undefined {
    return this.ofStrangers.get(id) ?? this.ofUsers.get(id);
  }

  private deleteOldest(): void {
    const oldest = (this.ofStrangers.size > 0 ? this.ofStrangers : this.ofUsers).keys().next();
    if (!oldest.done) this.delete(oldest.value);
  }

  /** The sessions of anonymous clients, then those of users, the oldest first. */
  private *entries(): Generator<[string, StoredSession<C>]> {
    yield* this.ofStrangers;
    yield* this.ofUsers;
  }

  /** Deletes the oldest sessions whose journals count here, until the rest is small enough. */
  private deleteOldestWithMessages(): void {
    for (const [id, { bytes }] of this.entries()) {
      if (this.bytes <= this.maxBytes) return;
      if (bytes > 0) this.delete(id);
    }
  }

  private schedulePurge(): void {
    this.purgeTimer ??= startTimer(this.purgeInterval, () => {
      this.purgeTimer = undefined;
      this.purge();
      if (this.size > 0) this.schedulePurge();
    });
  }

  private purge(): void {
    const time = now();
    for (const [id, { inactiveSince }] of this.entries()) {
      if (inactiveSince !== null && time - inactiveSince >= this.inactiveSessionLifetime) this.delete(id);
    }
  }

  /** Deletes all sessions, and stops the purge. */
  clear(): void {
    this.ofStrangers.clear();
    this.ofUsers.clear();
    this.bytes = 0;
    stopTimer(this.purgeTimer);
    this.purgeTimer = undefined;
  }

  /** @internal Returns what `JSON.stringify` shows: no ids of sessions. */
  toJSON(): object {
    return { size: this.size };
  }

  /** @internal Returns what Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('SimpleSessionStorageProvider', this, options, inspect);
  }
}

/** What counts of a session. One with a connection object is counted by the server, which may end the session. */
function bytesOf(session: Session<unknown>): number {
  return session.connection === null ? session.journalBytes : 0;
}
