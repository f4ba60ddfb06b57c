import { now } from '../util/host.js';
import { startTimer, stopTimer, type Timer } from '../util/timer.js';
import type { Session } from './session.js';
import type { SessionStorageProvider } from './session-storage.js';
import { INSPECT, inspectShown, type Inspect } from '../util/shown.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const DEFAULT_MAX_SESSIONS = 100_000;

interface StoredSession<C> {
  readonly session: Session<C>;
  /** When its connection ended; null while it has one. */
  inactiveSince: number | null;
}

/** Keeps sessions in the memory of this process: the default. A restart loses them. */
export class SimpleSessionStorageProvider<C = unknown> implements SessionStorageProvider<C> {
  private readonly sessions = new Map<string, StoredSession<C>>();
  private purgeTimer: Timer | undefined;

  /**
   * @param inactiveSessionLifetime how long a session without a connection is kept, in milliseconds. @default 24 hours
   * @param purgeInterval how often expired ones are removed, in milliseconds. @default 1 hour
   * @param maxSessions how many are kept; over it the oldest goes. @default 100000
   */
  constructor(
    private readonly inactiveSessionLifetime = DAY_MS,
    private readonly purgeInterval = HOUR_MS,
    private readonly maxSessions = DEFAULT_MAX_SESSIONS,
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
    return stored.session;
  }

  /** Keeps a session. */
  set(id: string, session: Session<C>): this {
    // Deleted first, so that the order of the Map is the order of storing and the oldest is the first.
    this.sessions.delete(id);
    this.sessions.set(id, { session, inactiveSince: null });
    if (this.sessions.size > this.maxSessions) this.deleteOldest();
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
    return this.sessions.delete(id);
  }

  private deleteOldest(): void {
    const oldest = this.sessions.keys().next();
    if (!oldest.done) this.sessions.delete(oldest.value);
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
      if (inactiveSince !== null && time - inactiveSince >= this.inactiveSessionLifetime)
        this.sessions.delete(id);
    }
  }

  /** Forgets everything and stops the purge. */
  clear(): void {
    this.sessions.clear();
    stopTimer(this.purgeTimer);
    this.purgeTimer = undefined;
  }

  /** @internal What `JSON.stringify` shows: no sessions' ids. */
  toJSON(): object {
    return { size: this.size };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectShown('SimpleSessionStorageProvider', this, options, inspect);
  }
}
