import type { Connection } from '../../connection/connection.js';
import { DeadlineQueue } from '../../util/deadline-queue.js';

/**
 * The clients of a server: those connected, and those that lost their line a while ago and may come back
 * to the same Connection.
 */
export class ClientTable {
  /** The connected ones. */
  readonly connected = new Set<Connection>();
  private readonly bySession = new Map<string, Connection>();
  private readonly away: DeadlineQueue<Connection>;

  /**
   * @param expirationTimeMs how long a lost client is remembered
   * @param maxSessions how many clients are remembered, connected ones included; over it the one that is
   * away the longest is forgotten
   * @param onForgotten told of a client that did not come back
   */
  constructor(
    expirationTimeMs: number,
    private readonly maxSessions: number,
    private readonly onForgotten: (connection: Connection) => void,
  ) {
    this.away = new DeadlineQueue(expirationTimeMs, (connection) => {
      this.forget(connection);
    });
  }

  /** A client is in. */
  add(connection: Connection): void {
    this.connected.add(connection);
    this.away.delete(connection);
    if (connection.session) this.bySession.set(connection.session.id, connection);
    if (this.bySession.size > this.maxSessions) this.forgetOldest();
  }

  /** A client's link is gone. */
  lost(connection: Connection): void {
    this.connected.delete(connection);
    const { session } = connection;
    if (!session || this.bySession.get(session.id) !== connection) return;
    if (connection.isSessionOver) this.forget(connection);
    else this.away.add(connection);
  }

  /** The connection that has a session, connected or away. */
  find(sessionId: string): Connection | undefined {
    return this.bySession.get(sessionId);
  }

  /** Those that events reach: the connected ones, and those that are away. */
  *reachable(): IterableIterator<Connection> {
    yield* this.connected;
    yield* this.away;
  }

  /** Those that are away, the longest first; as they are now. */
  awayLongestFirst(): readonly Connection[] {
    return [...this.away];
  }

  /** Forgets those that are away; for the end of a server. */
  clear(): void {
    for (const connection of this.bySession.values()) {
      if (connection.isOpen) continue;
      connection.expire();
      this.onForgotten(connection);
    }
    this.bySession.clear();
    this.away.clear();
  }

  /** The clients whose sessions are here, connected or away. */
  [Symbol.iterator](): IterableIterator<Connection> {
    return this.bySession.values();
  }

  /** Takes out a client whose session has ended, or is somewhere else. */
  remove(connection: Connection): void {
    const { session } = connection;
    this.away.delete(connection);
    if (session && this.find(session.id) === connection) this.bySession.delete(session.id);
  }

  private forgetOldest(): void {
    const oldest = this.away.oldest;
    if (oldest) this.forget(oldest);
  }

  /** Forgets one that is away, as if its time were over. */
  forget(connection: Connection): void {
    this.remove(connection);
    if (connection.isOpen) return;
    connection.expire();
    this.onForgotten(connection);
  }
}
