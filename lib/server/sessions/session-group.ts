import { journalBytesPer, journalBytesTotal, type Limits } from '../../protocol/limits.js';
import { JournalMeter, type JournalMeterOwner } from '../../session/journal-meter.js';
import { AwaySessions, type AwaySession } from './away-sessions.js';

/** A limit of the number of sessions, by its name in {@link Limits}. */
export type SessionLimit = 'maxSessions' | 'maxSessionsPerUser' | 'maxSessionsPerAddress';

/** A limit of what sessions hold together, by its name in {@link Limits}. */
export type JournalLimit = 'maxJournalBytesTotal' | 'maxJournalBytesPerUser' | 'maxJournalBytesPerAddress';

/** What limits the groups of one kind. */
export interface GroupKind {
  readonly sessionLimit: SessionLimit;
  readonly maxSessions: number;
  readonly journalLimit: JournalLimit;
  readonly maxJournalBytes: number;
  /** Ends sessions of a group, see {@link JournalMeterOwner.makeRoom}. */
  trim(group: SessionGroup): boolean;
}

/** What limits all sessions of a server, those of a user, and those of an address. */
export type GroupKinds = Readonly<Record<'all' | 'user' | 'address', GroupKind>>;

/** The sessions that are counted together: all of a server, those of a user, or those of an address. */
export class SessionGroup implements JournalMeterOwner {
  /** How many there are, of clients connected or away. */
  sessions = 0;
  /** What their journals hold. */
  readonly meter: JournalMeter;
  /** Those of anonymous clients that are away. */
  readonly anonymous = new AwaySessions();
  /** Those of users whose clients are away. */
  readonly users = new AwaySessions();

  /** @param key the user's name, or the address; '' for all sessions of a server */
  constructor(
    readonly kind: GroupKind,
    readonly key: string,
  ) {
    this.meter = new JournalMeter(kind.maxJournalBytes, this);
  }

  get isFull(): boolean {
    return this.sessions >= this.kind.maxSessions;
  }

  /**
   * The session that makes room for another one; undefined: none does.
   * @param isAnonymous whether the other one is an anonymous client's. Why: strangers must not push users out
   */
  firstToLeave(isAnonymous: boolean): AwaySession | undefined {
    return this.anonymous.all.first ?? (isAnonymous ? undefined : this.users.all.first);
  }

  makeRoom(): boolean {
    return this.kind.trim(this);
  }
}

/** @param trim ends sessions of a group whose journals hold too much */
export function groupKinds(limits: Limits, trim: GroupKind['trim']): GroupKinds {
  const kindOf = (sessionLimit: SessionLimit, journalLimit: JournalLimit): GroupKind => ({
    sessionLimit,
    maxSessions: limits[sessionLimit],
    journalLimit,
    maxJournalBytes:
      journalLimit === 'maxJournalBytesTotal'
        ? journalBytesTotal(limits)
        : journalBytesPer(journalLimit, limits),
    trim,
  });
  return {
    all: kindOf('maxSessions', 'maxJournalBytesTotal'),
    user: kindOf('maxSessionsPerUser', 'maxJournalBytesPerUser'),
    address: kindOf('maxSessionsPerAddress', 'maxJournalBytesPerAddress'),
  };
}
