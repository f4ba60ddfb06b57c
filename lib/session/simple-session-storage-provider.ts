import { now } from '../util/host.js';
import { DEFAULT_LIMITS, journalBytesTotal } from '../protocol/limits.js';
import { LinkedList, type Link } from '../util/linked-list.js';
import { startTimer, stopTimer, type Timer } from '../util/timer.js';
import type { Session } from './session.js';
import type { SessionStorageProvider } from './session-storage.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

interface StoredSession<C> {
  readonly id: string;
  readonly session: Session<C>;
  readonly shelf: Shelf<C>;
  /** Where it is in {@link Shelf.holding}; undefined while {@link bytes} is 0. */
  holding: Link<StoredSession<C>> | undefined;
  /** When the session lost its connection, in milliseconds; null while it has one. */
  inactiveSince: number | null;
  /** The bytes of the session's journal; 0 while a server counts them, see {@link SimpleSessionStorageProvider.set}. */
  bytes: number;
}

/**
 * The sessions of anonymous clients, or those of users. Why lists: to find the first key of a Map takes long behind many that
 * were deleted, and to make room must cost no more than what is freed.
 */
class Shelf<C> {
  /** The one first that was stored the longest ago. */
  readonly all = new LinkedList<StoredSession<C>>();
  /** Those whose journals count, the one first that has counted the longest. */
  readonly holding = new LinkedList<StoredSession<C>>();
}

/** Stores sessions in the memory of this process. The default store of a server; a restart loses all sessions. */
export class SimpleSessionStorageProvider<C = unknown> implements SessionStorageProvider<C> {
  // Why two: anonymous clients, who may be strangers, must not push out the sessions of users.
  private ofStrangers = new Shelf<C>();
  private ofUsers = new Shelf<C>();
  private readonly links = new Map<string, Link<StoredSession<C>>>();
  private bytes = 0;
  private purgeTimer: Timer | undefined;

  /**
   * @param inactiveSessionLifetime how long a session without a connection is kept, in milliseconds. @default 24 hours
   * @param purgeInterval how often expired sessions are deleted, in milliseconds. @default 1 hour
   * @param maxSessions how many sessions are kept; over it the oldest of an anonymous client is deleted, and where there is
   * none, the oldest of a user. @default 100000
   * @param maxBytes how much the journals of sessions without a connection object may hold, as
   * {@link Session.journalBytes} counts it; over it those are deleted that have counted the longest, those of anonymous clients first. @default a tenth of what the heap may grow to
   */
  constructor(
    private readonly inactiveSessionLifetime = DAY_MS,
    private readonly purgeInterval = HOUR_MS,
    private readonly maxSessions = DEFAULT_LIMITS.maxSessions,
    private readonly maxBytes = journalBytesTotal(DEFAULT_LIMITS) / 2,
  ) {}

  /** How many sessions are stored. */
  get size(): number {
    return this.links.size;
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
    this.count(stored, 0);
    return stored.session;
  }

  /** Stores a session. */
  set(id: string, session: Session<C>): this {
    // Why it is deleted first: one that is stored anew is the newest.
    this.delete(id);
    const shelf = session.username === null ? this.ofStrangers : this.ofUsers;
    const stored = { id, session, shelf, holding: undefined, inactiveSince: null, bytes: 0 };
    this.links.set(id, shelf.all.add(stored));
    this.count(stored, bytesOf(session));
    if (this.size > this.maxSessions) this.deleteOldest();
    if (this.bytes > this.maxBytes) this.deleteOldestWithMessages();
    return this;
  }

  /** Starts the lifetime of a session without a connection. */
  setInactive(id: string): void {
    const stored = this.find(id);
    if (!stored) return;
    stored.inactiveSince = now();
    this.count(stored, bytesOf(stored.session));
    this.schedulePurge();
    if (this.bytes > this.maxBytes) this.deleteOldestWithMessages();
  }

  /** Deletes a session. @returns whether it was stored */
  delete(id: string): boolean {
    const link = this.links.get(id);
    if (!link) return false;
    this.count(link.value, 0);
    link.value.shelf.all.remove(link);
    return this.links.delete(id);
  }

  private find(id: string): StoredSession<C> | undefined {
    return this.links.get(id)?.value;
  }

  /** Counts what the journal of a session holds now. */
  private count(stored: StoredSession<C>, bytes: number): void {
    this.bytes += bytes - stored.bytes;
    stored.bytes = bytes;
    const { holding } = stored.shelf;
    if (bytes > 0) stored.holding ??= holding.add(stored);
    else if (stored.holding) {
      holding.remove(stored.holding);
      stored.holding = undefined;
    }
  }

  private deleteOldest(): void {
    const oldest = this.ofStrangers.all.first ?? this.ofUsers.all.first;
    if (oldest) this.delete(oldest.id);
  }

  /** Deletes sessions whose journals count here, until the rest is small enough. */
  private deleteOldestWithMessages(): void {
    for (const { holding } of [this.ofStrangers, this.ofUsers]) {
      for (const { id } of holding) {
        if (this.bytes <= this.maxBytes) return;
        this.delete(id);
      }
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
    for (const [id, { value }] of this.links) {
      const { inactiveSince } = value;
      if (inactiveSince !== null && time - inactiveSince >= this.inactiveSessionLifetime) this.delete(id);
    }
  }

  /** Deletes all sessions, and stops the purge. */
  clear(): void {
    this.ofStrangers = new Shelf();
    this.ofUsers = new Shelf();
    this.links.clear();
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
