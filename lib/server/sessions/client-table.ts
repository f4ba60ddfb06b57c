import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import { DeadlineQueue } from '../../util/deadline-queue.js';

/**
 * Holds the clients of a server: those that are connected, and those that are away (they have lost their transport, and
 * may resume their session on the same Connection).
 */
export class ClientTable {
  /** The connected clients. */
  readonly connected = new Set<Connection>();
  private readonly bySession = new Map<string, Connection>();
  private readonly away: DeadlineQueue<Connection>;

  /**
   * @param expirationTimeMs for how long a client may be away
   * @param maxSessions how many clients are held, connected ones included; over it the one that is away the longest
   * expires
   * @param onExpired called with a client that did not come back in time
   */
  constructor(
    expirationTimeMs: number,
    private readonly maxSessions: number,
    private readonly onExpired: (connection: Connection) => void,
  ) {
    this.away = new DeadlineQueue(expirationTimeMs, (connection) => {
      this.expire(connection);
    });
  }

  /** How many clients with a session are held, connected or away. */
  get size(): number {
    return this.bySession.size;
  }

  /** Adds a client that has logged in, or has resumed its session. */
  add(connection: Connection): void {
    this.connected.add(connection);
    this.away.delete(connection);
    if (connection.session) this.bySession.set(connection.session.id, connection);
    if (this.bySession.size > this.maxSessions) this.expireOldest();
  }

  /** Moves a client that has lost its transport to those that are away; if its session is over, the client expires. */
  transportLost(connection: Connection): void {
    this.connected.delete(connection);
    const { session } = connection;
    if (!session || this.bySession.get(session.id) !== connection) return;
    if (controlOf(connection).isSessionOver) this.expire(connection);
    else this.away.add(connection);
  }

  /** Returns the client that has a session, connected or away. */
  find(sessionId: string): Connection | undefined {
    return this.bySession.get(sessionId);
  }

  /** Iterates over the clients that events reach: the connected ones, and those that are away. */
  *reachable(): IterableIterator<Connection> {
    yield* this.connected;
    yield* this.away;
  }

  /** Returns a copy of the clients that are away, the one that is away the longest first. */
  awayLongestFirst(): readonly Connection[] {
    return [...this.away];
  }

  /** Expires the clients that are away, and removes the connected ones; for the end of a server. */
  clear(): void {
    for (const connection of this.bySession.values()) {
      if (connection.handshakeDone) continue;
      controlOf(connection).end('expired');
      this.onExpired(connection);
    }
    this.bySession.clear();
    for (const connection of this.away) this.away.delete(connection);
  }

  /** Iterates over the clients whose sessions are here, connected or away. */
  [Symbol.iterator](): IterableIterator<Connection> {
    return this.bySession.values();
  }

  /** Removes a client whose session has ended, or is at another server. */
  remove(connection: Connection): void {
    const { session } = connection;
    this.away.delete(connection);
    if (session && this.find(session.id) === connection) this.bySession.delete(session.id);
  }

  /** Removes a client that is away, as if its time were over. */
  expire(connection: Connection): void {
    this.remove(connection);
    if (connection.handshakeDone) return;
    controlOf(connection).end('expired');
    this.onExpired(connection);
  }

  private expireOldest(): void {
    const oldest = this.away[Symbol.iterator]().next();
    if (!oldest.done) this.expire(oldest.value);
  }
}
