/** A session that is in a room. */
export interface PresentSession {
  /** Its `publicId`, which is no secret. */
  readonly id: string;
  /** The user's name; null for an anonymous client. */
  readonly username: string | null;
  /** Whether its connection is lost at the moment, so that it may be resumed or expire. */
  readonly isAway: boolean;
}

/** Who is in a room. */
export interface Presence {
  /** The names of the users whose sessions are listed, each once. */
  readonly users: readonly string[];
  /** The sessions, as many as were asked for. */
  readonly sessions: readonly PresentSession[];
  /** How many sessions there are, listed or not. */
  readonly count: number;
  /** Whether all sessions are listed and, where several servers were asked, all have answered in time. */
  readonly isComplete: boolean;
}

/** How many sessions of a room are listed where nothing else is said. */
export const DEFAULT_LISTED = 1000;

/** Makes a presence of what one server, or several, have told. */
export function presenceOf(
  sessions: readonly PresentSession[],
  count: number,
  maxListed: number,
  haveAllAnswered = true,
): Presence {
  const listed = sessions.slice(0, maxListed);
  return {
    users: [...new Set(listed.flatMap(({ username }) => username ?? []))],
    sessions: listed,
    count,
    isComplete: haveAllAnswered && listed.length === count,
  };
}
