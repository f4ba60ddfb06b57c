import type { Connection } from '../../connection/connection.js';
import { check, isString } from '../../protocol/option-checks.js';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { Session } from '../../session/session.js';

/** Whose sessions get an event. Plain data: it may be sent to other servers. */
export interface Selection {
  /** The rooms whose members get it; undefined where no room is named. */
  readonly rooms?: readonly string[] | undefined;
  /** The users who get it; undefined where none is named. Without rooms and users, all sessions get it. */
  readonly users?: readonly string[] | undefined;
  /** The rooms whose members do not get it. */
  readonly exceptRooms?: readonly string[] | undefined;
  /** The sessions that do not get it, by their `publicId`. */
  readonly exceptSessions?: readonly string[] | undefined;
}

/** What has the session of a client: a `JstpContext`, for example. */
export interface WithConnection {
  getConnection(): Connection;
}

/** Who does not get an event: the members of a room (by its name), or one session. */
export type Excluded = string | Connection | Session<Connection> | WithConnection;

/** Adds rooms to those whose members get the event. */
export function selectRooms(selection: Selection, rooms: readonly string[]): Selection {
  for (const room of rooms) check('room', room, 'the name of a room', isString);
  return { ...selection, rooms: [...(selection.rooms ?? []), ...rooms] };
}

/** Adds users to those who get the event. */
export function selectUsers(selection: Selection, users: readonly string[]): Selection {
  for (const user of users) check('username', user, 'the name of a user', isString);
  return { ...selection, users: [...(selection.users ?? []), ...users] };
}

/** Adds to those who do not get the event. */
export function exclude(selection: Selection, excluded: readonly Excluded[]): Selection {
  const rooms = excluded.filter((one) => typeof one === 'string');
  const sessions = excluded.filter((one) => typeof one !== 'string').map(sessionOf);
  return {
    ...selection,
    exceptRooms: [...(selection.exceptRooms ?? []), ...rooms],
    // A peer without a session is no client yet, and gets nothing anyway.
    exceptSessions: [
      ...(selection.exceptSessions ?? []),
      ...sessions.flatMap((session) => session?.publicId ?? []),
    ],
  };
}

function sessionOf(excluded: Exclude<Excluded, string>): Session<Connection> | null {
  const given: unknown = excluded;
  if (given instanceof Session) return given as Session<Connection>;
  const parts = (given ?? {}) as Partial<WithConnection & Pick<Connection, 'session'>>;
  const { session } = typeof parts.getConnection === 'function' ? parts.getConnection() : parts;
  if (session === undefined)
    throw new ConfigurationError('except', given, 'the name of a room, a context, a connection or a session');
  return session;
}

/** Whether a session is left out. */
export function isExcepted(
  session: Session<Connection>,
  rooms: readonly string[],
  sessions: ReadonlySet<string>,
): boolean {
  if (session.hasPublicId && sessions.has(session.publicId)) return true;
  return rooms.some((room) => session.rooms.has(room));
}

/** Whether a session is selected, by its rooms and its user. */
export function isSelected(session: Session<Connection>, selection: Selection): boolean {
  const { rooms, users, exceptRooms = [], exceptSessions = [] } = selection;
  const isIncluded =
    (!rooms && !users) ||
    rooms?.some((room) => session.rooms.has(room)) === true ||
    (session.username !== null && users?.includes(session.username) === true);
  return isIncluded && !isExcepted(session, exceptRooms, new Set(exceptSessions));
}
