import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import { ERR_TOO_MANY_SESSIONS } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { LeaveReason } from '../rooms/room-reasons.js';
import type { Session } from '../../session/session.js';
import { DeadlineQueue } from '../../util/deadline-queue.js';
import type { AwaySession } from './away-sessions.js';
import type { GroupKinds, SessionGroup, SessionLimit } from './session-group.js';
import { SessionGroups, type SessionOrigin } from './session-groups.js';
import type { SessionPlace } from './session-place.js';

/** Told what happens to the sessions of a server. */
export interface ClientTableObserver {
  /** A client did not come back in time, or makes room. */
  expired(connection: Connection): void;
  /** A session has got its place here. */
  entered(connection: Connection, session: Session<Connection>): void;
  /** A session has lost its place here. */
  departed(connection: Connection, session: Session<Connection>, reason: LeaveReason): void;
}

/**
 * Holds the clients of a server: those that are connected, and those that are away (they have lost their transport, and
 * may resume their session on the same Connection).
 */
export class ClientTable {
  /** The connected clients. */
  readonly connected = new Set<Connection>();
  private readonly places = new Map<string, SessionPlace>();
  private readonly away: DeadlineQueue<Connection>;
  private readonly groups: SessionGroups;

  /**
   * @param expirationTimeMs for how long a client may be away
   * @param kinds what limits the sessions: all, those of a user, and those of an address
   */
  constructor(
    expirationTimeMs: number,
    kinds: GroupKinds,
    private readonly observer: ClientTableObserver,
  ) {
    this.groups = new SessionGroups(kinds);
    this.away = new DeadlineQueue(expirationTimeMs, (connection) => {
      this.expire(connection);
    });
  }

  /** All sessions, as limits count them. */
  get all(): SessionGroup {
    return this.groups.all;
  }

  /**
   * Makes room for the session of a newcomer: clients that are away expire, or their sessions end.
   * @returns the limit that has no room; undefined: there is room now
   */
  makeRoom(origin: SessionOrigin): SessionLimit | undefined {
    return this.groups.makeRoom(origin, this.evict);
  }

  /** The same for a client that comes back, maybe from another address. */
  makeRoomAt(holder: Connection, address: string | undefined): SessionLimit | undefined {
    const place = this.placeOf(holder);
    if (!place || this.groups.isAt(place, address)) return undefined;
    return this.groups.makeRoomAt(address, place.isAnonymous, this.evict);
  }

  /** Gives a session its place, before its client is let in. */
  enter(connection: Connection, session: Session<Connection>, address: string | undefined): void {
    const { id, username } = session;
    this.places.set(id, this.groups.enter(connection, username, address));
    this.observer.entered(connection, session);
  }

  /** Notes that a client has come back from an address. */
  move(holder: Connection, address: string | undefined): void {
    const place = this.placeOf(holder);
    if (place && !this.groups.isAt(place, address)) this.groups.move(place, address);
  }

  /** Adds a client that has logged in, or has resumed its session. */
  add(connection: Connection): void {
    this.connected.add(connection);
    this.away.delete(connection);
    this.placeOf(connection)?.comeBack();
  }

  /** The place of a connection's session; undefined where the session is not here. */
  placeOf(connection: Connection): SessionPlace | undefined {
    const place = connection.session ? this.places.get(connection.session.id) : undefined;
    return place?.connection === connection ? place : undefined;
  }

  /** Moves a client that has lost its transport to those that are away; if its session is over, the client expires. */
  transportLost(connection: Connection): void {
    this.connected.delete(connection);
    const place = this.placeOf(connection);
    if (!place) return;
    if (controlOf(connection).isSessionOver) this.expire(connection);
    else {
      this.away.add(connection);
      place.goAway();
    }
  }

  /** Returns the client that has a session, connected or away. */
  find(sessionId: string): Connection | undefined {
    return this.places.get(sessionId)?.connection;
  }

  /** Iterates over the clients that events reach: the connected ones, and those that are away. */
  *reachable(): IterableIterator<Connection> {
    yield* this.connected;
    yield* this.away;
  }

  /** Expires the clients that are away, and removes the connected ones; for the end of a server. */
  clear(): void {
    for (const connection of this) {
      if (connection.handshakeDone) this.remove(connection, 'end');
      else this.expire(connection);
    }
    for (const connection of this.away) this.away.delete(connection);
  }

  /** Iterates over the clients whose sessions are here, connected or away. */
  *[Symbol.iterator](): IterableIterator<Connection> {
    for (const { connection } of this.places.values()) yield connection;
  }

  /** Removes a client whose session has ended, or is not here any more. @param reason that, if it has not ended */
  remove(connection: Connection, reason: LeaveReason): void {
    const { session } = connection;
    const place = this.placeOf(connection);
    this.away.delete(connection);
    if (!session || !place) return;
    this.places.delete(session.id);
    this.groups.leave(place);
    this.observer.departed(connection, session, controlOf(connection).isSessionOver ? 'end' : reason);
  }

  /** Removes a client that is away, as if its time were over. */
  expire(connection: Connection): void {
    this.remove(connection, 'expire');
    if (connection.handshakeDone) return;
    controlOf(connection).end('expired');
    this.observer.expired(connection);
  }

  /**
   * Lets a client that is away make room. Why its session ends where the limit is one of a user or an address: what they
   * have too many of must not fill a store that others use.
   */
  private readonly evict = ({ connection }: AwaySession, limit: SessionLimit): void => {
    if (limit === 'maxSessions' || connection.session?.isWorthless === true) this.expire(connection);
    else controlOf(connection).endSession(tooManySessions(limit));
    this.remove(connection, 'end');
  };
}

function tooManySessions(limit: SessionLimit): RemoteError {
  return new RemoteError(
    ERR_TOO_MANY_SESSIONS,
    `A session has ended: its client is away, and there are more than limits.${limit} allows`,
  );
}
