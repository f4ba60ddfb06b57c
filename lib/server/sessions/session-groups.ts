import type { Connection } from '../../connection/connection.js';
import { intern } from '../../util/intern.js';
import { networkOf } from '../../util/network-of.js';
import type { AwaySession } from './away-sessions.js';
import { SessionGroup, type GroupKind, type GroupKinds, type SessionLimit } from './session-group.js';
import { SessionPlace } from './session-place.js';

/** Whose a session is, and where its client comes from. */
export interface SessionOrigin {
  /** The user's name; null for an anonymous client. */
  readonly username: string | null;
  /** The client's address; undefined where it has none. */
  readonly address: string | undefined;
}

/** Counts the sessions of a server: all of them, those of each user, and those of each address. */
export class SessionGroups {
  /** All sessions. */
  readonly all: SessionGroup;
  private readonly byUser: GroupsOfKind;
  private readonly byAddress: GroupsOfKind;

  constructor({ all, user, address }: GroupKinds) {
    this.all = new SessionGroup(all, '');
    this.byUser = new GroupsOfKind(user);
    this.byAddress = new GroupsOfKind(address);
  }

  /**
   * Makes room for another session, or returns the limit that has none.
   * @param evict ends the session of a client that is away
   */
  makeRoom(
    { username, address }: SessionOrigin,
    evict: (session: AwaySession, limit: SessionLimit) => void,
  ): SessionLimit | undefined {
    const { all } = this;
    const user = username === null ? undefined : this.byUser.find(username);
    const ofAddress = this.findAddress(address);
    // First: most often there is room, and then nothing need be made.
    if (!all.isFull && !user?.isFull && !ofAddress?.isFull) return undefined;
    return this.makeRoomIn([user, ofAddress, all], username === null, evict);
  }

  /** The same for a session that has a place, and whose client is at another address now. */
  makeRoomAt(
    address: string | undefined,
    isAnonymous: boolean,
    evict: (session: AwaySession, limit: SessionLimit) => void,
  ): SessionLimit | undefined {
    return this.makeRoomIn([this.findAddress(address)], isAnonymous, evict);
  }

  /** Gives a session a place. */
  enter(connection: Connection, username: string | null, address: string | undefined): SessionPlace {
    const isAnonymous = username === null;
    const user = isAnonymous ? undefined : this.byUser.of(username);
    return new SessionPlace(connection, isAnonymous, this.all, user, this.addressOf(address));
  }

  /** Counts a session at another address. */
  move(place: SessionPlace, address: string | undefined): void {
    const before = place.moveTo(this.addressOf(address));
    if (before) this.byAddress.forget(before);
  }

  /** Whether a session is counted at an address already. */
  isAt(place: SessionPlace, address: string | undefined): boolean {
    const group = this.findAddress(address);
    return address === undefined || (group !== undefined && place.groups.includes(group));
  }

  /** Takes a place back. */
  leave(place: SessionPlace): void {
    place.leave();
    for (const group of place.groups) {
      this.byUser.forget(group);
      this.byAddress.forget(group);
    }
  }

  private makeRoomIn(
    groups: readonly (SessionGroup | undefined)[],
    isAnonymous: boolean,
    evict: (session: AwaySession, limit: SessionLimit) => void,
  ): SessionLimit | undefined {
    const full = groups.filter((group) => group?.isFull === true) as SessionGroup[];
    const closed = full.find((group) => !group.firstToLeave(isAnonymous));
    if (closed) return closed.kind.sessionLimit;
    // One that leaves may make room in several.
    for (const group of full) {
      const place = group.isFull ? group.firstToLeave(isAnonymous) : undefined;
      if (place) evict(place, group.kind.sessionLimit);
    }
    return undefined;
  }

  private findAddress(address: string | undefined): SessionGroup | undefined {
    return address === undefined ? undefined : this.byAddress.find(networkOf(address));
  }

  private addressOf(address: string | undefined): SessionGroup | undefined {
    return address === undefined ? undefined : this.byAddress.of(networkOf(address));
  }
}

/** The groups of all users, or of all addresses, that have sessions. */
class GroupsOfKind {
  private readonly byKey = new Map<string, SessionGroup>();

  constructor(private readonly kind: GroupKind) {}

  find(key: string): SessionGroup | undefined {
    return this.byKey.get(key);
  }

  /** The group of a key; undefined where no limit counts it. */
  of(key: string): SessionGroup | undefined {
    const { maxSessions, maxJournalBytes } = this.kind;
    if (maxSessions === Infinity && maxJournalBytes === Infinity) return undefined;
    let group = this.byKey.get(key);
    if (!group) {
      group = new SessionGroup(this.kind, intern(key));
      this.byKey.set(group.key, group);
    }
    return group;
  }

  /** Forgets a group of this kind without sessions. */
  forget(group: SessionGroup): void {
    if (group.kind === this.kind && group.sessions === 0) this.byKey.delete(group.key);
  }
}
